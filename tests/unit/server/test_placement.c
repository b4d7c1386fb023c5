/* Placements: which view fits which, and the bid request that it becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "clickstream/bid_request.h"
#include "clickstream/placement.h"
#include "openrtb/openrtb_request.h"
#include "scratch_file.h"

#define IMPS "\"imps\":[{\"id\":\"1\",\"bidfloor\":0.5,\"banner\":{\"format\":[{\"w\":300,\"h\":250}]}}]"

static const char text[] =
    "{\"placements\":["
    "{\"name\":\"sport\",\"site\":\"news.example\",\"path\":\"/sport/*\",\"cat\":[\"IAB17\"]," IMPS ","
    " \"channel\":{\"publisher\":{\"id\":\"p7\"}},\"request\":{\"at\":1,\"tmax\":150}},"
    "{\"name\":\"off\",\"site\":\"news.example\",\"path\":\"*\",\"enabled\":false," IMPS "},"
    "{\"name\":\"blog\",\"site\":\"blog.news.example\",\"path\":\"*\"," IMPS "},"
    "{\"name\":\"rest\",\"site\":\"News.Example\",\"path\":\"*\"," IMPS "},"
    "{\"name\":\"home\",\"app\":\"com.example.app\",\"path\":\"Home*\"," IMPS "}]}";

struct fixture {
    struct config *config;
    struct placement_set *set;
    struct arena_pool pool;
    struct arena arena;
};

static int set_up(void **state) {
    static struct fixture f;
    char error[CONFIG_ERROR_BYTES];
    struct scratch_file file;
    scratch_file_write(&file, text, sizeof text - 1);
    f.config = config_load(file.path, error, sizeof error);
    scratch_file_remove(&file);
    if (!f.config)
        fail_msg("%s", error);
    f.set = placement_set_create(f.config);
    assert_non_null(f.set);
    arena_pool_init(&f.pool, 4);
    arena_init(&f.arena, &f.pool, 1 << 20);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    placement_set_destroy(f->set);
    config_destroy(f->config);
    arena_reset(&f->arena);
    arena_pool_cleanup(&f->pool);
    return 0;
}

static const char *found(const struct fixture *f, const struct click_event *event,
                         const struct click_page *page) {
    const struct config_placement *placement = placement_find(f->set, event, page);
    return placement ? placement->name.p : "none";
}

static void pages_find_the_first_that_fits(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *url, *path, *name;
    } cases[] = {
        {"https://news.example/sport/1", "/sport/1", "sport"},
        {"https://NEWS.example:8443/sport/", "/sport/", "sport"},
        {"https://news.example/sport", "/sport", "rest"},
        {"https://www.news.example/", "/", "rest"},
        {"https://blog.news.example/x", "/x", "blog"},
        {"https://a.blog.news.example/x", "/x", "blog"},
        {"https://blog.news.example/sport/1", "/sport/1", "sport"},
        {"https://user@news.example/", "/", "rest"},
        {"https://xnews.example/", "/", "none"},
        {"https://news.example.evil/", "/", "none"},
        {"https://example/", "/", "none"},
        {"news.example/", "/", "none"},
        {"", "/", "none"},
        {"https://com.example.app/", "/", "none"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct click_event event = {.type = CLICK_PAGE};
        struct click_page page = {.url = str_from(cases[i].url), .path = str_from(cases[i].path)};
        if (strcmp(found(f, &event, &page), cases[i].name) != 0)
            fail_msg("%s is at %s", cases[i].url, found(f, &event, &page));
    }
}

static void screens_are_found_by_app_and_name(void **state) {
    struct fixture *f = *state;
    struct click_page page = {0};
    struct click_event event = {
        .type = CLICK_SCREEN, .name = STR("Home feed"), .context = {.app_bundle = STR("com.example.APP")}};
    assert_string_equal(found(f, &event, &page), "home");
    event.name = STR("Settings");
    assert_string_equal(found(f, &event, &page), "none");
    event.name = (struct str){NULL, 0};
    assert_string_equal(found(f, &event, &page), "none");
    event.name = STR("Home");
    event.context.app_bundle = STR("news.example");
    assert_string_equal(found(f, &event, &page), "none");
    event.context.app_bundle = STR("com.example.app");
    event.type = CLICK_TRACK;
    assert_string_equal(found(f, &event, &page), "none");
}

/* As the pattern is defined, without a thought to cost. */
static bool fits_slowly(const char *pattern, const char *path) {
    if (*pattern == '\0')
        return *path == '\0';
    if (*pattern == '*')
        return fits_slowly(pattern + 1, path) || (*path && fits_slowly(pattern, path + 1));
    return *pattern == *path && fits_slowly(pattern + 1, path + 1);
}

