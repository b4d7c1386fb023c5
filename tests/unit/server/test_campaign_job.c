/* What a request says to own campaigns: every value in its normal form, every imp with what it asks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "campaign/campaign_job.h"
#include "scratch_file.h"

struct fixture {
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    struct currency_rates *rates; /* 1 USD = 0.5 EUR */
    struct campaign_job_input input;
    struct campaign_job made;
};

static int set_up(void **state) {
    static const char text[] = "{\"conversions\": {\"USD\": {\"EUR\": 0.5}}}";
    struct fixture *f = calloc(1, sizeof *f);
    struct scratch_file file;
    char error[256];
    assert_non_null(f);
    scratch_file_write(&file, text, sizeof text - 1);
    f->rates = currency_load(file.path, error, sizeof error);
    scratch_file_remove(&file);
    assert_non_null(f->rates);
    arena_pool_init(&f->pool, 4);
    arena_init(&f->arena, &f->pool, 16u << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_reset(&f->arena);
    arena_pool_cleanup(&f->pool);
    currency_destroy(f->rates);
    free(f);
    return 0;
}

static enum campaign_job_result make(struct fixture *f, const char *request) {
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    arena_reset(&f->arena);
    openrtb_parse_limits_default(&limits);
    limits.imps = 1000;
    limits.array_items = 100000;
    if (openrtb_request_parse(str_from(request), &limits, &f->arena, &f->request, &error) != 0)
        fail_msg("%s: %s\n%s", error.path, error.reason, request);
    f->input = (struct campaign_job_input){.request = &f->request,
                                           .rates = f->rates,
                                           .seat = STR("house"),
                                           .bids_per_imp = 3,
                                           .least_ctr = 0.25,
                                           .deadline_us = 77,
                                           .now = 1700000000};
    return campaign_job_make(&f->made, &f->input);
}

static void make_job(struct fixture *f, const char *request) {
    assert_int_equal(make(f, request), CAMPAIGN_JOB);
}

/* The list holds the hashes of these values, separated by spaces, in this order. */
static void expect_list(enum target target, const struct match_hashes *list, const char *values) {
    struct str rest = str_from(values);
    uint32_t count = 0;
    while (rest.n > 0) {
        const char *end = memchr(rest.p, ' ', rest.n);
        struct str value = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        rest = end ? (struct str){end + 1, rest.n - value.n - 1} : (struct str){rest.p, 0};
        if (count >= list->count || list->items[count] != target_hash(target, value))
            fail_msg("%s: \"%.*s\" is not number %u of %u", target_name(target), STR_ARG(value), count,
                     list->count);
        count++;
    }
    if (count != list->count)
        fail_msg("%s: %u more than \"%s\"", target_name(target), list->count - count, values);
}

static void expect_values(const struct fixture *f, enum target target, const char *values) {
    expect_list(target, &f->made.job.request.values[target], values);
}

#define BANNER       "\"banner\":{\"w\":300,\"h\":250}"
#define SITE         "\"site\":{\"id\":\"s\"}"
#define WITH(member) "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}]," member "}"
#define IMP(members) "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," members "}]," SITE "}"

/* ---- the request ---- */

static void what_is_asked_comes_from_the_auction(void **state) {
    struct fixture *f = *state;
    make_job(f, WITH(SITE));
    assert_int_equal(f->made.job.top, 3);
    assert_int_equal(f->made.job.deadline_us, 77);
    assert_int_equal(f->made.job.request.now, 1700000000);
    assert_true(f->made.job.request.least_pctr == 0.25);
    assert_int_equal(f->made.job.request.utc_offset, MATCH_NO_OFFSET);
    assert_int_equal(f->made.job.request.connection, 255);
    for (int t = 0; t < TARGETS; t++)
        assert_int_equal(f->made.job.request.values[t].count, 0);
    assert_int_equal(f->made.job.request.badv.count, 0);
    assert_int_equal(f->made.job.request.cattax, 1);
}

static void places(void **state) {
    struct fixture *f = *state;
    make_job(f, WITH(SITE ",\"device\":{\"geo\":{\"country\":\"usa\",\"region\":\"ca\",\"city\":\" San "
                          "Jose\",\"utcoffset\":-480}}"));
    expect_values(f, TARGET_COUNTRY, "USA");
    expect_values(f, TARGET_REGION, "USA-CA");
    assert_int_equal(f->made.job.request.values[TARGET_CITY].items[0],
                     target_hash(TARGET_CITY, STR("san jose")));
    assert_int_equal(f->made.job.request.utc_offset, -480);
    make_job(f,
             WITH(SITE ",\"device\":{\"geo\":{\"country\":\"USA\",\"region\":\"US-CA\",\"utcoffset\":841}}"));
    expect_values(f, TARGET_REGION, "USA-CA");
    assert_int_equal(f->made.job.request.utc_offset, MATCH_NO_OFFSET);
    make_job(f, WITH(SITE ",\"device\":{\"geo\":{\"region\":\"CA\"}}"));
    expect_values(f, TARGET_REGION, "");
}

static void devices(void **state) {
    struct fixture *f = *state;
    make_job(f, WITH(SITE ",\"device\":{\"devicetype\":4,\"os\":\" iOS\",\"language\":\"DE-ch\","
                          "\"connectiontype\":2}"));
    expect_values(f, TARGET_DEVICE_TYPE, "4");
    expect_values(f, TARGET_OS, "ios");
    expect_values(f, TARGET_LANGUAGE, "de");
    expect_values(f, TARGET_CONNECTION, "2");
    assert_int_equal(f->made.job.request.connection, 2);
    make_job(f, WITH(SITE ",\"device\":{\"langb\":\"fr-CA\",\"connectiontype\":16}"));
    expect_values(f, TARGET_LANGUAGE, "fr");
    assert_int_equal(f->made.job.request.connection, 255);
    f->input.language = STR("pl");
    assert_int_equal(campaign_job_make(&f->made, &f->input), CAMPAIGN_JOB);
    expect_values(f, TARGET_LANGUAGE, "fr");
    make_job(f, WITH(SITE));
    f->input.language = STR("pl");
    assert_int_equal(campaign_job_make(&f->made, &f->input), CAMPAIGN_JOB);
    expect_values(f, TARGET_LANGUAGE, "pl");
}

static void inventory(void **state) {
    struct fixture *f = *state;
    make_job(f, WITH("\"site\":{\"domain\":\"News.Example.com.\",\"page\":\"https://other.example/\"}"));
    expect_values(f, TARGET_INVENTORY, "domain:news.example.com domain:example.com");
    make_job(f, WITH("\"site\":{\"page\":\"https://www.a.b.example:8443/x?y\"}"));
    expect_values(f, TARGET_INVENTORY, "domain:www.a.b.example domain:a.b.example domain:b.example");
    make_job(f, WITH("\"site\":{\"id\":\"s\",\"domain\":\"localhost\"}"));
    expect_values(f, TARGET_INVENTORY, "domain:localhost");
    make_job(f, WITH("\"app\":{\"bundle\":\"com.Example.App\",\"domain\":\"example.com\"}"));
    expect_values(f, TARGET_INVENTORY, "bundle:com.Example.App domain:example.com");
}

static void categories_and_their_parents(void **state) {
    struct fixture *f = *state;
    make_job(f, WITH("\"site\":{\"id\":\"s\",\"cat\":[\"IAB1-3\",\"IAB2\"],\"sectioncat\":[\"IAB5-6\"],"
                     "\"pagecat\":[\"IAB9\"],\"content\":{\"cattax\":6,\"cat\":[\"12-3\"]}}"));
    expect_values(f, TARGET_CATEGORY, "1:IAB1-3 1:IAB1 1:IAB2 1:IAB5-6 1:IAB5 1:IAB9 6:12-3");
    make_job(f, WITH("\"site\":{\"id\":\"s\",\"cattax\":7,\"cat\":[\"x-1\"]}"));
    expect_values(f, TARGET_CATEGORY, "7:x-1");
}

static void keywords_and_segments(void **state) {
    struct fixture *f = *state;
    make_job(
        f,
        WITH("\"site\":{\"id\":\"s\",\"keywords\":\" Cars ,, bikes,\",\"kwarray\":[\"Boats\"],"
             "\"content\":{\"keywords\":\"d\",\"kwarray\":[\" e\"]}},"
             "\"user\":{\"keywords\":\"f\",\"kwarray\":[\"g\",\"\"],\"data\":[{\"segment\":[{\"id\":\"S1\"},"
             "{\"name\":\"no id\"}]},{\"segment\":[{\"id\":\"s2\"}]}]}"));
    expect_values(f, TARGET_KEYWORD, "cars bikes boats d e f g");
    expect_values(f, TARGET_SEGMENT, "S1 s2");
}

static void what_is_blocked(void **state) {
    struct fixture *f = *state;
    make_job(f, WITH(SITE ",\"badv\":[\"Ford.com.\",\"\"],\"bcat\":[\"IAB25\",\"IAB7-39\"],\"wlang\":[\"de\","
                          "\"EN\"],\"wlangb\":[\"fr-CA\"],\"ext\":{\"bcrid\":[\"C-1\"]}"));
    const struct match_request *r = &f->made.job.request;
    expect_list(TARGET_ADVERTISER, &r->badv, "ford.com");
    expect_list(TARGET_CATEGORY, &r->bcat, "1:IAB25 1:IAB7-39");
    expect_list(TARGET_LANGUAGE, &r->wlang, "de en fr");
    expect_list(TARGET_CREATIVE, &r->bcrid, "C-1");
    make_job(f, WITH(SITE ",\"bcat\":[\"5\"],\"cattax\":500"));
    assert_int_equal(f->made.job.request.cattax, 255);
    expect_list(TARGET_CATEGORY, &f->made.job.request.bcat, "500:5");
}

/* ---- imps ---- */

static void sizes(void **state) {
    struct fixture *f = *state;
    make_job(f,
             IMP("\"banner\":{\"w\":300,\"h\":250,\"format\":[{\"w\":728,\"h\":90}]},\"video\":{\"mimes\":["
                 "\"video/mp4\"]},\"native\":{\"request\":\"{\\\"assets\\\":[{\\\"id\\\":1,\\\"title\\\":{"
                 "\\\"len\\\":9}}]}\"}"));
    assert_int_equal(f->made.job.imp_count, 1);
    expect_list(TARGET_SIZE, &f->made.job.imps[0].sizes, "300x250 728x90 video native");
    make_job(f, IMP("\"instl\":1,\"banner\":{}"));
    expect_list(TARGET_SIZE, &f->made.job.imps[0].sizes, "banner");
    make_job(f, IMP("\"banner\":{\"format\":[{\"wratio\":6,\"hratio\":5,\"wmin\":200}]}"));
    expect_list(TARGET_SIZE, &f->made.job.imps[0].sizes, "300x250 336x280");
}

static void what_an_imp_asks(void **state) {
    struct fixture *f = *state;
    make_job(f, IMP("\"banner\":{\"w\":1,\"h\":1,\"pos\":7,\"battr\":[1,8,31,0,32,99]},\"secure\":1,"
                    "\"tagid\":\"Top\""));
    const struct match_imp *imp = &f->made.job.imps[0];
    assert_int_equal(imp->battr, 1u << 1 | 1u << 8 | 1u << 31);
    assert_int_equal(imp->position, 7);
    assert_true(imp->secure);
    assert_false(imp->private_auction);
    assert_true(imp->slot == target_hash(TARGET_SLOT, STR("Top")));
    assert_true(imp->floor == 0);
    make_job(f, IMP(BANNER ",\"secure\":0"));
    assert_int_equal(imp->position, 255);
    assert_false(imp->secure);
    assert_int_equal(imp->slot, 0);
}

static void floors_are_in_the_tables_currency_a_view(void **state) {
    struct fixture *f = *state;
    const struct match_imp *imp = f->made.job.imps;
    make_job(f, IMP(BANNER ",\"bidfloor\":2"));
    assert_true(fabs(imp->floor - 0.002) < 1e-12);
    make_job(f, IMP(BANNER ",\"bidfloor\":2,\"bidfloorcur\":\"EUR\""));
    assert_true(fabs(imp->floor - 0.004) < 1e-12);
    make_job(f, IMP(BANNER ",\"bidfloor\":2,\"bidfloorcur\":\"XXX\""));
    assert_true(isinf(imp->floor));
    make_job(f, IMP(BANNER ",\"bidfloor\":0,\"bidfloorcur\":\"XXX\""));
    assert_true(imp->floor == 0);
}

static void deals(void **state) {
    struct fixture *f = *state;
    make_job(f,
             IMP(BANNER ",\"pmp\":{\"private_auction\":1,\"deals\":[{\"id\":\"a\",\"bidfloor\":1},{\"id\":"
                        "\"b\",\"wseat\":[\"other\"]},{\"id\":\"c\",\"wseat\":[\"house\",\"other\"]},{\"id\":"
                        "\"d\",\"bidfloor\":1,\"bidfloorcur\":\"XXX\"}]}"));
    const struct match_imp *imp = &f->made.job.imps[0];
    expect_list(TARGET_DEAL, &imp->deals, "a b c d");
    assert_true(imp->private_auction);
    assert_true(fabs(imp->deal_floors[0] - 0.001) < 1e-12);
    assert_true(isinf(imp->deal_floors[1]));
    assert_true(imp->deal_floors[2] == 0);
    assert_true(isinf(imp->deal_floors[3]));
}

static void media_that_differ_are_asked_about_apart(void **state) {
    struct fixture *f = *state;
    make_job(
        f,
        "{\"id\":\"r\",\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250,\"battr\":[1,2]},\"video\":{"
        "\"mimes\":[\"v\"],\"battr\":[2]}},{\"id\":\"2\",\"banner\":{\"w\":1,\"h\":1,\"battr\":[2,1]},"
        "\"video\":{\"mimes\":[\"v\"],\"battr\":[1,2]}},{\"id\":\"3\",\"banner\":{\"w\":1,\"h\":1,\"pos\":1},"
        "\"video\":{\"mimes\":[\"v\"],\"pos\":3}}]," SITE "}");
    static const char *const ids[] = {"1", "1", "2", "3", "3"};
    static const char *const offered[] = {"300x250", "video", "1x1 video", "1x1", "video"};
    assert_int_equal(f->made.job.imp_count, 5);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_true(str_eq(f->made.imps[i]->id, str_from(ids[i])));
        expect_list(TARGET_SIZE, &f->made.job.imps[i].sizes, offered[i]);
    }
    assert_int_equal(f->made.job.imps[0].battr, 6);
    assert_int_equal(f->made.job.imps[1].battr, 4);
    assert_int_equal(f->made.job.imps[3].position, 1);
    assert_int_equal(f->made.job.imps[4].position, 3);
}

