/* Every reason to refuse a bid, and what comes close to it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "clearing_fixture.h"

#define BANNER "\"banner\":{\"w\":300,\"h\":250}"
#define SIZES  "\"banner\":{\"format\":[{\"w\":300,\"h\":250},{\"w\":320,\"h\":50}]}"
#define FLEX   "\"banner\":{\"format\":[{\"wratio\":16,\"hratio\":9,\"wmin\":320}]}"
#define VIDEO  "\"video\":{\"mimes\":[\"video/mp4\"],\"w\":640,\"h\":480}"
#define AUDIO  "\"audio\":{\"mimes\":[\"audio/mp4\"]}"
#define NATIVE "\"native\":{\"request\":\"{\\\"assets\\\":[{\\\"id\\\":1,\\\"title\\\":{\\\"len\\\":9}}]}\"}"
#define SECURE "\"secure\":1"
#define PMP    "\"pmp\":{\"deals\":[{\"id\":\"d\"}]}"
#define ID     "\"id\":\"b\",\"impid\":\"1\",\"crid\":\"c\""
#define BID    ID ",\"price\":2,\"adm\":\"<b>ad</b>\""

struct check_case {
    const char *name;
    const char *top; /* further members of the request */
    const char *imp; /* the imp's members but its id */
    const char *bid; /* the bid's members */
    enum bid_refusal refusal;
};

static const struct check_case form_cases[] = {
    {"plain", "", BANNER, BID, BID_VALID},
    {"malformed", "", BANNER, ID ",\"price\":\"2\",\"adm\":\"x\"", BID_MALFORMED},
    {"no id", "", BANNER, "\"impid\":\"1\",\"crid\":\"c\",\"price\":2,\"adm\":\"x\"", BID_NO_ID},
    {"empty id", "", BANNER, "\"id\":\"\",\"impid\":\"1\",\"crid\":\"c\",\"price\":2,\"adm\":\"x\"",
     BID_NO_ID},
    {"unknown imp", "", BANNER, "\"id\":\"b\",\"impid\":\"2\",\"crid\":\"c\",\"price\":2,\"adm\":\"x\"",
     BID_UNKNOWN_IMP},
    {"no imp", "", BANNER, "\"id\":\"b\",\"crid\":\"c\",\"price\":2,\"adm\":\"x\"", BID_UNKNOWN_IMP},
    {"no price", "", BANNER, ID ",\"adm\":\"x\"", BID_BAD_PRICE},
    {"price 0", "", BANNER, ID ",\"price\":0,\"adm\":\"x\"", BID_BAD_PRICE},
    {"negative price", "", BANNER, ID ",\"price\":-0.1,\"adm\":\"x\"", BID_BAD_PRICE},
    {"no crid", "", BANNER, "\"id\":\"b\",\"impid\":\"1\",\"price\":2,\"adm\":\"x\"", BID_NO_CRID},
    {"no markup", "", BANNER, ID ",\"price\":2", BID_NO_MARKUP},
    {"empty markup", "", BANNER, ID ",\"price\":2,\"adm\":\"\"", BID_NO_MARKUP},
    {"markup on the win notice", "", BANNER, ID ",\"price\":2,\"nurl\":\"https://n\"", BID_VALID},
    {"blocked seat", "\"bseat\":[\"x\",\"p0\"],", BANNER, BID, BID_SEAT},
    {"seat not allowed", "\"wseat\":[\"x\"],", BANNER, BID, BID_SEAT},
    {"seat allowed", "\"wseat\":[\"x\",\"p0\"],", BANNER, BID, BID_VALID},
};

