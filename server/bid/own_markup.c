/* Our macros in own markup, and what is added to it; see own_markup.h. */
#include "bid/own_markup.h"

#include "bid/own_markup_place.h"
#include "bid/raw_json.h"
#include "bid/url_text.h"

#define LANDING_BYTES 4096u
#define MACRO_BYTES   8192u /* the landing page with its escapes; what is longer is none */
_Static_assert(LANDING_BYTES <= TOKEN_EXTRA_BYTES, "what is signed must be signable");

/* A transparent pixel. */
#define NO_VIEW "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

struct own_markup {
    const struct bid_macro_values *values;
    const struct bid_urls *urls; /* NULL: none for this bid */
    struct buf *out;
    bool xml;
    bool in_cdata; /* where `out` stands */
};

/* A buffer of fixed size in the caller's memory. */
static struct buf fixed_buf(char *bytes, size_t size) {
    return (struct buf){.p = bytes, .room = size, .cap = size};
}

static struct str rest_of(struct str s, size_t at) {
    return (struct str){s.p + at, s.n - at};
}

/* ---- reading a macro ---- */

enum form { FORM_PLAIN, FORM_BASE64, FORM_ENCODED };

struct our_macro {
    bool click; /* else view */
    enum form form;
    struct str landing;
    size_t bytes; /* of the whole macro; 0: no macro of ours */
};

/* Takes prefix off the front of *s. */
static bool take(struct str *s, struct str prefix) {
    if (!str_starts(*s, prefix))
        return false;
    *s = rest_of(*s, prefix.n);
    return true;
}

#define CLICK_START STR("${CLICK:")

/* The bytes before the brace that closes the macro, other macros inside left whole; s.n: it does not close
 * before the next one of its kind, so that each byte is looked at once. */
static size_t closing_brace(struct str s) {
    size_t depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '}' && depth-- == 0)
            return i;
        if (s.p[i] != '$' || i + 1 == s.n || s.p[i + 1] != '{')
            continue;
        if (str_starts(rest_of(s, i), CLICK_START))
            break;
        depth++;
    }
    return s.n;
}

static struct our_macro read_view(struct str text) {
    static const struct {
        struct str text;
        enum form form;
    } views[] = {{STR_INIT("${VIEW}"), FORM_PLAIN},
                 {STR_INIT("${VIEW:B64}"), FORM_BASE64},
                 {STR_INIT("${VIEW:URL}"), FORM_ENCODED}};
    for (size_t i = 0; i < COUNT_OF(views); i++)
        if (str_starts(text, views[i].text))
            return (struct our_macro){.form = views[i].form, .bytes = views[i].text.n};
    return (struct our_macro){.bytes = 0};
}

static struct our_macro read_click(struct str text) {
    struct str rest = text;
    struct our_macro macro = {.click = true};
    if (!take(&rest, CLICK_START))
        return macro;
    if (take(&rest, STR("B64:")))
        macro.form = FORM_BASE64;
    else if (take(&rest, STR("URL:")))
        macro.form = FORM_ENCODED;
    struct str searched = {rest.p, rest.n < MACRO_BYTES ? rest.n : MACRO_BYTES};
    size_t end = closing_brace(searched);
    if (end == searched.n || end == 0)
        return macro;
    macro.landing = (struct str){rest.p, end};
    macro.bytes = (size_t)(rest.p - text.p) + end + 1;
    return macro;
}

/* The first macro of ours in text, *at its place; bytes 0 when there is none. */
static struct our_macro find_macro(struct str text, size_t *at) {
    for (size_t from = 0; from < text.n;) {
        const char *dollar = memchr(text.p + from, '$', text.n - from);
        if (!dollar)
            break;
        *at = (size_t)(dollar - text.p);
        struct str here = rest_of(text, *at);
        struct our_macro macro = read_view(here);
        if (!macro.bytes)
            macro = read_click(here);
        if (macro.bytes)
            return macro;
        from = *at + 1;
    }
    return (struct our_macro){.bytes = 0};
}

static bool has_view(struct str text) {
    size_t at = 0;
    for (struct our_macro macro = find_macro(text, &at); macro.bytes; macro = find_macro(text, &at)) {
        if (!macro.click)
            return true;
        text = rest_of(text, at + macro.bytes);
    }
    return false;
}

/* ---- writing ---- */

static void add_text(struct own_markup *m, struct str text) {
    if (m->values->json)
        buf_add_json_escaped(m->out, text);
    else
        buf_add_str(m->out, text);
}

/* Where XML stands after text. */
static bool cdata_after(bool in_cdata, struct str text) {
    for (;;) {
        struct str mark = in_cdata ? STR("]]>") : STR("<![CDATA[");
        const char *found = text.n ? memmem(text.p, text.n, mark.p, mark.n) : NULL;
        if (!found)
            return in_cdata;
        in_cdata = !in_cdata;
        text = rest_of(text, (size_t)(found - text.p) + mark.n);
    }
}

/* Text of the ad's, OpenRTB's macros replaced. */
static void add_passage(struct own_markup *m, struct str text) {
    bid_macros_expand(m->values, text, m->out);
    if (m->xml)
        m->in_cdata = cdata_after(m->in_cdata, text);
}

