/* What markup loads over plain HTTP; see markup_secure.h. */
#include "bid/markup_secure.h"

#include "base/macros.h"

/* How far back an element's name is looked for: keeps the search linear on hostile text. */
#define TAG_WINDOW 512
/* Native 1.2 nests 6 levels; what is deeper is read as if it were this deep. */
#define NATIVE_DEPTH 16

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool name_among(struct str name, const struct str *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (str_ieq(name, names[i]))
            return true;
    return false;
}

/* Whether "http://" stands at s.p + at, slashes possibly escaped by backslashes. */
static bool http_at(struct str s, size_t at) {
    static const char plain[] = "://";
    if (s.n < at + 7 || strncasecmp(s.p + at, "http", 4) != 0)
        return false;
    size_t i = at + 4;
    for (size_t k = 0; k < 3; k++, i++) {
        if (k > 0 && i < s.n && s.p[i] == '\\')
            i++;
        if (i >= s.n || s.p[i] != plain[k])
            return false;
    }
    return true;
}

/* The next place of http:// at or after from; s.n when there is none. */
static size_t find_http(struct str s, size_t from) {
    while (from < s.n) {
        const char *colon = memchr(s.p + from, ':', s.n - from);
        if (!colon)
            break;
        size_t at = (size_t)(colon - s.p);
        if (at >= 4 && http_at(s, at - 4))
            return at - 4;
        from = at + 1;
    }
    return s.n;
}

/* The index after the last byte before end that is no white space. */
static size_t back_over_space(struct str s, size_t end) {
    while (end > 0 && is_space(s.p[end - 1]))
        end--;
    return end;
}

/* Without a prefix: "href" of xlink:href, "url" of background:url. */
static struct str name_before(struct str s, size_t end) {
    size_t from = end;
    while (from > 0 && end - from < 64 && is_name(s.p[from - 1]))
        from--;
    return (struct str){s.p + from, end - from};
}

/* The place after the last c before end, within the window; 0 when there is none. */
static size_t after_last(struct str s, size_t end, char c) {
    size_t limit = end > TAG_WINDOW ? end - TAG_WINDOW : 0;
    const char *found = end > limit ? memrchr(s.p + limit, c, end - limit) : NULL;
    return found ? (size_t)(found - s.p) + 1 : 0;
}

/* The name of the element whose tag is open at end. */
static struct str open_element(struct str s, size_t end) {
    size_t from = after_last(s, end, '<');
    if (from == 0)
        return (struct str){NULL, 0};
    size_t to = from;
    while (to < end && (is_name(s.p[to]) || s.p[to] == ':'))
        to++;
    return (struct str){s.p + from, to - from};
}

static bool attribute_loads(struct str s, size_t name_end) {
    static const struct str loading[] = {STR_INIT("src"),        STR_INIT("srcset"), STR_INIT("poster"),
                                         STR_INIT("background"), STR_INIT("data"),   STR_INIT("data-src")};
    static const struct str linking[] = {STR_INIT("link"), STR_INIT("base"), STR_INIT("image"),
                                         STR_INIT("use"), STR_INIT("script")};
    struct str name = name_before(s, name_end);
    if (name_among(name, loading, COUNT_OF(loading)))
        return true;
    return str_ieq(name, STR("href")) && name_among(open_element(s, name_end), linking, COUNT_OF(linking));
}

/* `attribute = "`, `url(`, `@import "` before at. */
static bool loads_in_html(struct str s, size_t at) {
    size_t end = back_over_space(s, at);
    if (end > 0 && (s.p[end - 1] == '"' || s.p[end - 1] == '\'')) {
        end--;
        if (end > 0 && s.p[end - 1] == '\\')
            end--;
        end = back_over_space(s, end);
    }
    if (end == 0)
        return false;
    if (s.p[end - 1] == '=')
        return attribute_loads(s, back_over_space(s, end - 1));
    if (s.p[end - 1] == '(')
        return str_ieq(name_before(s, end - 1), STR("url"));
    return str_ieq(name_before(s, end), STR("import"));
}

