/*
 * The JSON reader against yajl: what the reader takes yajl takes; what it calls no JSON yajl refuses. Left
 * out is where yajl is known to be laxer: the beginning of a token behind the end, vertical tab and form feed
 * as space.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "json/json_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_index any_index;
static const struct json_object any = {.index = &any_index};

/* Whether text is one JSON value, by yajl; deeper nesting than the reader's is none of its cases. */
static bool yajl_takes(struct str text) {
    static const yajl_callbacks none = {0};
    yajl_handle yajl = yajl_alloc(&none, NULL, NULL);
    bool good = yajl_parse(yajl, (const unsigned char *)text.p, text.n) == yajl_status_ok &&
                yajl_complete_parse(yajl) == yajl_status_ok;
    yajl_free(yajl);
    return good;
}

static bool reader_takes(struct str text, struct json_error *error) {
    const struct json_limits limits = {JSON_DEPTH_MAX, 1u << 20, 1u << 20, 1u << 20, 1u << 20};
    struct arena_pool pool;
    struct arena arena;
    arena_pool_init(&pool, 0);
    arena_init(&arena, &pool, 16u << 20);
    bool good = json_read(text, &any, NULL, &limits, &arena, error) == 0;
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json_error error = {{0}, {0}};
    if (size && (memchr(data, '\v', size) || memchr(data, '\f', size)))
        return 0;
    /* A block of its own size, so that the sanitizer sees a read behind its end. */
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    struct str text = {copy, size};
    json_object_prepare(&any);
    bool ours = reader_takes(text, &error);
    bool no_json =
        strncmp(error.reason, "is not JSON", 11) == 0 && !strstr(error.reason, "goes on behind its end");
    if (ours ? !yajl_takes(text) : no_json && yajl_takes(text))
        abort();
    free(copy);
    return 0;
}
