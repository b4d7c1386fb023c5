/* Recorded lines become OpenRTB requests that the exchange's own parser takes, field by field as documented.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "openrtb/openrtb_request.h"
#include "replay/replay_convert.h"
#include "replay/replay_country.h"

static struct buf json;
static struct arena_pool pool;
static struct arena arena;
static struct openrtb_request request;
static struct convert_output output;
static char reason[200];

static int setup(void **state) {
    (void)state;
    buf_init(&json, 1 << 20);
    arena_pool_init(&pool, 8);
    arena_init(&arena, &pool, 1 << 20);
    output = (struct convert_output){&json, 0, reason, sizeof reason};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    buf_cleanup(&json);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
    return 0;
}

static void parse(void) {
    struct openrtb_parse_limits limits;
    struct openrtb_error error = {"", ""};
    openrtb_parse_limits_default(&limits);
    assert_false(json.failed);
    if (openrtb_request_parse(buf_view(&json), &limits, &arena, &request, &error) != 0)
        fail_msg("%s: %s in %.*s", error.path, error.reason, (int)json.n, json.p);
}

static bool holds(const char *part) {
    return memmem(json.p, json.n, part, strlen(part)) != NULL;
}

static int convert(int (*fn)(const struct convert_input *, struct convert_output *), const char *line) {
    struct convert_input input = {str_from(line), 120};
    buf_clear(&json, SIZE_MAX);
    return fn(&input, &output);
}

/* ---- RTBkit ---- */

#define RTBKIT_HEAD "{\"!!CV\":\"0.1\",\"id\":\"a-1\",\"timestamp\":1326240000.066617,\"provider\":\"p\","

static void rtbkit_fields_find_their_places(void **state) {
    (void)state;
    assert_int_equal(
        convert(
            rtbkit_convert, RTBKIT_HEAD
            "\"exchange\":\"dblclk_adx\",\"ipAddress\":\"192.0.2.1\",\"language\":\"en\","
            "\"location\":{\"cityName\":\"Somerset\",\"countryCode\":\"US\",\"dma\":613,\"postalCode\":"
            "\"715\","
            "\"regionCode\":\"WI\",\"timezoneOffsetMinutes\":-360},"
            "\"restrictions\":{\"clickUrl\":[\"rival.example\",\"two words\",\"a.example/path\"],"
            "\"creativeAttribute\":[7,22],\"vertical\":[10672]},"
            "\"segments\":{\"adgear\":[125],\"adxVerticals\":[[12,0.25],444]},"
            "\"spots\":[{\"formats\":[\"728x90\",\"300x250\"],\"id\":\"9\",\"position\":\"NONE\","
            "\"reservePrice\":0}],\"url\":\"http://WWW.News.example:8080/home?a=b\",\"userAgent\":\"UA/1\","
            "\"userIds\":{\"adx\":\"u1\",\"xchg\":\"u1\",\"prov\":\"b1\",\"ag\":\"other\"}}"),
        0);
    parse();
    assert_int_equal(output.at_us, 1326240000066617u);
    assert_true(str_eq(request.id, STR("a-1")));
    assert_int_equal(request.at, 2);
    assert_int_equal(request.tmax, 120);
    assert_int_equal(request.imp_count, 1);
    assert_true(str_eq(request.imps[0].id, STR("9")));
    assert_int_equal(request.imps[0].banner->format_count, 2);
    assert_int_equal(request.imps[0].banner->formats[1].h, 250);
    assert_true(request.imps[0].bidfloor == 0);
    assert_true(str_eq(request.channel_domain, STR("www.news.example")));
    assert_true(str_eq(request.site_page, STR("http://WWW.News.example:8080/home?a=b")));
    assert_true(str_eq(request.device_ip, STR("192.0.2.1")));
    assert_true(str_eq(request.device_ua, STR("UA/1")));
    assert_true(str_eq(request.geo_country, STR("USA")));
    assert_true(str_eq(request.geo_region, STR("WI")));
    assert_true(str_eq(request.user_id, STR("u1")));
    assert_true(str_eq(request.user_buyeruid, STR("b1")));
    assert_int_equal(request.badv.count, 1);
    assert_true(str_eq(request.badv.items[0], STR("rival.example")));
    assert_true(holds("\"clickUrl\":[\"two words\",\"a.example/path\"]"));
    assert_true(holds("\"creativeAttribute\":[7,22]") && holds("\"vertical\":[10672]"));
    assert_true(holds("{\"id\":\"12\",\"value\":\"0.25\"},{\"id\":\"444\"}"));
    assert_true(holds("\"segment\":[{\"id\":\"125\"}]"));
    assert_true(holds("\"utcoffset\":-360") && holds("\"metro\":\"613\""));
    assert_true(holds("\"ext\":{\"rtbkit\":{\"ag\":\"other\"}}"));
}

