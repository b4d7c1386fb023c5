/* Any text is refused with a reason, or is a request whose views lie in it and which reads the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_views.h"
#include "openrtb/openrtb_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct openrtb_request *request, struct str text) {
    fuzz_require(request->id.n > 0 && request->imp_count > 0 && request->channel != OPENRTB_NO_CHANNEL);
    fuzz_require_views(&request->members, text);
    fuzz_require_views(&request->device, text);
    fuzz_require_views(&request->ext, text);
    for (size_t i = 0; i < request->imp_count; i++) {
        const struct openrtb_imp *imp = &request->imps[i];
        fuzz_require(imp->id.n > 0 && (imp->banner || imp->video || imp->audio || imp->native));
        fuzz_require_views(&imp->members, text);
        fuzz_require_views(&imp->ext, text);
        fuzz_require_views(&imp->ext_prebid, text);
        fuzz_require_views(&imp->bidders, text);
        for (size_t k = 0; k < imp->deal_count; k++)
            fuzz_require(imp->deals[k].id.n > 0 && imp->deals[k].bidfloor >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct openrtb_parse_limits limits = {
        .depth = 24, .imps = 8, .array_items = 64, .object_members = 64, .string_bytes = 4096};
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    struct openrtb_error error = {{0}, {0}};
    struct str text = {(const char *)data, size};
    arena_pool_init(&pool, 0);
    /* The first byte, seldom anything but a brace, decides how much memory there is. */
    arena_init(&arena, &pool, size > 0 && data[0] == ' ' ? 20000 : 1u << 20);
    if (openrtb_request_parse(text, &limits, &arena, &request, &error) == 0)
        check(&request, text);
    else
        fuzz_require(error.reason[0] != '\0' && memchr(error.path, '\0', sizeof(error.path)) != NULL);
    arena_reset(&arena);
    fuzz_require(pool.in_use_bytes == 0);
    arena_pool_cleanup(&pool);
    return 0;
}
