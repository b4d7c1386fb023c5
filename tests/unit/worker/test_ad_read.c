/* Reading of ads: every field, its normal form, its errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ad.h"
#include "base/buf.h"

static struct ad_reader *reader;
static struct ad ad;
static char error[AD_ERROR_BYTES];

static int setup(void **state) {
    (void)state;
    reader = ad_reader_create();
    return reader ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    ad_reader_destroy(reader);
    ad_reader_destroy(NULL);
    return 0;
}

static void read_good(const char *line) {
    if (ad_read(reader, str_from(line), &ad, error, sizeof error) != 0)
        fail_msg("%s: %s", line, error);
}

/* A banner with these members more. */
#define BANNER(more)                                                                                         \
    "{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"banner\",\"sizes\":[\"300x250\"],\"adm\":\"x\",\"price\":" \
    "1" more "}"
#define TARGETING(members) BANNER(",\"targeting\":{" members "}")

static void assert_bad(const char *line, const char *wanted) {
    if (ad_read(reader, str_from(line), &ad, error, sizeof error) == 0)
        fail_msg("taken: %s", line);
    if (strcmp(error, wanted) != 0)
        fail_msg("\"%s\" instead of \"%s\"", error, wanted);
}

static void assert_str(struct str s, const char *wanted) {
    if (!str_eq(s, str_from(wanted)))
        fail_msg("\"%.*s\" instead of \"%s\"", STR_ARG(s), wanted);
}

/* The list's texts, joined by a space; each with its hash. */
static void assert_list(int list, enum target target, const char *wanted) {
    const struct ad_values *values = &ad.lists[list];
    struct buf joined;
    buf_init(&joined, 1000);
    for (uint32_t i = 0; i < values->count; i++) {
        if (i > 0)
            buf_add_char(&joined, ' ');
        buf_add_str(&joined, values->texts[i]);
        assert_true(values->hashes[i] == target_hash(target, values->texts[i]));
    }
    assert_str(buf_view(&joined), wanted);
    buf_cleanup(&joined);
}

static void assert_in(enum target target, const char *wanted) {
    assert_list(TABLE_LIST_IN + (int)target, target, wanted);
}

static void the_least_ad_has_defaults(void **state) {
    (void)state;
    read_good(BANNER(""));
    assert_str(ad.id, "a");
    assert_str(ad.campaign, "c");
    assert_str(ad.adm, "x");
    assert_int_equal(ad.media, TABLE_BANNER);
    assert_in(TARGET_SIZE, "300x250 banner");
    assert_int_equal(ad.size_numbers[0], 300u << 16 | 250);
    assert_int_equal(ad.size_numbers[1], 0);
    assert_true(ad.secure && !ad.by_click && !ad.secure_only);
    assert_true(ad.price == 1 && ad.daily_budget == 0);
    assert_int_equal(ad.frequency, 0);
    assert_int_equal(ad.starts, 0);
    assert_int_equal(ad.ends, UINT32_MAX);
    assert_int_equal(ad.cattax, 0);
    assert_str(ad.time_zone, "UTC");
    assert_true(ad.hours.words[0] == UINT64_MAX && ad.hours.words[2] == (UINT64_C(1) << 40) - 1);
    assert_int_equal(ad.currency[0], 0);
    for (int list = 1; list < TABLE_LISTS_MOST; list++)
        assert_int_equal(ad.lists[list].count, 0);
}

static void every_field_is_read(void **state) {
    (void)state;
    read_good(
        "{\"id\":\"a1\",\"campaign\":\"c1\",\"adomain\":\"WWW.Shop.co.example.\",\"crid\":\"cr1\",\"cat\":["
        "\"IAB1-3\",\"IAB1-4\"],\"cattax\":1,\"media\":\"video\",\"adm\":\"<VAST/>\",\"secure\":false,"
        "\"attr\":[1,31],\"language\":\"EN-us\",\"bid\":\"cpc\",\"price\":1.25,\"currency\":\"EUR\","
        "\"daily_budget\":100.5,\"frequency_cap\":{\"views\":3,\"hours\":24},"
        "\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"2026-01-01T02:00:01+02:00\",\"deals\":[\"d1\",\"d2\"]"
        "}");
    assert_str(ad.adomain, "www.shop.co.example");
    assert_int_equal(ad.domains.count, 3);
    assert_str(ad.domains.texts[2], "co.example");
    assert_true(ad.domains.hashes[1] == target_hash(TARGET_ADVERTISER, STR("shop.co.example")));
    assert_str(ad.crid, "cr1");
    assert_list(TABLE_LIST_OWN_CATEGORY, TARGET_CATEGORY, "1:IAB1-3 1:IAB1 1:IAB1-4");
    assert_int_equal(ad.cats.count, 2);
    assert_int_equal(ad.cattax, 1);
    assert_in(TARGET_SIZE, "video");
    assert_int_equal(ad.size_numbers[0], 0);
    assert_false(ad.secure);
    assert_true(ad.attr == (1u << 1 | 1u << 31));
    assert_str(ad.language, "en");
    assert_true(ad.by_click && ad.price == 1.25 && ad.daily_budget == 100.5);
    assert_string_equal(ad.currency, "EUR");
    assert_int_equal(ad.frequency, 3);
    assert_int_equal(ad.frequency_hours, 24);
    assert_int_equal(ad.starts, 1767225600);
    assert_int_equal(ad.ends, 1767225601);
    assert_in(TARGET_DEAL, "d1 d2");
}