static const struct check_case medium_cases[] = {
    {"mtype offered", "", VIDEO "," BANNER, BID ",\"mtype\":2", BID_VALID},
    {"mtype not offered", "", BANNER, BID ",\"mtype\":2", BID_MEDIA_TYPE},
    {"mtype unknown", "", BANNER, BID ",\"mtype\":5", BID_MEDIA_TYPE},
    {"mtype 0", "", BANNER, BID ",\"mtype\":0", BID_MEDIA_TYPE},
    {"ext type not offered", "", BANNER, BID ",\"ext\":{\"prebid\":{\"type\":\"video\"}}", BID_MEDIA_TYPE},
    {"ext type with escapes", "", BANNER,
     BID ",\"ext\":{\"x\":{\"type\":1},\"pre\\u0062id\":{\"type\":\"v\\u0069deo\"}}", BID_MEDIA_TYPE},
    {"mtype before ext type", "", BANNER, BID ",\"mtype\":1,\"ext\":{\"prebid\":{\"type\":\"video\"}}",
     BID_VALID},
    {"only one offered", "", VIDEO, ID ",\"price\":2,\"adm\":\"<b/>\"", BID_VALID},
    {"looks like a banner, none offered", "", VIDEO "," AUDIO, BID, BID_MEDIA_TYPE},
    {"looks like VAST", "", VIDEO "," BANNER, ID ",\"price\":2,\"adm\":\" <vast/>\",\"w\":1,\"h\":1",
     BID_VALID},
    {"looks like native", "", NATIVE "," BANNER,
     ID ",\"price\":2,\"adm\":\"{\\\"assets\\\":[]}\",\"w\":1,\"h\":1", BID_VALID},
    {"looks like a banner", "", VIDEO "," BANNER, BID ",\"w\":1,\"h\":1", BID_SIZE},
};

static const struct check_case size_cases[] = {
    {"the size", "", BANNER, BID ",\"w\":300,\"h\":250", BID_VALID},
    {"another size", "", BANNER, BID ",\"w\":300,\"h\":251", BID_SIZE},
    {"turned", "", BANNER, BID ",\"w\":250,\"h\":300", BID_SIZE},
    {"none, one asked", "", BANNER, BID, BID_VALID},
    {"0 is none", "", BANNER, BID ",\"w\":0,\"h\":0", BID_VALID},
    {"half", "", BANNER, BID ",\"w\":300", BID_SIZE},
    {"one of two", "", SIZES, BID ",\"w\":320,\"h\":50", BID_VALID},
    {"mixed of two", "", SIZES, BID ",\"w\":300,\"h\":50", BID_SIZE},
    {"none, two asked", "", SIZES, BID, BID_SIZE},
    {"fits the ratio", "", FLEX, BID ",\"w\":640,\"h\":360", BID_VALID},
    {"a pixel off the ratio", "", FLEX, BID ",\"w\":641,\"h\":360", BID_VALID},
    {"off the ratio", "", FLEX, BID ",\"w\":640,\"h\":370", BID_SIZE},
    {"below wmin", "", FLEX, BID ",\"w\":160,\"h\":90", BID_SIZE},
    {"the ratio itself", "", FLEX, BID ",\"wratio\":32,\"hratio\":18", BID_VALID},
    {"another ratio", "", FLEX, BID ",\"wratio\":4,\"hratio\":3", BID_SIZE},
    {"flexible, none", "", FLEX, BID, BID_VALID},
    {"largest numbers", "", FLEX, BID ",\"w\":2147483647,\"h\":2147483647", BID_SIZE},
    {"video takes any", "", VIDEO, BID ",\"w\":1,\"h\":1", BID_VALID},
};

