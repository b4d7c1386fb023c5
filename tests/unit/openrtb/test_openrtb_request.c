/* What of a request is kept, where it lies, what stands for what is absent, and what travels on. */
#include "openrtb_fixture.h"

#include <string.h>

static void parse(struct fixture *fixture, const char *text) {
    if (fixture_parse(fixture, str_from(text)) != 0)
        fail_msg("%s: %s", fixture->error.path, fixture->error.reason);
}

static void what_an_auction_reads_is_kept(void **state) {
    struct fixture *fixture = *state;
    const struct openrtb_request *r = &fixture->request;
    parse(fixture, "{\"user\":{\"id\":\"u\",\"buyeruid\":\"b\",\"geo\":{\"country\":\"DEU\",\"region\":"
                   "\"BE\"}},\"id\":\"r\\u0031\","
                   "\"at\":1,\"tmax\":120,\"test\":1,\"allimps\":1,\"wseat\":[\"s1\"],\"bseat\":[\"s2\","
                   "\"s3\"],\"cur\":[\"EUR\"],"
                   "\"bcat\":[\"IAB25\"],\"badv\":[\"a.example\"],\"bapp\":[\"app\"],\"cattax\":6,"
                   "\"source\":{\"tid\":\"t\"},\"regs\":{\"coppa\":1,\"ext\":{\"gdpr\":1}},"
                   "\"site\":{\"id\":\"s\",\"domain\":\"d\",\"page\":\"p\",\"ref\":\"f\",\"cat\":[\"IAB1\"],"
                   "\"publisher\":{\"id\":\"pub\"}},"
                   "\"device\":{\"ip\":\"1.2.3.4\",\"ipv6\":\"::1\",\"ua\":\"agent\",\"language\":\"de\","
                   "\"os\":\"Linux\",\"ifa\":\"i\","
                   "\"dnt\":0,\"lmt\":1,\"devicetype\":2},"
                   "\"ext\":{\"prebid\":{\"returnallbids\":true}},\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,"
                   "\"h\":2}}]}");
    ASSERT_STR(r->id, "r1");
    assert_ptr_equal(r->text.p, fixture->copy);
    assert_int_equal(r->at, 1);
    assert_int_equal(r->tmax, 120);
    assert_true(r->test);
    assert_true(r->allimps);
    assert_int_equal(r->wseat.count, 1);
    ASSERT_STR(r->bseat.items[1], "s3");
    ASSERT_STR(r->cur.items[0], "EUR");
    ASSERT_STR(r->bcat.items[0], "IAB25");
    ASSERT_STR(r->badv.items[0], "a.example");
    ASSERT_STR(r->bapp.items[0], "app");
    assert_int_equal(r->cattax, 6);
    assert_int_equal(r->channel, OPENRTB_SITE);
    ASSERT_STR(r->channel_id, "s");
    ASSERT_STR(r->channel_domain, "d");
    ASSERT_STR(r->site_page, "p");
    ASSERT_STR(r->site_ref, "f");
    ASSERT_STR(r->publisher_id, "pub");
    ASSERT_STR(r->channel_cat.items[0], "IAB1");
    assert_true(r->has_device);
    ASSERT_STR(r->device_ip, "1.2.3.4");
    ASSERT_STR(r->device_ipv6, "::1");
    ASSERT_STR(r->device_ua, "agent");
    ASSERT_STR(r->device_language, "de");
    ASSERT_STR(r->device_os, "Linux");
    ASSERT_STR(r->device_ifa, "i");
    assert_int_equal(r->device_dnt, 0);
    assert_int_equal(r->device_lmt, 1);
    assert_int_equal(r->device_type, 2);
    ASSERT_STR(r->geo_country, "DEU");
    ASSERT_STR(r->geo_region, "BE");
    ASSERT_STR(r->user_id, "u");
    ASSERT_STR(r->user_buyeruid, "b");
    assert_int_equal(r->coppa, 1);
    assert_int_equal(r->gdpr, 1);
    ASSERT_STR(r->source_tid, "t");
    assert_true(r->returnallbids);
}

