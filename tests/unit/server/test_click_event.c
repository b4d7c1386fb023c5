/* Events as they are read: what is kept, what is refused where, what they say together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "clickstream/click_event.h"
#include "clickstream/click_time.h"

static struct arena_pool pool;
static struct arena arena;
static struct json_error error;
static const struct click_event_rules rules = {
    .limits = {.depth = 32, .array_items = 100, .object_members = 100, .string_bytes = 4096, .listed = 100},
    .event_bytes = 8192,
    .fallback = CLICK_TYPES};

static int set_up(void **state) {
    (void)state;
    arena_pool_init(&pool, 4);
    arena_init(&arena, &pool, 1 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
    return 0;
}

static struct click_event read_good(const char *text) {
    struct click_event event;
    arena_reset(&arena);
    if (click_event_read(str_from(text), &rules, &arena, &event, &error) != 0)
        fail_msg("%s: %s: %s", text, error.path, error.reason);
    return event;
}

static void assert_text(struct str value, const char *expected) {
    if (!str_eq(value, str_from(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(value), expected);
}

static void all_that_is_known_is_kept(void **state) {
    (void)state;
    struct click_event event = read_good(
        "{\"type\":\"page\",\"messageId\":\"m-1\",\"anonymousId\":\"a-1\",\"userId\":null,\"name\":\"Home\","
        "\"category\":\"News\",\"timestamp\":\"2026-11-25T10:30:00Z\",\"sentAt\":\"2026-11-25T10:30:05Z\","
        "\"context\":{\"ip\":\"192.0.2.7\",\"userAgent\":\"UA\\/1\",\"locale\":\"de-DE\",\"timezone\":"
        "\"Europe/"
        "Berlin\",\"page\":{\"url\":\"https://a.example/x?y\",\"path\":\"/x\",\"referrer\":\"https://b/\","
        "\"title\":\"T\",\"search\":\"?y\"},\"screen\":{\"width\":390.5,\"height\":844,\"density\":3},"
        "\"device\":{\"id\":\"d\",\"manufacturer\":\"Apple\",\"model\":\"iPhone\",\"type\":\"ios\","
        "\"advertisingId\":\"ad\",\"adTrackingEnabled\":false},\"os\":{\"name\":\"iOS\",\"version\":\"17\"},"
        "\"app\":{\"name\":\"App\",\"version\":\"2\",\"namespace\":\"com.a\",\"build\":\"9\"},"
        "\"campaign\":{\"source\":\"s\",\"x\":[1]},\"library\":{\"name\":\"l\"}},"
        "\"properties\":{\"a\":[{}],\"title\":\"P\"},\"integrations\":{\"All\":true},\"other\":7}");
    assert_int_equal(event.type, CLICK_PAGE);
    assert_text(event.message_id, "m-1");
    assert_text(click_event_user(&event), "a-1");
    assert_text(event.context.ip, "192.0.2.7");
    assert_text(event.context.user_agent, "UA/1");
    assert_text(event.context.locale, "de-DE");
    assert_text(event.context.os_name, "iOS");
    assert_text(event.context.app_bundle, "com.a");
    assert_text(event.context.device_make, "Apple");
    assert_text(event.context.device_ad_id, "ad");
    assert_false(event.context.ad_tracking);
    assert_true(event.context.screen_width == 390.5 && event.context.screen_height == 844);
    struct click_page page = click_event_page(&event, &arena);
    assert_text(page.url, "https://a.example/x?y");
    assert_text(page.path, "/x");
    assert_text(page.title, "P");
    int64_t now = INT64_C(2000000000) * 1000000;
    assert_true(click_event_time(&event, CLICK_TIME_NONE, now) == now - 5000000);
}

static void a_path_is_taken_out_of_the_url(void **state) {
    (void)state;
    static const struct {
        const char *url, *path;
    } cases[] = {
        {"https://a.example/x/y?z#f", "/x/y"}, {"https://a.example", "/"},  {"https://a.example?x", "/"},
        {"https://a.example#x", "/"},          {"https://a.example/", "/"}, {"https://a.example/#x", "/"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[300];
        snprintf(text, sizeof text, "{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"url\":\"%s\"}}",
                 cases[i].url);
        struct click_event event = read_good(text);
        assert_text(click_event_page(&event, &arena).path, cases[i].path);
    }
    struct click_event event = read_good("{\"type\":\"page\",\"userId\":\"u\"}");
    assert_int_equal(click_event_page(&event, &arena).path.n, 0);
}

static void categories_are_collected(void **state) {
    (void)state;
    struct click_event event =
        read_good("{\"type\":\"page\",\"userId\":\"u\",\"category\":\"News\",\"properties\":{\"category\":"
                  "\"Sp\\u00f6rt\",\"categories\":[\"IAB1\",\"News\",7,{\"a\":\"no\"},[\"no\"],\"\",\"IAB2\","
                  "\"this-category-is-longer-than-any-interest-may-be-in-the-table\"]}}");
    struct str got[CLICK_MOST_CATEGORIES];
    assert_int_equal(click_event_categories(&event, &arena, got), 4);
    assert_text(got[0], "News");
    assert_text(got[1], "Sp\xc3\xb6rt");
    assert_text(got[2], "IAB1");
    assert_text(got[3], "IAB2");
    event = read_good("{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\",\"properties\":{\"category\":7,"
                      "\"categories\":\"a\"}}");
    assert_int_equal(click_event_categories(&event, &arena, got), 0);
    event = read_good("{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"categories\":[\"1\",\"2\",\"3\","
                      "\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}}");
    assert_int_equal(click_event_categories(&event, &arena, got), CLICK_MOST_CATEGORIES);
}

static void wrong_events_are_refused_where_they_are_wrong(void **state) {
    (void)state;
    static const struct {
        const char *text, *path, *reason;
    } cases[] = {
        {"", "", "is not JSON: it is empty"},
        {"7", "", "must be an object"},
        {"{\"type\":\"page\"", "type", "is not JSON: it ends too early"},
        {"{}", "type", "must be given"},
        {"{\"type\":\"view\"}", "type", "must be one of page"},
        {"{\"type\":7}", "type", "must be"},
        {"{\"type\":\"page\"}", "userId", "must be given, or anonymousId"},
        {"{\"type\":\"page\",\"userId\":\"\"}", "userId", "must be given, or anonymousId"},
        {"{\"type\":\"page\",\"userId\":7}", "userId", "must be a string"},
        {"{\"type\":\"track\",\"userId\":\"u\"}", "event", "must be given"},
        {"{\"type\":\"group\",\"userId\":\"u\"}", "groupId", "must be given"},
        {"{\"type\":\"alias\",\"userId\":\"u\"}", "previousId", "must be given"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":\"now\"}", "timestamp", "must be a time"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"sentAt\":17}", "sentAt", "must be a string"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"context\":[]}", "context", "must be an object"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"context\":{\"page\":{\"url\":7}}}", "context.page.url",
         "must be a string"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"context\":{\"screen\":{\"width\":-1}}}",
         "context.screen.width", "must be between 0 and 1000000"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"userId\":\"u\"}", "userId", "duplicate key"},
        {"{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"a\":1,\"a\":2}}", "properties.a",
         "duplicate key"},
        {"{\"type\":\"page\",\"userId\":\"\xff\"}", "userId", "UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct click_event event;
        arena_reset(&arena);
        assert_int_equal(click_event_read(str_from(cases[i].text), &rules, &arena, &event, &error), -1);
        if (strcmp(error.path, cases[i].path) != 0 || !strstr(error.reason, cases[i].reason))
            fail_msg("%s: %s: %s", cases[i].text, error.path, error.reason);
    }
}

static void limits_hold(void **state) {
    (void)state;
    struct click_event event;
    struct buf text;
    buf_init(&text, 1 << 20);
    /* As deep as may be, and one deeper. */
    for (unsigned deep = 30; deep <= 32; deep++) {
        buf_clear(&text, text.cap);
        BUF_ADD_LIT(&text, "{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"a\":");
        for (unsigned i = 0; i < deep; i++)
            buf_add_char(&text, '[');
        for (unsigned i = 0; i < deep; i++)
            buf_add_char(&text, ']');
        BUF_ADD_LIT(&text, "}}");
        arena_reset(&arena);
        int result = click_event_read(buf_view(&text), &rules, &arena, &event, &error);
        assert_int_equal(result, deep == 30 ? 0 : -1);
    }
    /* As long, and one byte longer. */
    for (size_t extra = 0; extra < 2; extra++) {
        buf_clear(&text, text.cap);
        BUF_ADD_LIT(&text, "{\"type\":\"page\",\"userId\":\"u\",\"a\":\"\"}");
        while (text.n < rules.event_bytes + extra)
            buf_add_char(&text, ' ');
        arena_reset(&arena);
        assert_int_equal(click_event_read(buf_view(&text), &rules, &arena, &event, &error), extra ? -1 : 0);
    }
    assert_string_equal(error.reason, "is longer than 8192 bytes");
    /* A messageId of 256 bytes, and of 257. */
    for (size_t n = CLICK_ID_BYTES; n <= CLICK_ID_BYTES + 1; n++) {
        buf_clear(&text, text.cap);
        BUF_ADD_LIT(&text, "{\"type\":\"page\",\"userId\":\"u\",\"messageId\":\"");
        for (size_t i = 0; i < n; i++)
            buf_add_char(&text, 'm');
        BUF_ADD_LIT(&text, "\"}");
        arena_reset(&arena);
        assert_int_equal(click_event_read(buf_view(&text), &rules, &arena, &event, &error),
                         n > CLICK_ID_BYTES ? -1 : 0);
    }
    buf_cleanup(&text);
}