/* A srcset's later candidates: `srcset="https://a 1x, http://b 2x"`. */
static bool loads_in_srcset(struct str s, size_t at) {
    size_t end = back_over_space(s, at);
    if (end == 0 || s.p[end - 1] != ',')
        return false;
    size_t quote = after_last(s, end, '"'), single = after_last(s, end, '\'');
    if (single > quote)
        quote = single;
    if (quote == 0 || after_last(s, end, '<') > quote)
        return false;
    end = back_over_space(s, quote - 1);
    return end > 0 && s.p[end - 1] == '=' &&
           str_ieq(name_before(s, back_over_space(s, end - 1)), STR("srcset"));
}

/* `<Element ...>` or `<Element><![CDATA[` before at. */
static bool loads_in_xml(struct str s, size_t at) {
    static const struct str cdata = STR_INIT("<![CDATA[");
    size_t end = back_over_space(s, at);
    if (end >= cdata.n && memcmp(s.p + end - cdata.n, cdata.p, cdata.n) == 0)
        end = back_over_space(s, end - cdata.n);
    if (end == 0 || s.p[end - 1] != '>')
        return false;
    struct str element = open_element(s, end - 1);
    if (element.n == 0) /* a closing tag, a comment or a declaration */
        return false;
    static const struct str named[] = {STR_INIT("CustomClick"), STR_INIT("Advertiser"), STR_INIT("AdTitle"),
                                       STR_INIT("AdSystem"), STR_INIT("Description")};
    static const struct str through = STR_INIT("ClickThrough");
    size_t skip = element.n > through.n ? element.n - through.n : 0;
    struct str tail = {element.p + skip, element.n - skip};
    return !str_ieq(tail, through) && !name_among(element, named, COUNT_OF(named));
}

/* text: one string value of native JSON; key: its own, or absent in an array; parent: the key around it. */
static bool native_string_secure(struct str text, struct str key, struct str parent) {
    bool landing = str_eq(key, STR("privacy")) || str_eq(parent, STR("link"));
    if (http_at(text, 0))
        return landing;
    bool vast = memmem(text.p, text.n, "<VAST", 5) != NULL; /* video.vasttag; else jstracker */
    return markup_secure(text, vast ? MARKUP_XML : MARKUP_HTML);
}

/* The place of the quote that ends the JSON string whose first byte is at `at`, or the text's end. */
static size_t string_end(struct str s, size_t at) {
    while (at < s.n && s.p[at] != '"')
        at += s.p[at] == '\\' ? 2 : 1;
    return at < s.n ? at : s.n;
}

/* Whether what follows the string that ends at `end` makes it a key. */
static bool is_key(struct str s, size_t end) {
    size_t next = end + 1;
    while (next < s.n && is_space(s.p[next]))
        next++;
    return next < s.n && s.p[next] == ':';
}

/* Walks the JSON text, remembering the key of each open object. */
static bool native_secure(struct str s) {
    struct str keys[NATIVE_DEPTH + 1] = {{NULL, 0}};
    size_t depth = 0;
    for (size_t at = 0; at < s.n; at++) {
        size_t level = depth < NATIVE_DEPTH ? depth : NATIVE_DEPTH;
        char c = s.p[at];
        if (c == '{' || c == '[') {
            depth++;
            keys[level < NATIVE_DEPTH ? level + 1 : level] = (struct str){NULL, 0};
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        } else if (c == '"') {
            size_t end = string_end(s, at + 1);
            struct str text = {s.p + at + 1, end - at - 1};
            if (is_key(s, end))
                keys[level] = text;
            else if (!native_string_secure(text, keys[level], keys[level ? level - 1 : 0]))
                return false;
            at = end;
        }
    }
    return true;
}

bool markup_secure(struct str markup, enum markup_kind kind) {
    size_t at = find_http(markup, 0);
    if (at == markup.n)
        return true;
    if (kind == MARKUP_NATIVE)
        return native_secure(markup);
    for (; at < markup.n; at = find_http(markup, at + 7)) {
        if (loads_in_html(markup, at) || loads_in_srcset(markup, at))
            return false;
        if (kind == MARKUP_XML && loads_in_xml(markup, at))
            return false;
    }
    return true;
}

bool markup_url_insecure(struct str url) {
    return http_at(url, 0);
}