static const struct check_case block_cases[] = {
    {"advertiser", "\"badv\":[\"x.com\",\"Ford.com\"],", BANNER, BID ",\"adomain\":[\"FORD.COM\"]",
     BID_ADVERTISER_BLOCKED},
    {"advertiser's subdomain", "\"badv\":[\"ford.com\"],", BANNER,
     BID ",\"adomain\":[\"a.com\",\"www.ford.com.\"]", BID_ADVERTISER_BLOCKED},
    {"advertiser with the same end", "\"badv\":[\"ford.com\",\"\"],", BANNER,
     BID ",\"adomain\":[\"bradford.com\"]", BID_VALID},
    {"advertiser above", "\"badv\":[\"www.ford.com\"],", BANNER, BID ",\"adomain\":[\"ford.com\"]",
     BID_VALID},
    {"advertiser as a URL", "\"badv\":[\"ford.com\"],", BANNER,
     BID ",\"adomain\":[\"HTTPS://www.ford.com:443/a?b#c\"]", BID_ADVERTISER_BLOCKED},
    {"advertiser with a path", "\"badv\":[\"ford.com\"],", BANNER, BID ",\"adomain\":[\"ford.com/://a.com\"]",
     BID_ADVERTISER_BLOCKED},
    {"advertiser in a path", "\"badv\":[\"ford.com\"],", BANNER,
     BID ",\"adomain\":[\"http://a.com/ford.com\"]", BID_VALID},
    {"no advertiser in the URL", "\"badv\":[\"ford.com\"],", BANNER, BID ",\"adomain\":[\"http://\"]",
     BID_VALID},
    {"advertiser not named", "\"badv\":[\"ford.com\"],", BANNER, BID, BID_VALID},
    {"app", "\"bapp\":[\"com.x\",\"com.foo\"],", BANNER, BID ",\"bundle\":\"com.foo\"", BID_APP_BLOCKED},
    {"app with escapes", "\"bapp\":[\"com.foo\"],", BANNER, BID ",\"bundle\":\"com\\u002efo\\u006F\"",
     BID_APP_BLOCKED},
    {"another app", "\"bapp\":[\"com.foo\"],", BANNER, BID ",\"bundle\":\"com.foot\"", BID_VALID},
    {"category", "\"bcat\":[\"IAB1-3\"],", BANNER, BID ",\"cat\":[\"IAB9\",\"IAB1-3\"]",
     BID_CATEGORY_BLOCKED},
    {"category below", "\"bcat\":[\"IAB1\"],", BANNER, BID ",\"cat\":[\"IAB1-3\"]", BID_CATEGORY_BLOCKED},
    {"category with the same start", "\"bcat\":[\"IAB1\"],", BANNER, BID ",\"cat\":[\"IAB12-3\"]", BID_VALID},
    {"another taxonomy", "\"bcat\":[\"IAB1\"],", BANNER, BID ",\"cat\":[\"7\"],\"cattax\":2",
     BID_CATEGORY_BLOCKED},
    {"the same taxonomy", "\"bcat\":[\"1\"],\"cattax\":2,", BANNER, BID ",\"cat\":[\"7\"],\"cattax\":2",
     BID_VALID},
    {"another taxonomy, nothing blocked", "", BANNER, BID ",\"cat\":[\"7\"],\"cattax\":2", BID_VALID},
    {"attribute", "", "\"banner\":{\"w\":1,\"h\":1,\"battr\":[3,8]}", BID ",\"attr\":[1,8]",
     BID_ATTRIBUTE_BLOCKED},
    {"attribute of another medium", "", "\"banner\":{\"w\":1,\"h\":1,\"battr\":[8]}," VIDEO,
     BID ",\"attr\":[8],\"mtype\":2", BID_VALID},
    {"video attribute", "", "\"video\":{\"mimes\":[\"video/mp4\"],\"battr\":[8]}", BID ",\"attr\":[8]",
     BID_ATTRIBUTE_BLOCKED},
};

#define DEAL(members)                                                                                        \
    BANNER ",\"pmp\":{\"private_auction\":1,\"deals\":[{\"id\":\"x\"},{\"id\":\"d\"" members "}]}"