static void rtbkit_what_is_missing_is_left_out(void **state) {
    (void)state;
    assert_int_equal(convert(rtbkit_convert, RTBKIT_HEAD
                             "\"exchange\":\"context_web\",\"location\":{\"countryCode\":\"A1\","
                             "\"timezoneOffsetMinutes\":300,\"regionCode\":\"H9\"},"
                             "\"spots\":[{\"formats\":[\"160x600\"],\"id\":\"1\",\"reservePrice\":0.5}]}"),
                     0);
    parse();
    assert_true(request.imps[0].bidfloor == 0.5);
    assert_false(str_present(request.geo_country));
    assert_false(str_present(request.geo_region));
    assert_true(holds("\"regionCode\":\"H9\""));
    assert_true(holds("\"utcoffset\":-300")); /* that exchange counts westwards */
    assert_true(str_eq(request.channel_id, STR("unknown")));
    assert_false(str_present(request.device_ip));
}

static void rtbkit_bad_lines_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"id\":\"1\"}",
        RTBKIT_HEAD "\"spots\":[]}",
        RTBKIT_HEAD "\"spots\":[{\"id\":\"1\",\"formats\":[\"728by90\"]}]}",
        RTBKIT_HEAD "\"spots\":[{\"id\":\"1\",\"formats\":[7]}]}",
        RTBKIT_HEAD "\"spots\":[{\"id\":\"1\",\"formats\":[]}]}",
        RTBKIT_HEAD "\"spots\":7}",
        "{\"id\":\"1\",\"timestamp\":-5,\"spots\":[{\"id\":\"1\",\"formats\":[\"1x1\"]}]}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        reason[0] = 0;
        assert_int_equal(convert(rtbkit_convert, bad[i]), -1);
        assert_true(reason[0] != 0);
    }
}

/* ---- iPinYou ---- */

static void ipinyou_columns_find_their_places(void **state) {
    (void)state;
    assert_int_equal(
        convert(ipinyou_convert,
                "b1\t20130606000104192\t1\tu1\tUA \xe6\xff/1\t192.0.2.*\t106\t117\t2\tdom\turl\tnull\tslot"
                "\t950\t90\t1\t5\t16\tcr\t227\t207\tlp\t3427\t10063,10684"),
        0);
    parse();
    uint64_t first = output.at_us;
    assert_true(str_eq(request.id, STR("b1")));
    assert_int_equal(request.imps[0].banner->formats[0].w, 950);
    assert_int_equal(request.imps[0].banner->pos, 1);
    assert_true(str_eq(request.imps[0].tagid, STR("slot")));
    assert_true(request.imps[0].bidfloor == 0.16);
    assert_true(str_eq(request.imps[0].bidfloorcur, STR("CNY")));
    assert_true(str_eq(request.channel_id, STR("dom")));
    assert_true(str_eq(request.device_ip, STR("192.0.2.0")));
    assert_true(str_eq(request.geo_country, STR("CHN")));
    assert_true(str_eq(request.user_id, STR("u1")));
    assert_true(holds("\"segment\":[{\"id\":\"10063\"},{\"id\":\"10684\"}]"));
    assert_true(holds("UA \xef\xbf\xbd\xef\xbf\xbd/1")); /* bytes that are no UTF-8 */
    assert_false(holds("anonymous_url"));
    assert_false(holds("227") || holds("207") || holds("3427")); /* the auction's outcome is not told */
    assert_int_equal(convert(ipinyou_convert,
                             "b2\t20130606000105192\t1\tu1\tUA\t192.0.2.*\t106\t117\t2\tdom\turl\tnull"
                             "\tslot\t950\t90\t0\t5\t0\tcr\t227\t207\tlp\t3427\tnull"),
                     0);
    parse();
    assert_int_equal(output.at_us - first, 1000000);
}

