/* Own markup: our macros, what is added to markup without them, and text that is meant to harm. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "bid/own_markup.h"

#define NOW  1764000000
#define BASE "https://ads.example"

struct markup_fixture {
    struct openrtb_request request;
    struct openrtb_imp imps[2];
    struct openrtb_bid in;
    struct bid bid;
    struct bid_macro_values values;
    struct bid_urls urls;
    struct buf out;
};

static int fixture_init(void **state) {
    struct markup_fixture *f = calloc(1, sizeof *f);
    f->request = (struct openrtb_request){.id = STR("r&1"), .imps = f->imps, .imp_count = 2};
    f->imps[0].id = STR("i0");
    f->imps[1].id = STR("i1");
    f->in = (struct openrtb_bid){.id = STR("b"), .adid = STR("ad"), .price = 1.5};
    f->bid = (struct bid){.in = &f->in,
                          .imp = &f->imps[1],
                          .partner_index = CONFIG_MAX_PARTNERS,
                          .seat = STR("own"),
                          .cur = STR("USD"),
                          .mtype = OPENRTB_MTYPE_BANNER,
                          .rate = 1,
                          .price = 1.5,
                          .clearing_price = 1.5,
                          .won = true,
                          .hold = 77,
                          .campaign = 5,
                          .nanos = 1500000};
    f->values = (struct bid_macro_values){.request = &f->request,
                                          .bid = &f->bid,
                                          .bid_id = STR("resp"),
                                          .min_to_win = NAN,
                                          .loss = -1,
                                          .context = BID_MACRO_MARKUP};
    bid_urls_init(&f->urls, token_keys_random(), STR(BASE), 8192);
    f->urls.auction = 4711;
    f->urls.expires = NOW + 900;
    buf_init(&f->out, 1u << 20);
    *state = f;
    return f->urls.keys ? 0 : -1;
}

static int fixture_cleanup(void **state) {
    struct markup_fixture *f = *state;
    token_keys_destroy(f->urls.keys);
    buf_cleanup(&f->out);
    free(f);
    return 0;
}

/* Reads the token in front of *at and moves it behind; the test fails unless it is ours, with that extra. */
static void expect_token(struct markup_fixture *f, const char **at, enum token_kind kind, const char *extra) {
    struct token token;
    if (token_verify(f->urls.keys, kind, (struct str){*at, TOKEN_CHARS}, str_from(extra), NOW, &token) !=
        TOKEN_GOOD)
        fail_msg("no token of kind %d over \"%s\": %s", kind, extra, *at);
    assert_true(token.hold == f->bid.hold && token.nanos == f->bid.nanos && token.auction == 4711);
    assert_true(token.campaign == 5 && token.expires == NOW + 900);
    assert_int_equal(token.imp, 1);
    assert_int_equal(token.partner, CONFIG_MAX_PARTNERS);
    *at += TOKEN_CHARS;
}

/*
 * The markup must come out as `wanted`, in which {V} stands for a view's token and {C LANDING} for a click's.
 */
static void expect(struct markup_fixture *f, const char *markup, const char *wanted) {
    f->in.adm = str_from(markup);
    buf_clear(&f->out, SIZE_MAX);
    own_markup_write(&f->values, &f->urls, &f->out);
    assert_false(f->out.failed);
    buf_add_char(&f->out, '\0');
    const char *got = f->out.p;
    for (const char *w = wanted; *w; w++) {
        if (strncmp(w, "{V}", 3) == 0) {
            expect_token(f, &got, TOKEN_VIEW, "");
            w += 2;
        } else if (strncmp(w, "{C ", 3) == 0) {
            char landing[512];
            snprintf(landing, sizeof landing, "%.*s", (int)strcspn(w + 3, "}"), w + 3);
            expect_token(f, &got, TOKEN_CLICK, landing);
            w += 3 + strlen(landing);
        } else if (*got++ != *w) {
            fail_msg("%s\nbecame\n%s\ninstead of\n%s", markup, f->out.p, wanted);
        }
    }
    if (*got)
        fail_msg("%s\nbecame\n%s\ninstead of\n%s", markup, f->out.p, wanted);
}

