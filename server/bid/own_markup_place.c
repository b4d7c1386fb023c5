/* Looks for the place in HTML, VAST and native JSON; see own_markup_place.h. */
#include "bid/own_markup_place.h"

#include "bid/raw_json.h"

static struct str rest_of(struct str s, size_t at) {
    return (struct str){s.p + at, s.n - at};
}

/* ---- VAST ---- */

/* The bytes of a comment or CDATA at the beginning of s, the rest when it does not end; 0: it is neither. */
static size_t opaque_bytes(struct str s) {
    static const struct str opaque[][2] = {{STR_INIT("<!--"), STR_INIT("-->")},
                                           {STR_INIT("<![CDATA["), STR_INIT("]]>")}};
    for (size_t i = 0; i < COUNT_OF(opaque); i++) {
        if (!str_starts(s, opaque[i][0]))
            continue;
        const char *end = memmem(s.p, s.n, opaque[i][1].p, opaque[i][1].n);
        return end ? (size_t)(end - s.p) + opaque[i][1].n : s.n;
    }
    return 0;
}

/* Whether a tag of that name ("<Impression", "</InLine") begins here. */
static bool is_tag(struct str s, struct str tag) {
    return str_starts(s, tag) && s.n > tag.n && strchr(" \t\r\n/>", s.p[tag.n]) != NULL;
}

/* In the first ad, in front of its first Impression; without one in front of its Creatives, or at its end. */
static bool find_in_vast(struct str text, struct own_markup_place *place) {
    static const struct str tags[] = {STR_INIT("<Impression"), STR_INIT("<Creatives"), STR_INIT("</InLine"),
                                      STR_INIT("</Wrapper")};
    for (size_t at = 0; at < text.n;) {
        const char *open = memchr(text.p + at, '<', text.n - at);
        if (!open)
            return false;
        at = (size_t)(open - text.p);
        struct str here = rest_of(text, at);
        for (size_t i = 0; i < COUNT_OF(tags); i++)
            if (is_tag(here, tags[i])) {
                *place = (struct own_markup_place){at, STR("<Impression><![CDATA["), STR("]]></Impression>")};
                return true;
            }
        size_t skip = opaque_bytes(here);
        at += skip ? skip : 1;
    }
    return false;
}

/* ---- native ---- */

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The index of the first byte at or after `at` that is no white space. */
static size_t skip_space(struct str s, size_t at) {
    while (at < s.n && is_space(s.p[at]))
        at++;
    return at;
}

/* Whether text is an object whose members can be walked to its end. */
static bool is_object(struct str text) {
    struct raw_json_walk walk = {text, 0};
    struct raw_json_member member;
    size_t members = 0;
    while (raw_json_next(&walk, &member))
        members++;
    size_t end = skip_space(text, walk.at);
    return members > 0 && end < text.n && text.p[end] == '}' && skip_space(text, end + 1) == text.n;
}

static bool is_list(struct str value) {
    return value.n >= 2 && value.p[0] == '[' && value.p[value.n - 1] == ']';
}

/* The place behind the bracket that opens the list; the entry gets a comma unless it is the only one. */
static struct own_markup_place in_list(struct str text, struct str list, struct str before, struct str after,
                                       struct str after_alone) {
    bool alone = list.p[skip_space(list, 1)] == ']';
    return (struct own_markup_place){(size_t)(list.p - text.p) + 1, before, alone ? after_alone : after};
}

static bool find_in_native(struct str text, struct own_markup_place *place) {
    size_t start = skip_space(text, 0);
    struct str root = rest_of(text, start);
    if (!is_object(root))
        return false;
    struct str wrapped = raw_json_find(root, STR("native"));
    if (str_present(wrapped)) {
        if (!is_object(wrapped))
            return false;
        root = wrapped;
    }
    struct str trackers = raw_json_find(root, STR("imptrackers"));
    struct str events = raw_json_find(root, STR("eventtrackers"));
    if (is_list(trackers))
        *place = in_list(text, trackers, STR("\""), STR("\","), STR("\""));
    else if (str_present(trackers))
        return false;
    else if (is_list(events))
        *place = in_list(text, events, STR("{\"event\":1,\"method\":1,\"url\":\""), STR("\"},"), STR("\"}"));
    else
        *place =
            (struct own_markup_place){(size_t)(root.p - text.p) + 1, STR("\"imptrackers\":[\""), STR("\"],")};
    return true;
}

/* ---- all of them ---- */

bool own_markup_find_place(enum openrtb_mtype mtype, struct str text, struct own_markup_place *place) {
    switch (mtype) {
    case OPENRTB_MTYPE_BANNER:
        *place = (struct own_markup_place){
            text.n, STR("<img src=\""),
            STR("\" width=\"1\" height=\"1\" alt=\"\" style=\"position:absolute;visibility:hidden\">")};
        return true;
    case OPENRTB_MTYPE_VIDEO:
    case OPENRTB_MTYPE_AUDIO:
        return find_in_vast(text, place);
    case OPENRTB_MTYPE_NATIVE:
        return find_in_native(text, place);
    case OPENRTB_MTYPE_NONE:
        break;
    }
    return false;
}
