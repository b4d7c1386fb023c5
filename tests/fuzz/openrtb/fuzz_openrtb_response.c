/* Any text is refused with a reason, or is a response whose bids' views lie in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_views.h"
#include "openrtb/openrtb_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct openrtb_response_limits limits = {.depth = 24, .bids = 8, .array_items = 64, .object_members = 64};
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_response response;
    struct openrtb_error error = {{0}, {0}};
    struct str text = {(const char *)data, size};
    arena_pool_init(&pool, 0);
    /* The first byte, seldom anything but a brace, decides how much memory there is. */
    arena_init(&arena, &pool, size > 0 && data[0] == ' ' ? 20000 : 1u << 20);
    if (openrtb_response_parse(text, &limits, &arena, &response, &error) == 0) {
        fuzz_require(response.bid_count <= limits.bids);
        for (size_t i = 0; i < response.bid_count; i++)
            if (!response.bids[i].invalid)
                fuzz_require_views(&response.bids[i].members, text);
    } else {
        fuzz_require(error.reason[0] != '\0' && memchr(error.path, '\0', sizeof(error.path)) != NULL);
    }
    arena_reset(&arena);
    fuzz_require(pool.in_use_bytes == 0);
    arena_pool_cleanup(&pool);
    return 0;
}