#define VIEW BASE "/e/imp?t={V}"
#define PIXEL                                                                                                \
    "<img src=\"" VIEW "\" width=\"1\" height=\"1\" alt=\"\" style=\"position:absolute;visibility:hidden\">"
#define NOTHING "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

static void macros_become_signed_urls(void **state) {
    struct markup_fixture *f = *state;
    expect(f, "<img src='${VIEW}'>${VIEW}", "<img src='" VIEW "'>" VIEW);
    expect(f, "${VIEW}<a href=\"${CLICK:https://shop.example/a?b=c&amp;d=e}\">${AUCTION_PRICE}</a>",
           VIEW "<a href=\"" BASE "/e/click?t={C https://shop.example/a?b=c&d=e}"
                "&u=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc%26d%3De\">1.5</a>");
    /* OpenRTB's macros inside the landing page come first, encoded as in a URL. */
    expect(f, "${VIEW}${CLICK:http://s/?a=${AUCTION_ID}&p=${AUCTION_PRICE:B64}}x",
           VIEW BASE "/e/click?t={C http://s/?a=r%261&p=MS41}&u=http%3A%2F%2Fs%2F%3Fa%3Dr%25261%26p%3DMS41x");
    /* What a browser would encode is encoded before it is signed. */
    expect(f, "${VIEW}${CLICK:https://s/\xc3\xa9 b}",
           VIEW BASE "/e/click?t={C https://s/%C3%A9%20b}&u=https%3A%2F%2Fs%2F%25C3%25A9%2520b");
}

static void macros_have_other_forms(void **state) {
    struct markup_fixture *f = *state;
    expect(f, "${VIEW:URL}", "https%3A%2F%2Fads.example%2Fe%2Fimp%3Ft%3D{V}");
    expect(
        f, "${VIEW}//t?u=${CLICK:URL:https://s/}",
        VIEW
        "//t?u=https%3A%2F%2Fads.example%2Fe%2Fclick%3Ft%3D{C https://s/}%26u%3Dhttps%253A%252F%252Fs%252F");
    f->in.adm = STR("${VIEW:B64}");
    buf_clear(&f->out, SIZE_MAX);
    own_markup_write(&f->values, &f->urls, &f->out);
    /* 30 bytes and a token are 40 + 100 characters of Base64; the first ones are those of the base. */
    assert_int_equal(f->out.n, 140 - 4 + 4 * ((sizeof BASE "/e/imp?t=" - 1) % 3 != 0));
    assert_memory_equal(f->out.p, "aHR0cHM6Ly9hZHMuZXhhbXBsZS9lL2ltcD90P", 36);
}

static void what_is_no_macro_stays(void **state) {
    struct markup_fixture *f = *state;
    static const char *const texts[] = {"$",        "${",        "${VIEW",   "${VIEW:}", "${VIEW:X}",
                                        "${CLICK}", "${CLICK:}", "${CLICK:", "${view}",  "${CLICK:https://s"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char text[128], wanted[128];
        snprintf(text, sizeof text, "${VIEW}%s", texts[i]);
        snprintf(wanted, sizeof wanted, VIEW "%s", texts[i]);
        expect(f, text, wanted);
    }
    expect(f, "${VIEW}${CLICK:https://s${AUCTION_ID}", VIEW "${CLICK:https://sr%261");
    /* One that does not end does not swallow the next. */
    expect(f, "${VIEW}${CLICK:https://a ${CLICK:https://b}",
           VIEW "${CLICK:https://a " BASE "/e/click?t={C https://b}&u=https%3A%2F%2Fb");
}