static void ipinyou_bad_lines_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "a\tb\tc",
        "b1\t2013\t1\tu1\tUA\t1.2.3.*\t1\t1\t2\td\tu\tn\ts\t950\t90\t1\t5\t16\tc\t1\t1\tl\t1\tnull",
        "b1\t20130606000104192\t1\tu1\tUA\t1.2.3.*"
        "\t1\t1\t2\td\tu\tn\ts\t0\t90\t1\t5\t16\tc\t1\t1\tl\t1\tnull",
        "b1\t20130606000104192\t1\tu1\tUA\t1.2.3.*"
        "\t1\t1\t2\td\tu\tn\ts\t9\t90\t1\t5\t16\tc\t1\t1\tl\t1\tnull\tx",
        "b1\t2013x606000104192\t1\tu1\tUA\t1.2.3.*"
        "\t1\t1\t2\td\tu\tn\ts\tw\t90\t1\t5\t16\tc\t1\t1\tl\t1\tnull",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(convert(ipinyou_convert, bad[i]), -1);
        assert_int_equal(convert(ipinyou_convert_event, bad[i]), -1);
    }
}

static void ipinyou_lines_are_page_views(void **state) {
    (void)state;
    assert_int_equal(convert(ipinyou_convert_event,
                             "b1\t20130606000104192\t1\tu1\tUA\t192.0.2.*\t106\t117\t2\tdom\turl\tnull\tslot"
                             "\t950\t90\t1\t5\t16\tcr\t227\t207\tlp\t3427\t10063,10684"),
                     0);
    assert_true(str_eq(
        buf_view(&json),
        STR("{\"messageId\":\"b1\",\"type\":\"page\",\"anonymousId\":\"u1\",\"context\":{\"userAgent\":"
            "\"UA\",\"ip\":\"192.0.2.0\",\"page\":{\"url\":\"https://dom.ipinyou.example/950x90/url\"}},"
            "\"properties\":{\"categories\":[\"10063\",\"10684\"]}}")));
    assert_int_equal(convert(ipinyou_convert_event,
                             "b2\t20130606000105192\t1\tnull\tUA\t192.0.2.*\t106\t117\t2\tnull\tnull\tnull"
                             "\tslot\t950\t90\t0\t5\t0\tcr\t227\t207\tlp\t3427\tnull"),
                     0);
    assert_true(holds("\"anonymousId\":\"unknown\"") && holds("https://unknown.ipinyou.example/950x90/\""));
    assert_true(holds("\"categories\":[]"));
}

/* ---- the others ---- */

static void every_demo_request_is_valid_and_its_own(void **state) {
    (void)state;
    bool banner = false, video = false, audio = false, native = false, app = false, deals = false,
         test = false;
    for (unsigned i = 0; i < DEMO_REQUESTS; i++) {
        char id[16];
        buf_clear(&json, SIZE_MAX);
        demo_write(i, &json);
        parse();
        snprintf(id, sizeof id, "demo-%02u", i);
        assert_true(str_eq(request.id, str_from(id)));
        for (size_t k = 0; k < request.imp_count; k++) {
            banner |= request.imps[k].banner != NULL;
            video |= request.imps[k].video != NULL;
            audio |= request.imps[k].audio != NULL;
            native |= request.imps[k].native != NULL;
            deals |= request.imps[k].deal_count > 0;
        }
        app |= request.channel == OPENRTB_APP;
        test |= request.test;
        arena_reset(&arena);
    }
    assert_true(banner && video && audio && native && app && deals && test);
}

static void countries_have_three_letters(void **state) {
    (void)state;
    assert_true(str_eq(country_alpha3(STR("US")), STR("USA")));
    assert_true(str_eq(country_alpha3(STR("gb")), STR("GBR")));
    assert_true(str_eq(country_alpha3(STR("AD")), STR("AND")));
    assert_true(str_eq(country_alpha3(STR("ZW")), STR("ZWE")));
    assert_false(str_present(country_alpha3(STR("A1"))));
    assert_false(str_present(country_alpha3(STR("USA"))));
    assert_false(str_present(country_alpha3(STR(""))));
}

#define CONVERT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CONVERT_TEST(rtbkit_fields_find_their_places),
        CONVERT_TEST(rtbkit_what_is_missing_is_left_out),
        CONVERT_TEST(rtbkit_bad_lines_are_refused),
        CONVERT_TEST(ipinyou_columns_find_their_places),
        CONVERT_TEST(ipinyou_bad_lines_are_refused),
        CONVERT_TEST(ipinyou_lines_are_page_views),
        CONVERT_TEST(every_demo_request_is_valid_and_its_own),
        CONVERT_TEST(countries_have_three_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