static void what_is_absent(void **state) {
    struct fixture *fixture = *state;
    const struct openrtb_request *r = &fixture->request;
    parse(fixture,
          "{\"id\":\"r\",\"imp\":[{\"id\":\"1\",\"banner\":{\"format\":[{\"w\":1,\"h\":1}]}}],\"app\":{}}");
    assert_int_equal(r->at, 2);
    assert_int_equal(r->cattax, 1);
    assert_int_equal(r->tmax, OPENRTB_ABSENT);
    assert_int_equal(r->coppa, OPENRTB_ABSENT);
    assert_int_equal(r->gdpr, OPENRTB_ABSENT);
    assert_int_equal(r->device_dnt, OPENRTB_ABSENT);
    assert_int_equal(r->channel, OPENRTB_APP);
    assert_false(r->has_device);
    assert_false(r->test);
    assert_null(r->channel_id.p);
    assert_int_equal(r->device.count, 0);
    assert_int_equal(r->ext.count, 0);
    const struct openrtb_imp *imp = &r->imps[0];
    ASSERT_STR(imp->bidfloorcur, "USD");
    assert_true(imp->bidfloor == 0);
    assert_true(imp->multiplier == 1);
    assert_int_equal(imp->secure, OPENRTB_ABSENT);
    assert_int_equal(imp->instl, OPENRTB_ABSENT);
    assert_int_equal(imp->banner->w, OPENRTB_ABSENT);
    assert_int_equal(imp->banner->formats[0].wmin, OPENRTB_ABSENT);
    assert_null(imp->video);
    assert_int_equal(imp->deal_count, 0);
}

static void the_device_is_nearer_than_the_home(void **state) {
    struct fixture *fixture = *state;
    parse(fixture, WITH("\"user\":{\"geo\":{\"country\":\"DEU\",\"region\":\"BE\"}},"
                        "\"device\":{\"geo\":{\"country\":\"FRA\"}}"));
    ASSERT_STR(fixture->request.geo_country, "FRA");
    assert_null(fixture->request.geo_region.p);
    parse(fixture, WITH("\"regs\":{\"gdpr\":0,\"ext\":{\"gdpr\":1}}"));
    assert_int_equal(fixture->request.gdpr, 0);
    parse(fixture,
          "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}],\"dooh\":{\"venuetype\":[\"v\"],\"id\":\"d\"}}");
    assert_int_equal(fixture->request.channel, OPENRTB_DOOH);
    ASSERT_STR(fixture->request.channel_id, "d");
}