static void patterns_fit_as_defined(void **state) {
    (void)state;
    struct prng prng;
    prng_seed(&prng, 7);
    unsigned fitting = 0;
    for (int round = 0; round < 50000; round++) {
        char pattern[8], path[10];
        size_t p = prng_next(&prng) % sizeof pattern, n = prng_next(&prng) % sizeof path;
        for (size_t i = 0; i < p; i++)
            pattern[i] = "ab*"[prng_next(&prng) % 3];
        for (size_t i = 0; i < n; i++)
            path[i] = "ab"[prng_next(&prng) % 2];
        pattern[p] = path[n] = '\0';
        bool fits = fits_slowly(pattern, path);
        if (placement_path_fits((struct str){pattern, p}, (struct str){path, n}) != fits)
            fail_msg("%s and %s", pattern, path);
        fitting += fits;
    }
    assert_in_range(fitting, 1000, 49000);
}

static struct openrtb_request request_of(struct fixture *f, struct bid_request_input *input,
                                         struct buf *out) {
    struct openrtb_parse_limits limits;
    struct openrtb_request request;
    struct openrtb_error error;
    openrtb_parse_limits_default(&limits);
    buf_init(out, 1 << 20);
    bid_request_write(input, out);
    assert_false(out->failed);
    arena_reset(&f->arena);
    if (openrtb_request_parse(buf_view(out), &limits, &f->arena, &request, &error) != 0)
        fail_msg("%.*s: %s: %s", STR_ARG(buf_view(out)), error.path, error.reason);
    return request;
}

static void assert_text(struct str value, const char *expected) {
    if (!str_eq(value, str_from(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(value), expected);
}

static void a_page_becomes_a_bid_request(void **state) {
    struct fixture *f = *state;
    struct click_event event = {.type = CLICK_PAGE,
                                .user_id = STR("u\"1"),
                                .context = {.user_agent = STR("UA\n"),
                                            .locale = STR("de-DE"),
                                            .os_name = STR("iOS"),
                                            .ip = STR("2001:db8::1"),
                                            .screen_width = 390.5,
                                            .device_type = STR("ios"),
                                            .device_ad_id = STR("ifa-1"),
                                            .ad_tracking = true}};
    struct click_page page = {.url = STR("https://www.news.example/sport/1"),
                              .referrer = STR("https://b.example/")};
    struct bid_request_input input = {.placement = &f->config->placements[0],
                                      .event = &event,
                                      .page = &page,
                                      .id = STR("m-1"),
                                      .client_ip = STR("192.0.2.1")};
    struct buf out;
    struct openrtb_request request = request_of(f, &input, &out);
    assert_text(request.id, "m-1");
    assert_int_equal(request.channel, OPENRTB_SITE);
    assert_text(request.channel_domain, "www.news.example");
    assert_text(request.site_page, "https://www.news.example/sport/1");
    assert_int_equal(request.at, 1);
    assert_int_equal(request.tmax, 150);
    assert_int_equal(request.imp_count, 1);
    assert_text(request.device_ua, "UA\n");
    assert_text(request.device_ipv6, "2001:db8::1");
    assert_int_equal(request.device_ip.n, 0);
    assert_text(request.device_language, "de");
    assert_text(request.device_os, "iOS");
    assert_text(request.device_ifa, "ifa-1");
    assert_int_equal(request.device_type, 1);
    assert_text(request.user_id, "u\"1");
    assert_non_null(memmem(out.p, out.n, "\"cat\":[\"IAB17\"],\"publisher\":{\"id\":\"p7\"}", 39));
    buf_cleanup(&out);
}

static void a_screen_says_little_and_tracks_nobody(void **state) {
    struct fixture *f = *state;
    struct click_event event = {.type = CLICK_SCREEN,
                                .anonymous_id = STR("a-1"),
                                .context = {.app_bundle = STR("com.example.app"),
                                            .locale = STR("fil"),
                                            .device_ad_id = STR("ifa-1"),
                                            .ad_tracking = false}};
    struct click_page page = {0};
    struct bid_request_input input = {.placement = &f->config->placements[4],
                                      .event = &event,
                                      .page = &page,
                                      .id = STR("m-2"),
                                      .client_ip = STR("192.0.2.1")};
    struct buf out;
    struct openrtb_request request = request_of(f, &input, &out);
    assert_int_equal(request.channel, OPENRTB_APP);
    assert_text(request.app_bundle, "com.example.app");
    assert_text(request.device_ip, "192.0.2.1");
    assert_int_equal(request.device_lmt, 1);
    assert_int_equal(request.device_ifa.n, 0);
    assert_int_equal(request.device_language.n, 0);
    assert_text(request.user_id, "a-1");
    buf_cleanup(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_find_the_first_that_fits),
        cmocka_unit_test(screens_are_found_by_app_and_name),
        cmocka_unit_test(patterns_fit_as_defined),
        cmocka_unit_test(a_page_becomes_a_bid_request),
        cmocka_unit_test(a_screen_says_little_and_tracks_nobody),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
