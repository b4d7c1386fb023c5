/* Loading of traffic; see replay_traffic.h. */
#include "replay/replay_traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/lines.h"
#include "openrtb/openrtb_request.h"
#include "replay/replay_convert.h"

#define DEMO_GAP_US 2000 /* between demo requests at their "recorded" times */

struct loader {
    struct traffic *traffic;
    const struct traffic_options *options;
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_parse_limits limits;
    struct buf json;
    size_t line;
};

static bool is_full(const struct loader *loader) {
    size_t max = loader->options->max_count;
    return max > 0 && loader->traffic->count >= max;
}

static bool grow(struct traffic *traffic) {
    if (traffic->count < traffic->room)
        return true;
    size_t room = traffic->room ? traffic->room * 2 : 1024;
    struct traffic_item *items = realloc(traffic->items, room * sizeof *items);
    if (!items)
        return false;
    traffic->items = items;
    traffic->room = room;
    return true;
}

/* Where the messageId of an event ends, which comes first and has nothing to escape. */
static void read_event(const struct loader *loader, struct traffic_item *item) {
    const size_t begin = sizeof "{\"messageId\":\"" - 1;
    const char *end = memchr(item->json.p + begin, '"', item->json.n - begin);
    item->tmax_ms = loader->options->tmax_ms;
    item->id_end = end ? (uint32_t)(end - item->json.p) : 0;
}

/* Finds tmax and the id; a request that the parser refuses is counted. */
static void read_item(struct loader *loader, struct traffic_item *item) {
    struct traffic *traffic = loader->traffic;
    struct openrtb_request request;
    struct openrtb_error error;
    item->tmax_ms = 0;
    item->id_end = 0;
    if (openrtb_request_parse(item->json, &loader->limits, &loader->arena, &request, &error) == 0) {
        const char *end = request.id.p + request.id.n;
        item->tmax_ms = request.tmax > 0 ? (uint32_t)request.tmax : 0;
        if (end > item->json.p && end < item->json.p + item->json.n) /* not unescaped into the arena */
            item->id_end = (uint32_t)(end - item->json.p);
    } else if (traffic->invalid++ == 0) {
        snprintf(traffic->first_invalid, sizeof traffic->first_invalid, "line %zu: %s: %s", loader->line,
                 error.path, error.reason);
    }
    arena_reset(&loader->arena);
}

/* 0, or -1 with the reason in error. */
static int add(struct loader *loader, struct str json, uint64_t at_us, char *error, size_t error_size) {
    struct traffic *traffic = loader->traffic;
    if (traffic->count == TRAFFIC_MAX_REQUESTS || traffic->bytes + json.n > TRAFFIC_MAX_BYTES) {
        snprintf(error, error_size, "more than %zu requests or %zu bytes; --take limits what is loaded",
                 TRAFFIC_MAX_REQUESTS, TRAFFIC_MAX_BYTES);
        return -1;
    }
    char *copy = grow(traffic) ? malloc(json.n + 1) : NULL;
    if (!copy) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    memcpy(copy, json.p, json.n);
    copy[json.n] = 0;
    traffic->bytes += json.n;
    struct traffic_item *item = &traffic->items[traffic->count++];
    item->json = (struct str){copy, json.n};
    item->at_us = at_us;
    if (loader->options->events)
        read_event(loader, item);
    else
        read_item(loader, item);
    return 0;
}

static int load_demo(struct loader *loader, char *error, size_t error_size) {
    for (unsigned i = 0; i < DEMO_REQUESTS && !is_full(loader); i++) {
        buf_clear(&loader->json, LINES_MAX_BYTES);
        demo_write(i, &loader->json);
        loader->line = i + 1;
        if (loader->json.failed) {
            snprintf(error, error_size, "out of memory");
            return -1;
        }
        if (add(loader, buf_view(&loader->json), (uint64_t)i * DEMO_GAP_US, error, error_size) != 0)
            return -1;
    }
    return 0;
}

static int convert_line(struct loader *loader, struct str line, uint64_t *at_us, char *reason,
                        size_t reason_size) {
    struct convert_input input = {line, loader->options->tmax_ms};
    struct convert_output output = {&loader->json, 0, reason, reason_size};
    int result = 0;
    buf_clear(&loader->json, LINES_MAX_BYTES);
    switch (loader->options->source) {
    case TRAFFIC_DEMO:
        break;
    case TRAFFIC_NDJSON:
        buf_add_str(&loader->json, line);
        output.at_us = loader->line * 1000;
        break;
    case TRAFFIC_RTBKIT:
        result = rtbkit_convert(&input, &output);
        break;
    case TRAFFIC_IPINYOU:
        result = loader->options->events ? ipinyou_convert_event(&input, &output)
                                         : ipinyou_convert(&input, &output);
        break;
    }
    if (result == 0 && loader->json.failed) {
        snprintf(reason, reason_size, "too long");
        result = -1;
    }
    *at_us = output.at_us;
    return result;
}

static int load_lines(struct loader *loader, char *error, size_t error_size) {
    struct traffic *traffic = loader->traffic;
    struct lines *lines = lines_open(loader->options->path, error, error_size);
    struct str line;
    int status = lines ? 1 : -1;
    while (status == 1 && !is_full(loader)) {
        char reason[160];
        uint64_t at_us = 0;
        status = lines_next(lines, &line, error, error_size);
        if (status != 1)
            break;
        loader->line++;
        if (line.n == 0)
            continue;
        if (convert_line(loader, line, &at_us, reason, sizeof reason) == 0) {
            if (add(loader, buf_view(&loader->json), at_us, error, error_size) != 0)
                status = -1;
        } else if (traffic->skipped++ == 0) {
            snprintf(traffic->first_skip, sizeof traffic->first_skip, "line %zu: %s", loader->line, reason);
        }
    }
    lines_close(lines);
    return status < 0 ? -1 : 0;
}

static int compare_times(const void *a, const void *b) {
    const struct traffic_item *x = a;
    const struct traffic_item *y = b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

/* In the order of time, counted from the first. */
static void sort_items(struct traffic *traffic) {
    qsort(traffic->items, traffic->count, sizeof *traffic->items, compare_times);
    uint64_t first = traffic->count ? traffic->items[0].at_us : 0;
    for (size_t i = 0; i < traffic->count; i++)
        traffic->items[i].at_us -= first;
}

int traffic_load(struct traffic *traffic, const struct traffic_options *options, char *error,
                 size_t error_size) {
    struct loader loader = {.traffic = traffic, .options = options};
    memset(traffic, 0, sizeof *traffic);
    arena_pool_init(&loader.pool, 64);
    arena_init(&loader.arena, &loader.pool, 16 << 20);
    openrtb_parse_limits_default(&loader.limits);
    buf_init(&loader.json, 4 * LINES_MAX_BYTES);
    int status = options->source == TRAFFIC_DEMO ? load_demo(&loader, error, error_size)
                                                 : load_lines(&loader, error, error_size);
    if (status == 0 && traffic->count == 0) {
        snprintf(error, error_size, "no request in it%s%s", traffic->skipped ? "; " : "",
                 traffic->first_skip);
        status = -1;
    }
    buf_cleanup(&loader.json);
    arena_reset(&loader.arena);
    arena_pool_cleanup(&loader.pool);
    if (status == 0)
        sort_items(traffic);
    else
        traffic_cleanup(traffic);
    return status;
}

void traffic_cleanup(struct traffic *traffic) {
    for (size_t i = 0; i < traffic->count; i++)
        free((char *)traffic->items[i].json.p);
    free(traffic->items);
    memset(traffic, 0, sizeof *traffic);
}