static void imps_of_every_kind(void **state) {
    struct fixture *fixture = *state;
    parse(
        fixture,
        IMPS(
            "{\"id\":\"a\",\"bidfloor\":1.25,\"qty\":{\"ext\":{\"multiplier\":8},\"multiplier\":14.2},"
            "\"bidfloorcur\":\"EUR\",\"secure\":1,\"instl\":0,\"rwdd\":1,"
            "\"tagid\":\"t\","
            "\"banner\":{\"w\":300,\"h\":250,\"pos\":3,\"format\":[{\"w\":1,\"h\":2},{\"wmin\":3,\"wratio\":"
            "4,\"hratio\":5}],"
            "\"battr\":[1,2],\"btype\":[3],\"api\":[4],\"mimes\":[\"image/png\"]},"
            "\"pmp\":{\"private_auction\":1,\"deals\":[{\"id\":\"d1\"},{\"id\":\"d2\",\"bidfloor\":2,"
            "\"bidfloorcur\":\"GBP\","
            "\"at\":3,\"wseat\":[\"s\"],\"wadomain\":[\"w.example\"]}]}},"
            "{\"id\":\"b\",\"video\":{\"mimes\":[\"video/"
            "mp4\"],\"w\":640,\"h\":480,\"minduration\":5,\"maxduration\":30,"
            "\"protocols\":[2,3],\"battr\":[7],\"api\":[1]}},"
            "{\"id\":\"c\",\"audio\":{\"mimes\":[\"audio/mp4\",\"audio/ogg\"]},\"native\":{\"ver\":\"1.2\","
            "\"request\":\"{\\\"assets\\\":[{\\\"title\\\":{\\\"len\\\":90}}]}\",\"api\":[3],\"battr\":[8]}},"
            "{\"id\":\"d\"," BANNER "},{\"id\":\"e\"," BANNER "},{\"id\":\"f\"," BANNER "}"));
    const struct openrtb_request *r = &fixture->request;
    assert_int_equal(r->imp_count, 6);
    ASSERT_STR(r->imps[5].id, "f");
    const struct openrtb_imp *a = &r->imps[0], *b = &r->imps[1], *c = &r->imps[2];
    assert_true(a->bidfloor == 1.25);
    assert_true(a->multiplier == 14.2);
    ASSERT_STR(a->bidfloorcur, "EUR");
    assert_int_equal(a->secure, 1);
    assert_int_equal(a->instl, 0);
    assert_int_equal(a->rwdd, 1);
    ASSERT_STR(a->tagid, "t");
    assert_int_equal(a->banner->w, 300);
    assert_int_equal(a->banner->pos, 3);
    assert_int_equal(a->banner->format_count, 2);
    assert_int_equal(a->banner->formats[1].hratio, 5);
    assert_true(int_list_has(&a->banner->battr, 2));
    assert_false(int_list_has(&a->banner->battr, 3));
    assert_int_equal(a->banner->btype.items[0], 3);
    ASSERT_STR(a->banner->mimes.items[0], "image/png");
    assert_true(a->private_auction);
    assert_int_equal(a->deal_count, 2);
    ASSERT_STR(a->deals[0].bidfloorcur, "USD");
    assert_int_equal(a->deals[0].at, OPENRTB_ABSENT);
    assert_true(a->deals[1].bidfloor == 2);
    assert_int_equal(a->deals[1].at, 3);
    ASSERT_STR(a->deals[1].wadomain.items[0], "w.example");
    assert_int_equal(b->video->w, 640);
    assert_int_equal(b->video->maxduration, 30);
    assert_int_equal(b->video->protocols.count, 2);
    assert_null(b->banner);
    assert_int_equal(c->audio->mimes.count, 2);
    ASSERT_STR(c->native->request, "{\"assets\":[{\"title\":{\"len\":90}}]}");
    assert_int_equal(c->native->api.items[0], 3);
}

static void what_travels_on_is_listed(void **state) {
    struct fixture *fixture = *state;
    parse(fixture, "{ \"id\" : \"r\" ,\"imp\":[ {\"id\":\"1\" , " BANNER
                   ", \"ext\" : {\"tid\":\"t\", \"prebid\":{\"bidder\": "
                   "{\"alpha\" : {\"p\":[1, 2]},\"be\\u0074a\":{}},\"x\":1}} , \"new\":[ ] } ],\"unknown\" : "
                   "{\"a\": [1,{}]},"
                   "\"device\":{\"ua\":\"a\\\"b\", \"zz\":1.50e2},\"ext\":{\"k\":null}," SITE "}");
    const struct openrtb_request *r = &fixture->request;
    assert_int_equal(r->members.count, 6);
    ASSERT_STR(r->members.items[0].text, "\"id\" : \"r\"");
    const struct json_member *unknown = json_members_find(&r->members, STR("unknown"));
    assert_non_null(unknown);
    ASSERT_STR(unknown->text, "\"unknown\" : {\"a\": [1,{}]}");
    ASSERT_STR(unknown->value, "{\"a\": [1,{}]}");
    assert_null(json_members_find(&r->members, STR("nothing")));
    assert_int_equal(r->device.count, 2);
    ASSERT_STR(r->device.items[0].value, "\"a\\\"b\"");
    ASSERT_STR(r->device_ua, "a\"b");
    ASSERT_STR(r->device.items[1].text, "\"zz\":1.50e2");
    assert_int_equal(r->ext.count, 1);
    ASSERT_STR(r->ext.items[0].value, "null");
    const struct openrtb_imp *imp = &r->imps[0];
    assert_int_equal(imp->members.count, 4);
    ASSERT_STR(imp->members.items[3].text, "\"new\":[ ]");
    assert_int_equal(imp->ext.count, 2);
    assert_int_equal(imp->ext_prebid.count, 2);
    assert_int_equal(imp->bidders.count, 2);
    ASSERT_STR(imp->bidders.items[0].key, "alpha");
    ASSERT_STR(imp->bidders.items[0].value, "{\"p\":[1, 2]}");
    ASSERT_STR(imp->bidders.items[1].key, "beta");
    ASSERT_STR(imp->bidders.items[1].text, "\"be\\u0074a\":{}");
}

