/* Whether a placement makes bid requests: one is put together from its templates, and read. */
#include <stdio.h>

#include "base/buf.h"
#include "config/config_reader.h"
#include "openrtb/openrtb_request.h"

#define SAMPLE_BYTES       (4u << 20)
#define SAMPLE_ARENA_BYTES (16u << 20)

/* The members of an object's text, with a comma before them. */
static void add_members(struct buf *out, struct str object) {
    if (object.n <= 2)
        return;
    buf_add_char(out, ',');
    buf_add(out, object.p + 1, object.n - 2);
}

/* All that clickstream/bid_request.c writes itself, so that a template which says it again is a duplicate. */
static void write_sample(const struct config_placement *placement, struct buf *out) {
    BUF_ADD_LIT(out, "{\"id\":\"sample\",\"imp\":");
    buf_add_str(out, placement->imps);
    buf_add_str(out, str_present(placement->app)
                         ? STR(",\"app\":{\"bundle\":\"a\",\"name\":\"a\",\"ver\":\"1\",\"cat\":[]")
                         : STR(",\"site\":{\"domain\":\"a\",\"page\":\"http://a/\",\"ref\":\"http://a/\","
                               "\"cat\":[]"));
    add_members(out, placement->channel);
    BUF_ADD_LIT(out, "},\"device\":{},\"user\":{\"id\":\"1\"}");
    add_members(out, placement->request);
    buf_add_char(out, '}');
}

/* Where the template has what is wrong at `path` of the sample. */
static int fail_at(struct config_reader *reader, const char *shown, const struct openrtb_error *error) {
    static const struct {
        struct str in_sample;
        const char *in_config;
    } places[] = {
        {STR_INIT("imp"), "imps"},
        {STR_INIT("site."), "channel."},
        {STR_INIT("app."), "channel."},
    };
    char key[CONFIG_KEY_BYTES + sizeof error->path];
    struct str path = str_from(error->path);
    snprintf(key, sizeof key, "%srequest%s%s", shown, path.n > 0 ? "." : "", error->path);
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (str_starts(path, places[i].in_sample))
            snprintf(key, sizeof key, "%s%s%s", shown, places[i].in_config, path.p + places[i].in_sample.n);
    return config_fail(reader, key, "%s", error->reason);
}

static int check_sample(struct config_reader *reader, const char *shown,
                        const struct config_placement *placement) {
    struct openrtb_parse_limits limits;
    openrtb_parse_limits_default(&limits);
    struct arena_pool pool;
    struct arena arena;
    struct buf sample;
    arena_pool_init(&pool, 0);
    arena_init(&arena, &pool, SAMPLE_ARENA_BYTES);
    buf_init(&sample, SAMPLE_BYTES);
    write_sample(placement, &sample);
    struct openrtb_request request;
    struct openrtb_error error = {"", "is too long"};
    int result = -1;
    if (sample.failed || openrtb_request_parse(buf_view(&sample), &limits, &arena, &request, &error) != 0)
        fail_at(reader, shown, &error);
    else
        result = 0;
    buf_cleanup(&sample);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
    return result;
}

int config_placement_finish(struct config_reader *reader, const char *shown, void *item) {
    const struct config_placement *placement = item;
    char key[CONFIG_KEY_BYTES];
    snprintf(key, sizeof key, "%ssite", shown);
    if (str_present(placement->site) == str_present(placement->app))
        return config_fail(reader, key, "either site or app must be given, and not both");
    return check_sample(reader, shown, placement);
}