/* ---- whether to ask at all ---- */

static void who_is_not_asked(void **state) {
    struct fixture *f = *state;
    assert_int_equal(make(f, WITH(SITE ",\"wseat\":[\"x\"]")), CAMPAIGN_UNFIT);
    assert_int_equal(make(f, WITH(SITE ",\"wseat\":[\"x\",\"house\"]")), CAMPAIGN_JOB);
    assert_int_equal(make(f, WITH(SITE ",\"bseat\":[\"house\"]")), CAMPAIGN_UNFIT);
    assert_int_equal(make(f, IMP("\"audio\":{\"mimes\":[\"a\"]}")), CAMPAIGN_UNFIT);
    assert_int_equal(make(f, IMP(BANNER ",\"ext\":{\"prebid\":{\"bidder\":{\"alpha\":{}}}}")),
                     CAMPAIGN_NOT_NAMED);
    assert_int_equal(make(f, IMP(BANNER ",\"ext\":{\"prebid\":{\"bidder\":{\"alpha\":{},\"HOUSE\":{}}}}")),
                     CAMPAIGN_JOB);
    assert_int_equal(make(f, IMP(BANNER ",\"ext\":{\"prebid\":{\"bidder\":{}}}")), CAMPAIGN_JOB);
    /* No common size fits. */
    assert_int_equal(make(f, IMP("\"banner\":{\"format\":[{\"wratio\":97,\"hratio\":1,\"wmin\":9}]}")),
                     CAMPAIGN_UNFIT);
}