static void a_batch_lends_its_context(void **state) {
    (void)state;
    struct click_context common;
    arena_reset(&arena);
    assert_int_equal(
        click_context_read(STR("{\"ip\":\"192.0.2.9\",\"locale\":\"fr\",\"page\":{\"url\":\"https://a/\"},"
                               "\"device\":{\"adTrackingEnabled\":false}}"),
                           &rules.limits, &arena, &common, &error),
        0);
    struct click_event event;
    assert_int_equal(
        click_event_read(STR("{\"type\":\"page\",\"userId\":\"u\",\"context\":{\"locale\":\"de\"}}"), &rules,
                         &arena, &event, &error),
        0);
    click_context_merge(&event.context, &common);
    assert_text(event.context.ip, "192.0.2.9");
    assert_text(event.context.locale, "de");
    assert_text(event.context.page.url, "https://a/");
    assert_false(event.context.ad_tracking);
    assert_int_equal(click_context_read(STR("{\"ip\":7}"), &rules.limits, &arena, &common, &error), -1);
    assert_string_equal(error.path, "ip");
}

static void users_are_named(void **state) {
    (void)state;
    struct click_user user;
    assert_int_equal(click_user_read(STR("{\"userId\":\"u\",\"anonymousId\":\"a\"}"), &rules.limits, &arena,
                                     &user, &error),
                     0);
    assert_text(user.user_id, "u");
    assert_text(user.anonymous_id, "a");
    assert_int_equal(click_user_read(STR("{}"), &rules.limits, &arena, &user, &error), -1);
    assert_string_equal(error.path, "userId");
    assert_int_equal(click_user_read(STR("{\"userId\":[]}"), &rules.limits, &arena, &user, &error), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_known_is_kept),
        cmocka_unit_test(a_path_is_taken_out_of_the_url),
        cmocka_unit_test(categories_are_collected),
        cmocka_unit_test(wrong_events_are_refused_where_they_are_wrong),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_batch_lends_its_context),
        cmocka_unit_test(users_are_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