static void limits_are_the_callers(void **state) {
    struct fixture *fixture = *state;
    struct openrtb_parse_limits limits, defaults;
    openrtb_parse_limits_default(&defaults);
    struct str text = str_from(WITH("\"ext\":{\"a\":[1,2,3],\"b\":{\"c\":{\"d\":{}}}}"));
    static const struct {
        struct openrtb_parse_limits less;
        const char *path;
    } cases[] = {
        {{.depth = 4}, "ext.b.c.d"},         {{.imps = 0}, "imp[0]"},
        {{.array_items = 2}, "ext.a[2]"},    {{.object_members = 3}, ""},
        {{.string_bytes = 15}, "site.page"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        limits = defaults;
        if (i == 0)
            limits.depth = cases[i].less.depth;
        else if (i == 1)
            limits.imps = cases[i].less.imps;
        else if (i == 2)
            limits.array_items = cases[i].less.array_items;
        else if (i == 3)
            limits.object_members = cases[i].less.object_members;
        else
            limits.string_bytes = cases[i].less.string_bytes;
        assert_int_equal(
            openrtb_request_parse(text, &defaults, &fixture->arena, &fixture->request, &fixture->error), 0);
        assert_int_equal(
            openrtb_request_parse(text, &limits, &fixture->arena, &fixture->request, &fixture->error), -1);
        assert_string_equal(fixture->error.path, cases[i].path);
    }
}

/* ---- what own campaigns are matched by ---- */

static void what_matching_reads_is_kept(void **state) {
    struct fixture *fixture = *state;
    const struct openrtb_request *r = &fixture->request;
    parse(
        fixture,
        "{\"id\":\"r\",\"wlang\":[\"de\",\"en\"],\"wlangb\":[\"fr-CA\"],\"ext\":{\"bcrid\":[\"c1\",\"c2\"]},"
        "\"site\":{\"page\":\"https://News.Example:8080/"
        "x\",\"cattax\":6,\"cat\":[\"1\"],\"sectioncat\":[\"2\"],"
        "\"pagecat\":[\"3\",\"4\"],\"keywords\":\"a, b\",\"kwarray\":[\"c\"],"
        "\"content\":{\"keywords\":\"d\",\"kwarray\":[\"e\"],\"cat\":[\"IAB1-2\"],\"data\":[{\"segment\":[{"
        "\"id\":"
        "\"not this\"}]}]}},"
        "\"user\":{\"keywords\":\"f\",\"kwarray\":[\"g\"],\"data\":[{\"id\":\"p\",\"segment\":[{\"id\":"
        "\"s1\"},{"
        "\"name\":\"n\"}]},{},{\"segment\":[{\"id\":\"s2\",\"value\":\"v\"}]}]},"
        "\"device\":{\"langb\":\"de-CH\",\"connectiontype\":2,\"geo\":{\"country\":\"CHE\",\"region\":\"ZH\","
        "\"city\":\"Z\\u00fcrich\",\"utcoffset\":60}},"
        "\"imp\":[{\"id\":\"1\",\"tagid\":\"top\",\"video\":{\"mimes\":[\"video/mp4\"],\"pos\":7}},"
        "{\"id\":\"2\",\"video\":{\"mimes\":[\"video/mp4\"]}}]}");
    ASSERT_STR(r->wlang.items[1], "en");
    ASSERT_STR(r->wlangb.items[0], "fr-CA");
    assert_int_equal(r->bcrid.count, 2);
    ASSERT_STR(r->bcrid.items[1], "c2");
    assert_int_equal(r->channel_cattax, 6);
    ASSERT_STR(r->channel_cat.items[0], "1");
    ASSERT_STR(r->channel_sectioncat.items[0], "2");
    ASSERT_STR(r->channel_pagecat.items[1], "4");
    ASSERT_STR(r->channel_keywords, "a, b");
    ASSERT_STR(r->channel_kwarray.items[0], "c");
    ASSERT_STR(r->content->keywords, "d");
    ASSERT_STR(r->content->kwarray.items[0], "e");
    ASSERT_STR(r->content->cat.items[0], "IAB1-2");
    assert_int_equal(r->content->cattax, 1);
    ASSERT_STR(r->user_keywords, "f");
    ASSERT_STR(r->user_kwarray.items[0], "g");
    assert_int_equal(r->user_data_count, 3);
    assert_int_equal(r->user_data[0].segment_count, 2);
    ASSERT_STR(r->user_data[0].segments[0].id, "s1");
    assert_int_equal(r->user_data[0].segments[1].id.n, 0);
    assert_int_equal(r->user_data[1].segment_count, 0);
    ASSERT_STR(r->user_data[2].segments[0].id, "s2");
    ASSERT_STR(r->device_langb, "de-CH");
    assert_int_equal(r->device_connection, 2);
    ASSERT_STR(r->geo_city, "Z\u00fcrich");
    assert_int_equal(r->geo_utcoffset, 60);
    ASSERT_STR(r->imps[0].tagid, "top");
    assert_int_equal(r->imps[0].video->pos, 7);
    assert_int_equal(r->imps[1].video->pos, OPENRTB_ABSENT);
    ASSERT_STR(openrtb_request_host(r), "News.Example");
}

static void what_matching_lacks_is_absent(void **state) {
    struct fixture *fixture = *state;
    const struct openrtb_request *r = &fixture->request;
    parse(fixture, WITH("\"device\":{}"));
    assert_null(r->content);
    assert_int_equal(r->channel_cattax, 1);
    assert_int_equal(r->device_connection, OPENRTB_ABSENT);
    assert_int_equal(r->geo_utcoffset, OPENRTB_ABSENT);
    assert_int_equal(r->user_data_count, 0);
    assert_int_equal(r->bcrid.count, 0);
    ASSERT_STR(openrtb_request_host(r), "a.example");
    parse(fixture, "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}],\"site\":{\"page\":\"/no-host\"}}");
    assert_null(openrtb_request_host(r).p);
    parse(fixture, "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER
                   "}],\"app\":{\"bundle\":\"b\",\"domain\":\"d.example\"}}");
    ASSERT_STR(openrtb_request_host(r), "d.example");
}

static void the_hour_is_that_of_the_place(void **state) {
    struct fixture *fixture = *state;
    const struct openrtb_request *r = &fixture->request;
    parse(fixture, WITH("\"user\":{\"geo\":{\"country\":\"DEU\",\"city\":\"Bonn\",\"utcoffset\":60}}"));
    ASSERT_STR(r->geo_city, "Bonn");
    assert_int_equal(r->geo_utcoffset, 60);
    parse(fixture, WITH("\"device\":{\"geo\":{\"utcoffset\":-300}},"
                        "\"user\":{\"geo\":{\"country\":\"DEU\",\"utcoffset\":60}}"));
    ASSERT_STR(r->geo_country, "DEU");
    assert_int_equal(r->geo_utcoffset, -300);
    parse(fixture, WITH("\"device\":{\"geo\":{\"country\":\"USA\"}},"
                        "\"user\":{\"geo\":{\"city\":\"Bonn\",\"utcoffset\":60}}"));
    assert_null(r->geo_city.p);
    assert_int_equal(r->geo_utcoffset, OPENRTB_ABSENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matching_reads_is_kept),
        cmocka_unit_test(what_matching_lacks_is_absent),
        cmocka_unit_test(the_hour_is_that_of_the_place),
        cmocka_unit_test(what_an_auction_reads_is_kept),
        cmocka_unit_test(what_is_absent),
        cmocka_unit_test(the_device_is_nearer_than_the_home),
        cmocka_unit_test(imps_of_every_kind),
        cmocka_unit_test(what_travels_on_is_listed),
        cmocka_unit_test(limits_are_the_callers),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