static void targeting_comes_in_its_normal_form(void **state) {
    (void)state;
    read_good(TARGETING(
        "\"categories\":[\"IAB1-3\"],\"cattax\":1,\"countries\":[\"DEU\",\"USA\"],\"regions\":[\"USA-CA\"],"
        "\"device_types\":[1,12],\"os\":[\" iOS \"],\"languages\":[\"de_CH\"],"
        "\"not_categories\":[\"IAB25\"],\"domains\":[\"Example.COM.\"],\"bundles\":[\"com.X\"],"
        "\"not_domains\":[\"bad.example\"],\"not_bundles\":[\"com.Y\"],\"keywords\":[\" Shoes\"],"
        "\"segments\":[\"S1\"],\"not_segments\":[\"s2\"],\"time_zone\":\"Europe/Berlin\","
        "\"secure_only\":true,\"positions\":[0,15],\"connection_types\":[2]"));
    assert_in(TARGET_COUNTRY, "DEU USA");
    assert_in(TARGET_REGION, "USA-CA");
    assert_in(TARGET_DEVICE_TYPE, "1 12");
    assert_in(TARGET_OS, "ios");
    assert_in(TARGET_LANGUAGE, "de");
    assert_in(TARGET_CATEGORY, "1:IAB1-3");
    assert_in(TARGET_INVENTORY, "domain:example.com bundle:com.X");
    assert_in(TARGET_KEYWORD, "shoes");
    assert_in(TARGET_SEGMENT, "S1");
    assert_list(TABLE_LIST_NOT_CATEGORY, TARGET_CATEGORY, "1:IAB25");
    assert_list(TABLE_LIST_NOT_INVENTORY, TARGET_INVENTORY, "domain:bad.example bundle:com.Y");
    assert_list(TABLE_LIST_NOT_SEGMENT, TARGET_SEGMENT, "s2");
    assert_str(ad.time_zone, "Europe/Berlin");
    assert_true(ad.secure_only);
    assert_int_equal(ad.positions, 0x8001);
    assert_int_equal(ad.connections, 4);
}

static void taxonomies_other_than_1_have_no_parents(void **state) {
    (void)state;
    read_good(
        BANNER(",\"cat\":[\"12-3\"],\"cattax\":7,\"targeting\":{\"not_categories\":[\"x\"],\"cattax\":6,"
               "\"categories\":[\"y\"]}"));
    assert_int_equal(ad.cattax, 7);
    assert_list(TABLE_LIST_OWN_CATEGORY, TARGET_CATEGORY, "7:12-3");
    assert_list(TABLE_LIST_NOT_CATEGORY, TARGET_CATEGORY, "6:x");
    assert_in(TARGET_CATEGORY, "6:y");
}

static void assert_hours(const char *members, const char *wanted) {
    char line[600], runs[169] = "";
    snprintf(line, sizeof line, TARGETING("\"hours\":[%s]"), members);
    read_good(line);
    for (int h = 0; h < 168; h++)
        runs[h] = ad.hours.words[h / 64] >> h % 64 & 1 ? '1' : '.';
    for (int day = 0; day < 7; day++)
        if (memcmp(runs + (size_t)day * 24, wanted + (wanted[24] ? (size_t)day * 24 : 0), 24) != 0)
            fail_msg("day %d: %.24s", day, runs + (size_t)day * 24);
}

static void hours_of_the_week_are_bits(void **state) {
    (void)state;
    assert_hours("", "111111111111111111111111");
    assert_hours("{\"from\":8,\"to\":18}", "........1111111111......");
    assert_hours("{\"from\":20},{\"to\":2}", "11..................1111");
    assert_hours("{\"days\":[\"mon\"],\"from\":23},{\"days\":[\"sun\",\"tue\"],\"to\":1}",
                 ".......................1"
                 "1......................."
                 "........................"
                 "........................"
                 "........................"
                 "........................"
                 "1.......................");
}