/* ---- caps ---- */

/* n items, with their number in the place of #, between two texts. */
static char *many(const char *before, const char *item, int n, const char *after) {
    size_t room = strlen(before) + strlen(after) + (size_t)n * (strlen(item) + 12) + 1;
    char *text = malloc(room);
    assert_non_null(text);
    size_t at = (size_t)snprintf(text, room, "%s", before);
    int head = (int)(strchr(item, '#') - item);
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, room - at, "%s%.*s%d%s", i ? "," : "", head, item, i,
                               item + head + 1);
    snprintf(text + at, room - at, "%s", after);
    return text;
}

static void lists_have_caps(void **state) {
    struct fixture *f = *state;
    char *text = many("{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}]," SITE ",\"badv\":[",
                      "\"a#.example\"", 5000, "]}");
    make_job(f, text);
    assert_int_equal(f->made.job.request.badv.count, MATCH_MOST_VALUES);
    assert_true(job_bytes(&f->made.job) <= JOB_MOST_BYTES);
    free(text);
    text = many("{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}]," SITE ",\"user\":{\"kwarray\":[",
                "\"k#\"", 5000, "]}}");
    make_job(f, text);
    assert_int_equal(f->made.job.request.values[TARGET_KEYWORD].count, CAMPAIGN_JOB_LIST);
    free(text);
    text = many("{\"id\":\"r\",\"imp\":[", "{\"id\":\"#\"," BANNER "}", 200, "]," SITE "}");
    make_job(f, text);
    assert_int_equal(f->made.job.imp_count, JOB_MOST_IMPS);
    free(text);
    text = many("{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER ",\"pmp\":{\"deals\":[", "{\"id\":\"d#\"}",
                200, "]}}]," SITE "}");
    make_job(f, text);
    assert_int_equal(f->made.job.imps[0].deals.count, CAMPAIGN_JOB_SIZES);
    free(text);
}