static void add_url(struct own_markup *m, struct str url, enum form form) {
    switch (form) {
    case FORM_BASE64:
        url_text_add_base64(m->out, url, false);
        return;
    case FORM_ENCODED:
        url_text_add_encoded(m->out, url);
        return;
    case FORM_PLAIN:
        break;
    }
    bool escape = m->xml && !m->in_cdata;
    const char *amp;
    while (escape && (amp = memchr(url.p, '&', url.n)) != NULL) {
        size_t n = (size_t)(amp - url.p);
        add_text(m, (struct str){url.p, n});
        BUF_ADD_LIT(m->out, "&amp;");
        url = rest_of(url, n + 1);
    }
    add_text(m, url);
}

/* ---- ${VIEW} ---- */

static bool make_view(const struct own_markup *m, struct buf *url) {
    const struct bid *bid = m->values->bid;
    return m->urls && bid_urls_loadable(m->urls, bid) &&
           bid_urls_add(m->urls, m->values->request, bid, TOKEN_VIEW, (struct str){NULL, 0}, url);
}

static void add_view(struct own_markup *m, enum form form) {
    char bytes[BID_URLS_MOST_BYTES];
    struct buf url = fixed_buf(bytes, sizeof bytes);
    if (make_view(m, &url))
        add_url(m, buf_view(&url), form);
    else
        add_url(m, STR(NO_VIEW), form);
}

/* ---- ${CLICK:...} ---- */

/* http:// or https:// with a host. */
static bool is_web_url(struct str url) {
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t n = schemes[i].n;
        if (url.n > n && str_ieq((struct str){url.p, n}, schemes[i]))
            return !strchr("/?#:@", url.p[n]);
    }
    return false;
}

/* Appends the landing page as a browser would send it: spaces and what is not ASCII percent-encoded. False: a
 * control character. */
static bool add_as_sent(struct buf *out, struct str url) {
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if ((c < ' ') || c == 0x7f)
            return false;
        if (c == ' ' || c >= 0x80)
            url_text_add_percent(out, url.p[i]);
        else
            buf_add_char(out, url.p[i]);
    }
    return true;
}

/* The text of an attribute or a JSON string as what it says. */
static void unescape(enum openrtb_mtype mtype, struct str text, struct buf *out) {
    if (mtype == OPENRTB_MTYPE_NATIVE) {
        raw_json_unescape(text, out);
        return;
    }
    static const struct str amp = STR_INIT("&amp;");
    for (;;) {
        const char *found = text.n ? memmem(text.p, text.n, amp.p, amp.n) : NULL;
        size_t n = found ? (size_t)(found - text.p) + 1 : text.n;
        buf_add(out, text.p, n);
        if (!found)
            return;
        text = rest_of(text, n - 1 + amp.n);
    }
}

/* The landing page as it is signed, or false: it can't be. */
static bool read_landing(const struct own_markup *m, struct str text, struct buf *out) {
    char plain_bytes[LANDING_BYTES], expanded_bytes[LANDING_BYTES];
    struct buf plain = fixed_buf(plain_bytes, sizeof plain_bytes);
    struct buf expanded = fixed_buf(expanded_bytes, sizeof expanded_bytes);
    struct bid_macro_values values = *m->values;
    values.context = BID_MACRO_NOTICE_URL;
    values.json = false;
    unescape(m->values->bid->mtype, text, &plain);
    if (plain.failed || !is_web_url(buf_view(&plain)))
        return false;
    bid_macros_expand(&values, buf_view(&plain), &expanded);
    return !expanded.failed && add_as_sent(out, buf_view(&expanded)) && !out->failed;
}

static void add_click(struct own_markup *m, const struct our_macro *macro) {
    char landing_bytes[LANDING_BYTES], url_bytes[BID_URLS_MOST_BYTES];
    struct buf landing = fixed_buf(landing_bytes, sizeof landing_bytes);
    struct buf url = fixed_buf(url_bytes, sizeof url_bytes);
    bool good = read_landing(m, macro->landing, &landing);
    if (good && m->urls &&
        bid_urls_add(m->urls, m->values->request, m->values->bid, TOKEN_CLICK, buf_view(&landing), &url))
        add_url(m, buf_view(&url), macro->form);
    else if (good && macro->form != FORM_PLAIN)
        add_url(m, buf_view(&landing), macro->form);
    else
        add_passage(m, macro->landing);
}

/* ---- the whole markup ---- */

static void add_markup(struct own_markup *m, struct str text) {
    size_t at = 0;
    for (struct our_macro macro = find_macro(text, &at); macro.bytes; macro = find_macro(text, &at)) {
        add_passage(m, (struct str){text.p, at});
        if (macro.click)
            add_click(m, &macro);
        else
            add_view(m, macro.form);
        text = rest_of(text, at + macro.bytes);
    }
    add_passage(m, text);
}

void own_markup_write(const struct bid_macro_values *values, const struct bid_urls *urls, struct buf *out) {
    const struct bid *bid = values->bid;
    struct str text = bid->in->adm;
    bool xml = bid->mtype == OPENRTB_MTYPE_VIDEO || bid->mtype == OPENRTB_MTYPE_AUDIO;
    struct own_markup m = {.values = values, .urls = bid->hold ? urls : NULL, .out = out, .xml = xml};
    char bytes[BID_URLS_MOST_BYTES];
    struct buf url = fixed_buf(bytes, sizeof bytes);
    struct own_markup_place place;
    bool added =
        m.urls && !has_view(text) && own_markup_find_place(bid->mtype, text, &place) && make_view(&m, &url);
    if (!added) {
        add_markup(&m, text);
        return;
    }
    add_markup(&m, (struct str){text.p, place.at});
    add_text(&m, place.before);
    add_text(&m, buf_view(&url));
    add_text(&m, place.after);
    add_markup(&m, rest_of(text, place.at));
}