static const struct check_case deal_cases[] = {
    {"deal", "", DEAL(""), BID ",\"dealid\":\"d\"", BID_VALID},
    {"unknown deal", "", DEAL(""), BID ",\"dealid\":\"e\"", BID_DEAL_UNKNOWN},
    {"deal where none is", "", BANNER, BID ",\"dealid\":\"d\"", BID_DEAL_UNKNOWN},
    {"open bid in a private auction", "", DEAL(""), BID, BID_NOT_A_DEAL},
    {"open bid beside deals", "", BANNER "," PMP, BID, BID_VALID},
    {"deal of the seat", "", DEAL(",\"wseat\":[\"p0\"]"), BID ",\"dealid\":\"d\"", BID_VALID},
    {"deal of another seat", "", DEAL(",\"wseat\":[\"p1\"]"), BID ",\"dealid\":\"d\"", BID_DEAL_SEAT},
    {"deal of the advertiser", "", DEAL(",\"wadomain\":[\"a.com\"]"),
     BID ",\"dealid\":\"d\",\"adomain\":[\"www.a.com\"]", BID_VALID},
    {"one advertiser too many", "", DEAL(",\"wadomain\":[\"a.com\"]"),
     BID ",\"dealid\":\"d\",\"adomain\":[\"a.com\",\"b.com\"]", BID_DEAL_SEAT},
    {"deal and no advertiser", "", DEAL(",\"wadomain\":[\"a.com\"]"), BID ",\"dealid\":\"d\"", BID_DEAL_SEAT},
    {"below the deal's floor", "", DEAL(",\"bidfloor\":2.01"), BID ",\"dealid\":\"d\"", BID_BELOW_DEAL_FLOOR},
    {"at the deal's floor", "", DEAL(",\"bidfloor\":2"), BID ",\"dealid\":\"d\"", BID_VALID},
    {"below the deal's floor in its currency", "", DEAL(",\"bidfloor\":1.01,\"bidfloorcur\":\"EUR\""),
     BID ",\"dealid\":\"d\"", BID_BELOW_DEAL_FLOOR},
    {"the deal's floor, not the imp's", "", DEAL(",\"bidfloor\":1") ",\"bidfloor\":9",
     BID ",\"dealid\":\"d\"", BID_VALID},
    {"below the floor", "", BANNER ",\"bidfloor\":2.000001", BID, BID_BELOW_FLOOR},
    {"at the floor", "", BANNER ",\"bidfloor\":2", BID, BID_VALID},
    {"below the floor in yen", "", BANNER ",\"bidfloor\":201,\"bidfloorcur\":\"JPY\"", BID, BID_BELOW_FLOOR},
    {"at the floor in yen", "", BANNER ",\"bidfloor\":200,\"bidfloorcur\":\"JPY\"", BID, BID_VALID},
    {"a floor that can't be compared", "", BANNER ",\"bidfloor\":0.01,\"bidfloorcur\":\"CHF\"", BID,
     BID_BELOW_FLOOR},
    {"no floor in an unknown currency", "", BANNER ",\"bidfloor\":0,\"bidfloorcur\":\"CHF\"", BID, BID_VALID},
};