static void what_is_no_web_page_is_not_signed(void **state) {
    struct markup_fixture *f = *state;
    static const char *const landings[] = {
        "javascript:alert(1)", "shop://item/1",   "//s/", "https:/s", "https://",
        "http:///x",           "data:text/html,x"};
    for (size_t i = 0; i < COUNT_OF(landings); i++) {
        char text[128], wanted[256];
        snprintf(text, sizeof text, "${VIEW}<a href='${CLICK:%s}'>", landings[i]);
        snprintf(wanted, sizeof wanted, VIEW "<a href='%s'>", landings[i]);
        expect(f, text, wanted);
    }
    expect(f, "${VIEW}${CLICK:https://s/\r\nSet-Cookie: a}", VIEW "https://s/\r\nSet-Cookie: a");
}

static void a_page_too_long_to_sign_is_gone_to_at_once(void **state) {
    struct markup_fixture *f = *state;
    static char text[9000], wanted[9000];
    for (size_t n = 4000; n <= 5000; n += 1000) {
        char page[6000];
        memset(page, 'x', n);
        page[n] = '\0';
        snprintf(text, sizeof text, "${VIEW}${CLICK:https://s/%s}", page);
        f->in.adm = str_from(text);
        buf_clear(&f->out, SIZE_MAX);
        own_markup_write(&f->values, &f->urls, &f->out);
        buf_add_char(&f->out, '\0');
        snprintf(wanted, sizeof wanted, "https://s/%s", page);
        bool signed_page = strstr(f->out.p, "/e/click?t=") != NULL;
        assert_true(signed_page == (n == 4000));
        assert_true((strstr(f->out.p, wanted) == NULL) == signed_page);
    }
    f->urls.longest = 180; /* short request lines only */
    expect(
        f,
        "${VIEW}${CLICK:https://shop.example/0123456789012345678901234567890123456789012345678901234567890}",
        VIEW "https://shop.example/0123456789012345678901234567890123456789012345678901234567890");
}

static void a_banner_gets_an_image(void **state) {
    struct markup_fixture *f = *state;
    expect(f, "<b>ad</b>", "<b>ad</b>" PIXEL);
    expect(f, "<a href='${CLICK:https://s/}'>x</a>",
           "<a href='" BASE "/e/click?t={C https://s/}&u=https%3A%2F%2Fs%2F'>x</a>" PIXEL);
}