static void values_too_long_for_any_table_are_left_out(void **state) {
    struct fixture *f = *state;
    char value[TABLE_ID_BYTES + 2];
    memset(value, 'a', sizeof value);
    value[sizeof value - 1] = '\0';
    char text[8192];
    snprintf(
        text, sizeof text,
        WITH("\"app\":{\"bundle\":\"%s\",\"domain\":\"%s.b\",\"cat\":[\"%s\"],\"keywords\":\"%s,k\"},"
             "\"device\":{\"os\":\"%s\",\"language\":\"%s\",\"geo\":{\"country\":\"%s\",\"region\":\"%s\"}},"
             "\"badv\":[\"%s\"],\"bcat\":[\"%s\"],\"wlang\":[\"%s\"],\"ext\":{\"bcrid\":[\"%s\"]}"),
        value, value, value, value, value, value, value, value, value, value, value, value);
    make_job(f, text);
    for (int t = 0; t < TARGETS; t++)
        if (t != TARGET_KEYWORD)
            assert_int_equal(f->made.job.request.values[t].count, 0);
    expect_values(f, TARGET_KEYWORD, "k");
    assert_int_equal(f->made.job.request.badv.count + f->made.job.request.bcat.count +
                         f->made.job.request.wlang.count + f->made.job.request.bcrid.count,
                     0);
}