#define HTML(text) ID ",\"price\":2,\"adm\":\"" text "\""
#define XML(text)  ID ",\"price\":2,\"adm\":\"<VAST>" text "</VAST>\""
static const struct check_case secure_cases[] = {
    {"not asked", "", BANNER, HTML("<img src='http://a/b'>"), BID_VALID},
    {"https", "", BANNER "," SECURE, HTML("<img src='https://a/b'>"), BID_VALID},
    {"src", "", BANNER "," SECURE, HTML("<a href='https://a'><img SRC = \\\"HTTP://a/b\\\">"),
     BID_NOT_SECURE},
    {"bare src", "", BANNER "," SECURE, HTML("<script src=http://a/b>"), BID_NOT_SECURE},
    {"src in a script", "", BANNER "," SECURE, HTML("<script>i.src='http:\\\\/\\\\/a/b'</script>"),
     BID_NOT_SECURE},
    {"quoted twice", "", BANNER "," SECURE, HTML("w('<img src=\\\\\\\"http://a\\\\\\\">')"), BID_NOT_SECURE},
    {"stylesheet", "", BANNER "," SECURE, HTML("<link rel=x href='http://a/b.css'>"), BID_NOT_SECURE},
    {"css", "", BANNER "," SECURE, HTML("<b style='background:url( http://a/b)'>"), BID_NOT_SECURE},
    {"css import", "", BANNER "," SECURE, HTML("<style>@import 'http://a/b';"), BID_NOT_SECURE},
    {"srcset", "", BANNER "," SECURE, HTML("<img srcset='https://a 1x, http://b 2x'>"), BID_NOT_SECURE},
    {"landing page", "", BANNER "," SECURE, HTML("<a class=x href='http://a/b'>http://a/b</a>"), BID_VALID},
    {"landing page in a query", "", BANNER "," SECURE, HTML("<img src='https://a?u=http://b'>"), BID_VALID},
    {"doctype", "", BANNER "," SECURE, HTML("<!DOCTYPE html PUBLIC 'x' 'http://www.w3.org/TR/x.dtd'>"),
     BID_VALID},
    {"namespace", "", BANNER "," SECURE, HTML("<svg xmlns='http://www.w3.org/2000/svg'>"), BID_VALID},
    {"markup from an insecure notice", "", BANNER "," SECURE, ID ",\"price\":2,\"nurl\":\"http://n\"",
     BID_NOT_SECURE},
    {"notices and iurl", "", BANNER "," SECURE,
     BID ",\"nurl\":\"http://n\",\"burl\":\"http://n\",\"lurl\":\"http://n\",\"iurl\":\"http://n\"",
     BID_VALID},
    {"media file", "", VIDEO "," SECURE, XML("<MediaFile type='x'> <![CDATA[ http://a ]]>"), BID_NOT_SECURE},
    {"impression", "", VIDEO "," SECURE, XML("<Impression>http://a</Impression>"), BID_NOT_SECURE},
    {"click through", "", VIDEO "," SECURE, XML("<IconClickThrough><![CDATA[http://a]]></IconClickThrough>"),
     BID_VALID},
    {"click tracking", "", VIDEO "," SECURE, XML("<ClickTracking id='1'>http://a</ClickTracking>"),
     BID_NOT_SECURE},
    {"schema", "", VIDEO "," SECURE, XML("<Ad xsi:noNamespaceSchemaLocation='http://a'/>"), BID_VALID},
    {"native image", "", NATIVE "," SECURE,
     HTML("{\\\"assets\\\":[{\\\"img\\\":{\\\"url\\\":\\\"http://a\\\"}}]}"), BID_NOT_SECURE},
    {"native link", "", NATIVE "," SECURE,
     HTML("{\\\"assets\\\":[],\\\"link\\\":{\\\"url\\\":\\\"http://a\\\",\\\"clicktrackers\\\":[\\\"https://"
          "b\\\"]}}"),
     BID_VALID},
    {"native click tracker", "", NATIVE "," SECURE,
     HTML("{\\\"assets\\\":[],\\\"link\\\":{\\\"url\\\":\\\"https://a\\\",\\\"clicktrackers\\\":[\\\"http://"
          "b\\\"]}}"),
     BID_NOT_SECURE},
    {"native tracker", "", NATIVE "," SECURE,
     HTML("{\\\"assets\\\":[],\\\"imptrackers\\\":[\\\"http:\\\\/\\\\/b\\\"]}"), BID_NOT_SECURE},
    {"native script", "", NATIVE "," SECURE,
     HTML("{\\\"assets\\\":[],\\\"jstracker\\\":\\\"<script src='http://b'>\\\"}"), BID_NOT_SECURE},
    {"native title", "", NATIVE "," SECURE,
     HTML("{\\\"assets\\\":[{\\\"title\\\":{\\\"text\\\":\\\"see http://b\\\"}}]}"), BID_VALID},
};

static void init(struct clearing_fixture *f, const char *top, const char *imp) {
    static char text[4096];
    snprintf(text, sizeof text,
             "{\"id\":\"r\",%s\"site\":{\"page\":\"https://s\"},\"imp\":[{\"id\":\"1\",%s}]}", top, imp);
    clearing_fixture_init(f, text);
}

static void add(struct clearing_fixture *f, uint32_t partner, const char *cur, const char *bid) {
    clearing_fixture_answer(
        f, partner,
        clearing_fixture_text(f, "{\"id\":\"r\",\"cur\":\"%s\",\"seatbid\":[{\"bid\":[{%s}]}]}", cur, bid));
}

static void play(const struct check_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct check_case *c = &cases[i];
        struct clearing_fixture f;
        init(&f, c->top, c->imp);
        add(&f, 0, "USD", c->bid);
        bid_check_all(&f.rules, f.bids, f.count);
        if (f.bids[0].refusal != c->refusal)
            fail_msg("%s: %s instead of %s", c->name, bid_refusal_name(f.bids[0].refusal),
                     bid_refusal_name(c->refusal));
        clearing_fixture_cleanup(&f);
    }
}