static void secure_is_derived_from_the_markup(void **state) {
    (void)state;
    static const struct {
        const char *line;
        bool secure;
    } cases[] = {
        {"{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"native\",\"price\":1,\"adm\":\"https://x\"}", true},
        {"{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"native\",\"price\":1,\"adm\":\"HTTP://x\"}", false},
        {"{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"native\",\"price\":1,\"adm\":\"http:x\",\"secure\":"
         "true}",
         true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        read_good(cases[i].line);
        assert_int_equal(ad.secure, cases[i].secure);
    }
}

static void lines_that_are_no_ads_are_refused(void **state) {
    (void)state;
    assert_bad("[]", "the line: must be an object, is an array");
    assert_bad("7", "column 1: '[' or '{' expected near '7'");
    assert_bad("", "column 0: '[' or '{' expected near end of file");
    assert_bad("{\"id\":\"a\"", "column 9: '}' expected near end of file");
    assert_bad("{\"id\":\"a\",\"id\":\"b\"}", "column 14: duplicate object key near '\"id\"'");
    assert_bad("{} x", "column 4: end of file expected near 'x'");
    assert_bad("{\"a\":\"\x1b[2J\"}", "column 6: control character 0x1b near '\"'");
    assert_bad("{\"id\":\"\\u0000\"}",
               "column 14: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"'");
    assert_bad("{\"id\":\"\xff\"}", "column 7: unable to decode byte 0xff near '\"'");
    assert_bad("{\"what\\u001b\":1}", "what?: unknown field");
    assert_bad("{}", "id: required");
    assert_bad("{\"id\":\"a\"}", "campaign: required");
    assert_bad("{\"id\":\"a\",\"campaign\":\"c\"}", "media: required");
    assert_bad("{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"banner\"}", "adm: required");
    assert_bad("{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"banner\",\"adm\":\"x\"}", "price: required");
    assert_bad("{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"banner\",\"adm\":\"x\",\"price\":1}",
               "sizes: required for a banner");
    assert_bad(
        "{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"video\",\"adm\":\"x\",\"price\":1,\"sizes\":[\"1x1\"]}",
        "sizes: only a banner has sizes");
}

static void wrong_fields_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"{\"id\":7}", "id: must be a string, is a whole number"},
        {"{\"id\":\"\"}", "id: must not be empty"},
        {"{\"id\":\"a\\nb\"}", "id: must not hold control characters"},
        {"{\"campaign\":null}", "campaign: must be a string, is null"},
        {"{\"adomain\":\"http://x\"}", "adomain: must be a domain name, as \"news.example.com\""},
        {"{\"adomain\":\"a..b\"}", "adomain: must be a domain name, as \"news.example.com\""},
        {"{\"adomain\":\".a\"}", "adomain: must be a domain name, as \"news.example.com\""},
        {"{\"adomain\":\".\"}", "adomain: must be a domain name, as \"news.example.com\""},
        {"{\"crid\":true}", "crid: must be a string, is true or false"},
        {"{\"cat\":\"IAB1\"}", "cat: must be an array, is a string"},
        {"{\"cat\":[\"IAB1\",\"iab2\"]}",
         "cat[1]: must be a category of taxonomy 1, as \"IAB1\" or \"IAB1-3\""},
        {"{\"cat\":[\"IAB1-\"]}", "cat[0]: must be a category of taxonomy 1, as \"IAB1\" or \"IAB1-3\""},
        {"{\"cat\":[\"IAB\"]}", "cat[0]: must be a category of taxonomy 1, as \"IAB1\" or \"IAB1-3\""},
        {"{\"cattax\":0}", "cattax: must be from 1 to 255, is 0"},
        {"{\"cattax\":256}", "cattax: must be from 1 to 255, is 256"},
        {"{\"media\":\"audio\"}", "media: must be \"banner\", \"video\" or \"native\""},
        {"{\"sizes\":[]}", "sizes: must hold a size"},
        {"{\"sizes\":[\"300\"]}", "sizes[0]: must be width and height, as \"300x250\""},
        {"{\"sizes\":[\"1x1\",\"0x5\"]}", "sizes[1]: must be width and height, as \"300x250\""},
        {"{\"sizes\":[\"01x5\"]}", "sizes[0]: must be width and height, as \"300x250\""},
        {"{\"sizes\":[\"1x65536\"]}", "sizes[0]: must be width and height, as \"300x250\""},
        {"{\"sizes\":[\"1x5 \"]}", "sizes[0]: must be width and height, as \"300x250\""},
        {"{\"sizes\":[\"99999999999x5\"]}", "sizes[0]: must be width and height, as \"300x250\""},
        {"{\"adm\":\"\"}", "adm: must be from 1 to 65535 bytes long, is 0"},
        {"{\"secure\":1}", "secure: must be true or false, is a whole number"},
        {"{\"attr\":[0]}", "attr[0]: must be from 1 to 31, is 0"},
        {"{\"attr\":[1,32]}", "attr[1]: must be from 1 to 31, is 32"},
        {"{\"attr\":[1.5]}", "attr[0]: must be a whole number, is a number with a fraction or exponent"},
        {"{\"language\":\"english\"}", "language: must be a language, as \"en\""},
        {"{\"language\":\"e\"}", "language: must be a language, as \"en\""},
        {"{\"bid\":\"cpa\"}", "bid: must be \"cpm\" or \"cpc\""},
        {"{\"price\":\"1\"}", "price: must be a number, is a string"},
        {"{\"price\":0}", "price: must be from 0.000001 to 1e12, is 0"},
        {"{\"price\":-1}", "price: must be from 0.000001 to 1e12, is -1"},
        {"{\"price\":1e13}", "price: must be from 0.000001 to 1e12, is 1e+13"},
        {"{\"price\":1e999}", "column 14: real number overflow near '1e999'"},
        {"{\"currency\":\"usd\"}", "currency: must be three capital letters"},
        {"{\"daily_budget\":0}", "daily_budget: must be from 0.000001 to 1e12, is 0"},
        {"{\"frequency_cap\":{\"views\":1}}", "frequency_cap: must hold views and hours"},
        {"{\"frequency_cap\":{\"views\":0}}", "frequency_cap.views: must be from 1 to 1000000, is 0"},
        {"{\"frequency_cap\":{\"hours\":9000}}", "frequency_cap.hours: must be from 1 to 8760, is 9000"},
        {"{\"frequency_cap\":{\"days\":1}}", "frequency_cap.days: unknown field"},
        {"{\"frequency_cap\":[]}", "frequency_cap: must be an object, is an array"},
        {"{\"start\":\"2026-02-30T00:00:00Z\"}",
         "start: must be a time, as \"2026-01-01T00:00:00Z\" or with \"+02:00\" for the Z"},
        {"{\"start\":\"2026-02-03\"}",
         "start: must be a time, as \"2026-01-01T00:00:00Z\" or with \"+02:00\" for the Z"},
        {"{\"start\":\"2026-01-01T00:00:00+24:00\"}",
         "start: must be a time, as \"2026-01-01T00:00:00Z\" or with \"+02:00\" for the Z"},
        {"{\"end\":\"1969-12-31T23:59:59Z\"}", "end: must be from 1970 to 2106"},
        {"{\"end\":\"2200-01-01T00:00:00Z\"}", "end: must be from 1970 to 2106"},
        {BANNER(",\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"2026-01-01T00:00:00Z\""),
         "end: must be later than start"},
        {"{\"deals\":[\"\"]}", "deals[0]: must not be empty"},
        {"{\"targeting\":[]}", "targeting: must be an object, is an array"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_bad(cases[i].line, cases[i].error);
}

static void wrong_targeting_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *line, *error;
    } cases[] = {
        {TARGETING("\"countries\":[\"DEU\",\"de\"]"),
         "targeting.countries[1]: must be three capital letters"},
        {TARGETING("\"countries\":\"DEU\""), "targeting.countries: must be an array, is a string"},
        {TARGETING("\"countries\":[null]"), "targeting.countries[0]: must be a string, is null"},
        {TARGETING("\"regions\":[\"CA\"]"),
         "targeting.regions[0]: must be a country and its region, as \"USA-CA\""},
        {TARGETING("\"regions\":[\"USA-\"]"),
         "targeting.regions[0]: must be a country and its region, as \"USA-CA\""},
        {TARGETING("\"device_types\":[0]"), "targeting.device_types[0]: must be from 1 to 999, is 0"},
        {TARGETING("\"device_types\":[\"1\"]"),
         "targeting.device_types[0]: must be a whole number, is a string"},
        {TARGETING("\"os\":[\" \"]"), "targeting.os[0]: must not be empty"},
        {TARGETING("\"languages\":[\"1\"]"), "targeting.languages[0]: must be a language, as \"en\""},
        {TARGETING("\"cattax\":\"1\""), "targeting.cattax: must be a whole number, is a string"},
        {TARGETING("\"categories\":[\"1\"]"),
         "targeting.categories[0]: must be a category of taxonomy 1, as \"IAB1\" or \"IAB1-3\""},
        {TARGETING("\"not_categories\":[1]"),
         "targeting.not_categories[0]: must be a string, is a whole number"},
        {TARGETING("\"domains\":[\"a.example:80\"]"),
         "targeting.domains[0]: must be a domain name, as \"news.example.com\""},
        {TARGETING("\"not_domains\":[\"\"]"),
         "targeting.not_domains[0]: must be a domain name, as \"news.example.com\""},
        {TARGETING("\"bundles\":[\"\"]"), "targeting.bundles[0]: must not be empty"},
        {TARGETING("\"not_bundles\":{}"), "targeting.not_bundles: must be an array, is an object"},
        {TARGETING("\"keywords\":[\"\"]"), "targeting.keywords[0]: must not be empty"},
        {TARGETING("\"segments\":[\"\\t\"]"), "targeting.segments[0]: must not hold control characters"},
        {TARGETING("\"not_segments\":[[]]"), "targeting.not_segments[0]: must be a string, is an array"},
        {TARGETING("\"hours\":[1]"), "targeting.hours[0]: must be an object, is a whole number"},
        {TARGETING("\"hours\":[{\"days\":[]}]"), "targeting.hours[0].days: must hold a day"},
        {TARGETING("\"hours\":[{\"days\":[\"mo\"]}]"),
         "targeting.hours[0].days[0]: must be \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\" or "
         "\"sun\""},
        {TARGETING("\"hours\":[{\"from\":24}]"), "targeting.hours[0].from: must be from 0 to 23, is 24"},
        {TARGETING("\"hours\":[{\"to\":0}]"), "targeting.hours[0].to: must be from 1 to 24, is 0"},
        {TARGETING("\"hours\":[{\"from\":8,\"to\":8}]"), "targeting.hours[0]: to must be larger than from"},
        {TARGETING("\"hours\":[{\"until\":8}]"), "targeting.hours[0]: must hold days, from and to only"},
        {TARGETING("\"time_zone\":\"../passwd\""),
         "targeting.time_zone: must be a name of a time zone, as \"Europe/Berlin\""},
        {TARGETING("\"time_zone\":\"/UTC\""),
         "targeting.time_zone: must be a name of a time zone, as \"Europe/Berlin\""},
        {TARGETING("\"secure_only\":null"), "targeting.secure_only: must be true or false, is null"},
        {TARGETING("\"positions\":[16]"), "targeting.positions[0]: must be from 0 to 15, is 16"},
        {TARGETING("\"connection_types\":[-1]"),
         "targeting.connection_types[0]: must be from 0 to 15, is -1"},
        {TARGETING("\"weather\":[]"), "targeting.weather: unknown field"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_bad(cases[i].line, cases[i].error);
}

/* A line with a list of n items. */
static void read_many(const char *key, const char *item, uint32_t n) {
    struct buf line;
    buf_init(&line, 1u << 24);
    buf_printf(&line,
               "{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"native\",\"adm\":\"x\",\"price\":1,"
               "\"targeting\":{\"%s\":[",
               key);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(&line, "%s%s", i ? "," : "", item);
    BUF_ADD_LIT(&line, "]}}");
    assert_false(line.failed);
    error[0] = '\0';
    (void)!ad_read(reader, buf_view(&line), &ad, error, sizeof error);
    buf_cleanup(&line);
}

static void sizes_have_their_limits(void **state) {
    (void)state;
    char id[300];
    memset(id, 'i', sizeof id);
    snprintf(id + 257, sizeof id - 257, "%s", "");
    char line[800];
    snprintf(line, sizeof line, "{\"id\":\"%s\"}", id);
    assert_bad(line, "id: must be at most 256 bytes long");
    read_many("keywords", "\"k\"", AD_MOST_ITEMS);
    assert_string_equal(error, "");
    assert_int_equal(ad.lists[TABLE_LIST_IN + TARGET_KEYWORD].count, AD_MOST_ITEMS);
    read_many("keywords", "\"k\"", AD_MOST_ITEMS + 1);
    assert_string_equal(error, "targeting.keywords: must hold at most 10000 items, holds 10001");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_ad_has_defaults),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(targeting_comes_in_its_normal_form),
        cmocka_unit_test(taxonomies_other_than_1_have_no_parents),
        cmocka_unit_test(hours_of_the_week_are_bits),
        cmocka_unit_test(secure_is_derived_from_the_markup),
        cmocka_unit_test(lines_that_are_no_ads_are_refused),
        cmocka_unit_test(wrong_fields_are_refused),
        cmocka_unit_test(wrong_targeting_is_refused),
        cmocka_unit_test(sizes_have_their_limits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