static void vast_gets_an_impression(void **state) {
    struct markup_fixture *f = *state;
    f->bid.mtype = OPENRTB_MTYPE_VIDEO;
#define OURS "<Impression><![CDATA[" VIEW "]]></Impression>"
    expect(f,
           "<VAST><Ad><InLine><Impression>https://x</Impression><Creatives></Creatives></InLine></Ad></VAST>",
           "<VAST><Ad><InLine>" OURS
           "<Impression>https://x</Impression><Creatives></Creatives></InLine></Ad></VAST>");
    expect(f, "<VAST><Ad><InLine><Creatives/></InLine></Ad><Ad><InLine><Creatives/></InLine></Ad></VAST>",
           "<VAST><Ad><InLine>" OURS
           "<Creatives/></InLine></Ad><Ad><InLine><Creatives/></InLine></Ad></VAST>");
    expect(f, "<VAST><Ad><Wrapper><VASTAdTagURI>u</VASTAdTagURI></Wrapper></Ad></VAST>",
           "<VAST><Ad><Wrapper><VASTAdTagURI>u</VASTAdTagURI>" OURS "</Wrapper></Ad></VAST>");
    expect(f, "<!-- <Impression> --><![CDATA[<Creatives>]]><Impressions/><InLine></InLine>",
           "<!-- <Impression> --><![CDATA[<Creatives>]]><Impressions/><InLine>" OURS "</InLine>");
    expect(f, "<Impression><![CDATA[${VIEW}]]></Impression>",
           "<Impression><![CDATA[" VIEW "]]></Impression>");
    static const char *const none[] = {"https://vast.example/tag", "<VAST/>",           "",           "<",
                                       "<![CDATA[<Creatives>",     "<!-- <Creatives> ", "<Impression"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        expect(f, none[i], none[i]);
}

static void an_ampersand_is_xml_s_outside_cdata(void **state) {
    struct markup_fixture *f = *state;
    f->bid.mtype = OPENRTB_MTYPE_VIDEO;
    expect(f,
           "<I>${VIEW}</I><C>${CLICK:https://s/?a&amp;b}</C><C><![CDATA[${CLICK:https://s/?a&b}]]></C>"
           "<C>${CLICK:https://s/}</C>",
           "<I>" VIEW "</I><C>" BASE "/e/click?t={C https://s/?a&b}&amp;u=https%3A%2F%2Fs%2F%3Fa%26b</C>"
           "<C><![CDATA[" BASE "/e/click?t={C https://s/?a&b}&u=https%3A%2F%2Fs%2F%3Fa%26b]]></C>"
           "<C>" BASE "/e/click?t={C https://s/}&amp;u=https%3A%2F%2Fs%2F</C>");
}

static void native_gets_a_tracker(void **state) {
    struct markup_fixture *f = *state;
    f->bid.mtype = OPENRTB_MTYPE_NATIVE;
    static const char *const cases[][2] = {
        {"{\"native\":{\"ver\":\"1.2\",\"imptrackers\":[\"https://x\"],\"assets\":[]}}",
         "{\"native\":{\"ver\":\"1.2\",\"imptrackers\":[\"" VIEW "\",\"https://x\"],\"assets\":[]}}"},
        {"{\"imptrackers\":[ ],\"assets\":[]}", "{\"imptrackers\":[\"" VIEW "\" ],\"assets\":[]}"},
        {" {\"assets\":[{\"imptrackers\":[]}]} ",
         " {\"imptrackers\":[\"" VIEW "\"],\"assets\":[{\"imptrackers\":[]}]} "},
        {"{\"native\" : { \"assets\":[]}}", "{\"native\" : {\"imptrackers\":[\"" VIEW "\"], \"assets\":[]}}"},
        {"{\"eventtrackers\":[],\"a\":1}",
         "{\"eventtrackers\":[{\"event\":1,\"method\":1,\"url\":\"" VIEW "\"}],\"a\":1}"},
        {"{\"eventtrackers\":[{\"event\":2}]}",
         "{\"eventtrackers\":[{\"event\":1,\"method\":1,\"url\":\"" VIEW "\"},{\"event\":2}]}"},
        {"{\"native\":{\"imptrackers\":[\"${VIEW}\"]}}", "{\"native\":{\"imptrackers\":[\"" VIEW "\"]}}"},
        {"{\"link\":{\"url\":\"${CLICK:https:\\/\\/s\\/?a\\u0026b}\"},\"imptrackers\":[\"${VIEW}\"]}",
         "{\"link\":{\"url\":\"" BASE "/e/click?t={C https://s/?a&b}&u=https%3A%2F%2Fs%2F%3Fa%26b\"},"
         "\"imptrackers\":[\"" VIEW "\"]}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(f, cases[i][0], cases[i][1]);
    static const char *const none[] = {"",
                                       "{}",
                                       "[]",
                                       "x",
                                       "{\"native\":{}}",
                                       "{\"native\":[]}",
                                       "{\"a\":1",
                                       "{\"a\":1}}",
                                       "{\"imptrackers\":\"x\",\"eventtrackers\":[]}",
                                       "{\"a\"}",
                                       "https://x"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        expect(f, none[i], none[i]);
}

static void the_text_of_json_is_escaped(void **state) {
    struct markup_fixture *f = *state;
    f->values.json = true;
    expect(f, "<a href=\"${CLICK:https://s/\"}\">\n",
           "<a href=\\\"" BASE "/e/click?t={C https://s/\"}&u=https%3A%2F%2Fs%2F%22\\\">\\n"
           "<img src=\\\"" VIEW "\\\" width=\\\"1\\\" height=\\\"1\\\" alt=\\\"\\\" "
           "style=\\\"position:absolute;visibility:hidden\\\">");
    expect(f, "${VIEW}${CLICK:x\"}", VIEW "x\\\"");
    f->bid.mtype = OPENRTB_MTYPE_NATIVE;
    expect(f, "{\"a\":1}", "{\\\"imptrackers\\\":[\\\"" VIEW "\\\"],\\\"a\\\":1}");
}

static void a_bid_without_a_hold_has_no_urls_of_ours(void **state) {
    struct markup_fixture *f = *state;
    f->bid.hold = 0;
    expect(f, "<a href='${CLICK:https://s/?a=${AUCTION_IMP_ID}&amp;b}'>${VIEW}</a>",
           "<a href='https://s/?a=i1&amp;b'>" NOTHING "</a>");
    expect(f, "<b>ad</b>", "<b>ad</b>");
    expect(f, "${CLICK:URL:https://s/?a&amp;b} ${CLICK:B64:https://s/}",
           "https%3A%2F%2Fs%2F%3Fa%26b aHR0cHM6Ly9zLw==");
    f->bid.hold = 77;
    buf_clear(&f->out, SIZE_MAX);
    own_markup_write(&f->values, NULL, &f->out); /* events are off */
    assert_true(str_eq(buf_view(&f->out), STR("https%3A%2F%2Fs%2F%3Fa%26b aHR0cHM6Ly9zLw==")));
}

static void an_https_page_loads_no_http(void **state) {
    struct markup_fixture *f = *state;
    f->urls.base = STR("http://ads.example");
    f->imps[1].secure = 1;
    expect(f, "<b>ad</b>", "<b>ad</b>");
    expect(f, "<img src='${VIEW}'><a href='${CLICK:https://s/}'>",
           "<img src='" NOTHING
           "'><a href='http://ads.example/e/click?t={C https://s/}&u=https%3A%2F%2Fs%2F'>");
    f->imps[1].secure = 0;
    expect(f, "<img src='${VIEW}'>", "<img src='http://ads.example/e/imp?t={V}'>");
}

/* A hundred thousand beginnings cost no more than their bytes. */
static void hostile_text_is_read_once(void **state) {
    struct markup_fixture *f = *state;
    static const char *const pieces[] = {"${CLICK:", "${CLICK:https://s/", "${",     "$",
                                         "{",        "<![CDATA[",          "<!--",   "]]>",
                                         "<",        "${CLICK:${",         "${VIEW:"};
    static char text[60001];
    for (int mtype = OPENRTB_MTYPE_BANNER; mtype <= OPENRTB_MTYPE_NATIVE; mtype++)
        for (size_t i = 0; i < COUNT_OF(pieces); i++) {
            size_t n = strlen(pieces[i]), size = sizeof text / n * n;
            for (size_t at = 0; at < size; at++)
                text[at] = pieces[i][at % n];
            f->bid.mtype = (enum openrtb_mtype)mtype;
            f->in.adm = (struct str){text, size};
            buf_clear(&f->out, SIZE_MAX);
            own_markup_write(&f->values, &f->urls, &f->out);
            assert_false(f->out.failed);
            assert_memory_equal(f->out.p, text, size); /* nothing of it is a macro */
        }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_init, fixture_cleanup)
    const struct CMUnitTest tests[] = {
        TEST(macros_become_signed_urls),
        TEST(macros_have_other_forms),
        TEST(what_is_no_macro_stays),
        TEST(what_is_no_web_page_is_not_signed),
        TEST(a_page_too_long_to_sign_is_gone_to_at_once),
        TEST(a_banner_gets_an_image),
        TEST(vast_gets_an_impression),
        TEST(an_ampersand_is_xml_s_outside_cdata),
        TEST(native_gets_a_tracker),
        TEST(the_text_of_json_is_escaped),
        TEST(a_bid_without_a_hold_has_no_urls_of_ours),
        TEST(an_https_page_loads_no_http),
        TEST(hostile_text_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