#define PLAYS(cases)                                                                                         \
    static void cases##_hold(void **state) {                                                                 \
        (void)state;                                                                                         \
        play(cases, COUNT_OF(cases));                                                                        \
    }
PLAYS(form_cases)
PLAYS(medium_cases)
PLAYS(size_cases)
PLAYS(block_cases)
PLAYS(deal_cases)
PLAYS(secure_cases)

static void duplicates_are_refused_within_a_partner(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER);
    for (uint32_t partner = 0; partner < 2; partner++)
        for (int i = 0; i < 40; i++) /* enough for the heap */
            add(&f, partner, "USD",
                clearing_fixture_text(
                    &f, "\"id\":\"b%d\",\"impid\":\"1\",\"crid\":\"c\",\"price\":%d,\"adm\":\"x\"", i % 20,
                    i + 1));
    add(&f, 2, "USD", "\"impid\":\"1\"");
    add(&f, 2, "USD", "\"impid\":\"1\"");
    bid_check_all(&f.rules, f.bids, f.count);
    for (size_t i = 0; i < 80; i++) {
        enum bid_refusal wanted = i % 40 < 20 ? BID_VALID : BID_DUPLICATE_ID;
        assert_int_equal(f.bids[i].refusal, wanted);
    }
    assert_int_equal(f.bids[80].refusal, BID_NO_ID);
    assert_int_equal(f.bids[81].refusal, BID_NO_ID);
    clearing_fixture_cleanup(&f);
}

static void an_invalid_bid_does_not_take_an_id(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER);
    add(&f, 0, "USD", ID ",\"price\":\"2\",\"adm\":\"x\"");
    add(&f, 0, "USD", BID);
    bid_check_all(&f.rules, f.bids, f.count);
    assert_int_equal(f.bids[0].refusal, BID_MALFORMED);
    assert_int_equal(f.bids[1].refusal, BID_VALID);
    clearing_fixture_cleanup(&f);
}

static void markup_has_a_cap(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER);
    f.rules.markup_bytes = 100;
    add(&f, 0, "USD", clearing_fixture_text(&f, ID ",\"price\":2,\"adm\":\"%0100d\"", 0));
    add(&f, 1, "USD", clearing_fixture_text(&f, ID ",\"price\":2,\"adm\":\"%0101d\"", 0));
    add(&f, 2, "USD", clearing_fixture_text(&f, BID ",\"burl\":\"%0101d\"", 0));
    bid_check_all(&f.rules, f.bids, f.count);
    assert_int_equal(f.bids[0].refusal, BID_VALID);
    assert_int_equal(f.bids[1].refusal, BID_MARKUP_TOO_LARGE);
    assert_int_equal(f.bids[2].refusal, BID_MARKUP_TOO_LARGE);
    clearing_fixture_cleanup(&f);
}

static void macros_can_not_pass_the_cap(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER);
    f.rules.markup_bytes = 1000;
    add(&f, 0, "USD", ID ",\"price\":2,\"adm\":\"${AUCTION_AD_ID}${AUCTION_PRICE}\"");
    add(&f, 1, "USD",
        clearing_fixture_text(
            &f, ID ",\"price\":2,\"adid\":\"%0300d\",\"adm\":\"${AUCTION_AD_ID}${AUCTION_ID}\"", 0));
    bid_check_all(&f.rules, f.bids, f.count);
    assert_int_equal(f.bids[0].refusal, BID_VALID);
    assert_int_equal(f.bids[1].refusal, BID_MARKUP_TOO_LARGE);
    clearing_fixture_cleanup(&f);
}