/* What is made can be sent, and is read as it was meant. */
static void a_job_survives_its_frame(void **state) {
    struct fixture *f = *state;
    static uint64_t frame[JOB_MOST_BYTES / 8];
    struct job *read = calloc(1, sizeof *read);
    assert_non_null(read);
    make_job(f, WITH("\"site\":{\"id\":\"s\",\"domain\":\"a.example\",\"cat\":[\"IAB1-1\"]},\"device\":{"
                     "\"devicetype\":2,\"geo\":{"
                     "\"country\":\"USA\"}},\"badv\":[\"x.example\"]"));
    f->made.job.id = 5;
    f->made.job.generation = 6;
    assert_true(job_bytes(&f->made.job) <= sizeof frame);
    job_write(&f->made.job, frame);
    assert_int_equal(job_read(frame, job_bytes(&f->made.job), read), 0);
    assert_int_equal(read->imp_count, 1);
    expect_list(TARGET_CATEGORY, &read->request.values[TARGET_CATEGORY], "1:IAB1-1 1:IAB1");
    expect_list(TARGET_ADVERTISER, &read->request.badv, "x.example");
    expect_list(TARGET_SIZE, &read->imps[0].sizes, "300x250");
    free(read);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_asked_comes_from_the_auction),
        TEST(places),
        TEST(devices),
        TEST(inventory),
        TEST(categories_and_their_parents),
        TEST(keywords_and_segments),
        TEST(what_is_blocked),
        TEST(sizes),
        TEST(what_an_imp_asks),
        TEST(floors_are_in_the_tables_currency_a_view),
        TEST(deals),
        TEST(media_that_differ_are_asked_about_apart),
        TEST(who_is_not_asked),
        TEST(lists_have_caps),
        TEST(values_too_long_for_any_table_are_left_out),
        TEST(a_job_survives_its_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