static void currencies_are_converted_or_refused(void **state) {
    (void)state;
    struct clearing_fixture f;
    struct str only_euro[] = {STR("EUR")};
    init(&f, "\"cur\":[\"USD\",\"CHF\"],", BANNER ",\"bidfloor\":3");
    f.partners[1].currencies = (struct str_list){only_euro, 1};
    f.partners[2].bid_adjustment = 0.9;
    add(&f, 0, "EUR", BID);
    add(&f, 0, "CHF", "\"id\":\"c\",\"impid\":\"1\",\"crid\":\"c\",\"price\":9,\"adm\":\"x\"");
    add(&f, 1, "USD", ID ",\"price\":9,\"adm\":\"x\"");
    add(&f, 2, "JPY", ID ",\"price\":334,\"adm\":\"x\"");
    add(&f, 2, "JPY", "\"id\":\"c\",\"impid\":\"1\",\"crid\":\"c\",\"price\":333,\"adm\":\"x\"");
    add(&f, 3, "EUR", ID ",\"price\":1.499999,\"adm\":\"x\"");
    bid_check_all(&f.rules, f.bids, f.count);
    assert_int_equal(f.bids[0].refusal, BID_VALID);
    assert_true(f.bids[0].rate == 2 && f.bids[0].price == 4 && f.bids[0].floor == 3);
    assert_int_equal(f.bids[1].refusal, BID_CURRENCY);
    assert_int_equal(f.bids[2].refusal, BID_CURRENCY);
    assert_int_equal(f.bids[3].refusal, BID_VALID);
    assert_true(f.bids[3].price == 3.006);
    assert_int_equal(f.bids[4].refusal, BID_BELOW_FLOOR);
    assert_int_equal(f.bids[5].refusal, BID_BELOW_FLOOR);
    clearing_fixture_cleanup(&f);
}

static void adjusted_prices_stay_decimal(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER ",\"bidfloor\":1.035");
    f.partners[0].bid_adjustment = 0.9;
    add(&f, 0, "USD", ID ",\"price\":1.15,\"adm\":\"x\""); /* 1.15 * 0.9 is a little less in binary */
    bid_check_all(&f.rules, f.bids, f.count);
    assert_int_equal(f.bids[0].refusal, BID_VALID);
    assert_true(f.bids[0].price == 1.035);
    clearing_fixture_cleanup(&f);
}

static void without_rates_only_the_same_currency_counts(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER);
    f.rules.rates = NULL;
    add(&f, 0, "USD", BID);
    add(&f, 1, "EUR", BID);
    bid_check_all(&f.rules, f.bids, f.count);
    assert_int_equal(f.bids[0].refusal, BID_VALID);
    assert_int_equal(f.bids[1].refusal, BID_CURRENCY);
    clearing_fixture_cleanup(&f);
}

static void an_infinite_price_is_refused(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER);
    add(&f, 0, "USD", BID);
    struct openrtb_bid in = *f.bids[0].in;
    f.bids[0].in = &in;
    static const double bad[] = {INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        in.price = bad[i];
        bid_check_all(&f.rules, f.bids, f.count);
        assert_int_equal(f.bids[0].refusal, BID_BAD_PRICE);
    }
    clearing_fixture_cleanup(&f);
}

static void what_was_found_out_is_kept(void **state) {
    (void)state;
    struct clearing_fixture f;
    init(&f, "", BANNER "," VIDEO "," NATIVE "," PMP);
    add(&f, 0, "USD", BID);
    add(&f, 1, "USD", ID ",\"price\":2,\"adm\":\"<?xml version='1.0'?><VAST/>\",\"dealid\":\"d\"");
    add(&f, 2, "USD", ID ",\"price\":2,\"adm\":\"{\\\"native\\\":{}}\"");
    add(&f, 3, "USD", BID ",\"ext\":{\"prebid\":{\"type\":\"video\"}}");
    bid_check_all(&f.rules, f.bids, f.count);
    static const enum openrtb_mtype wanted[] = {OPENRTB_MTYPE_BANNER, OPENRTB_MTYPE_VIDEO,
                                                OPENRTB_MTYPE_NATIVE, OPENRTB_MTYPE_VIDEO};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(f.bids[i].refusal, BID_VALID);
        assert_int_equal(f.bids[i].mtype, wanted[i]);
        assert_ptr_equal(f.bids[i].imp, &f.request.imps[0]);
    }
    assert_true(f.bids[0].w == 300 && f.bids[0].h == 250);
    assert_ptr_equal(f.bids[1].deal, &f.request.imps[0].deals[0]);
    clearing_fixture_cleanup(&f);
}

/* Lists that multiply: 50,000 blocked domains and 1,000 bids of 100 advertisers each. */
static void long_lists_cost_bounded_time(void **state) {
    (void)state;
    struct buf request, answer;
    buf_init(&request, 8u << 20);
    buf_init(&answer, 8u << 20);
    buf_printf(&request, "{\"id\":\"r\",\"site\":{\"page\":\"https://s\"},\"imp\":[{\"id\":\"1\"," BANNER
                         "}],\"badv\":[");
    for (int i = 0; i < 50000; i++)
        buf_printf(&request, "%s\"b%d.com\"", i ? "," : "", i);
    buf_printf(&request, "]}%c", 0);
    buf_printf(&answer, "{\"id\":\"r\",\"seatbid\":[{\"bid\":[");
    for (int i = 0; i < 1000; i++) {
        buf_printf(&answer,
                   "%s{\"id\":\"%d\",\"impid\":\"1\",\"crid\":\"c\",\"price\":2,\"adm\":\"x\",\"adomain\":[",
                   i ? "," : "", i);
        for (int k = 0; k < 100; k++)
            buf_printf(&answer, "%s\"a%d.com\"", k ? "," : "", k);
        buf_printf(&answer, "]}");
    }
    buf_printf(&answer, "]}]}%c", 0);
    assert_false(request.failed || answer.failed);
    struct clearing_fixture f;
    clearing_fixture_init(&f, request.p);
    clearing_fixture_answer(&f, 0, answer.p);
    add(&f, 1, "USD", BID ",\"adomain\":[\"www.b49999.com\"]");
    add(&f, 2, "USD", BID ",\"adomain\":[\"b50000.com\"]");
    clock_t start = clock();
    bid_check_all(&f.rules, f.bids, f.count);
    double ms = (double)(clock() - start) * 1e3 / CLOCKS_PER_SEC;
    assert_int_equal(f.bids[999].refusal, BID_MALFORMED);
    assert_int_equal(f.bids[1000].refusal, BID_ADVERTISER_BLOCKED); /* others are not worse off */
    assert_int_equal(f.bids[1001].refusal, BID_VALID);
    if (ms > 500)
        fail_msg("%.0f ms", ms);
    clearing_fixture_cleanup(&f);
    buf_cleanup(&request);
    buf_cleanup(&answer);
}

static void every_reason_has_a_name_and_codes(void **state) {
    (void)state;
    for (int i = 0; i < BID_REFUSALS; i++) {
        enum bid_refusal refusal = (enum bid_refusal)i;
        assert_non_null(bid_refusal_name(refusal));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(bid_refusal_name(refusal), bid_refusal_name((enum bid_refusal)k));
        if (i == BID_VALID)
            continue;
        assert_in_range(bid_refusal_nonbid_code(refusal), 300, 399);
        assert_in_range(bid_refusal_loss_code(refusal), 1, 213);
    }
    assert_int_equal(bid_refusal_nonbid_code(BID_BELOW_FLOOR), 301);
    assert_int_equal(bid_refusal_loss_code(BID_BELOW_FLOOR), 100);
    assert_int_equal(bid_refusal_nonbid_code(BID_NOT_SECURE), 352);
    assert_int_equal(bid_refusal_loss_code(BID_NOT_SECURE), 207);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_cases_hold),
        cmocka_unit_test(medium_cases_hold),
        cmocka_unit_test(size_cases_hold),
        cmocka_unit_test(block_cases_hold),
        cmocka_unit_test(deal_cases_hold),
        cmocka_unit_test(secure_cases_hold),
        cmocka_unit_test(duplicates_are_refused_within_a_partner),
        cmocka_unit_test(an_invalid_bid_does_not_take_an_id),
        cmocka_unit_test(markup_has_a_cap),
        cmocka_unit_test(macros_can_not_pass_the_cap),
        cmocka_unit_test(currencies_are_converted_or_refused),
        cmocka_unit_test(adjusted_prices_stay_decimal),
        cmocka_unit_test(without_rates_only_the_same_currency_counts),
        cmocka_unit_test(an_infinite_price_is_refused),
        cmocka_unit_test(what_was_found_out_is_kept),
        cmocka_unit_test(long_lists_cost_bounded_time),
        cmocka_unit_test(every_reason_has_a_name_and_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
