/* Reading the query; see event_query.h. */
#include "event/event_query.h"

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes percent signs. A + is a +: what we give out has none. */
static bool decode(struct str s, char *text, size_t room, struct str *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (n == room)
            return false;
        if (s.p[i] != '%') {
            text[n++] = s.p[i];
            continue;
        }
        int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
        int low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        text[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *out = (struct str){text, n};
    return true;
}

/* The next parameter of *query, which moves behind it. */
static struct str next_parameter(struct str *query) {
    const char *end = memchr(query->p, '&', query->n);
    size_t n = end ? (size_t)(end - query->p) : query->n;
    struct str parameter = {query->p, n};
    size_t skip = end ? n + 1 : n;
    *query = (struct str){query->p + skip, query->n - skip};
    return parameter;
}

bool event_query_read(struct str query, char extra_name, char *text, size_t room, struct event_query *read) {
    struct str token = {NULL, 0}, extra = {NULL, 0};
    while (query.n) {
        struct str parameter = next_parameter(&query);
        if (parameter.n < 2 || parameter.p[1] != '=')
            continue;
        struct str value = {parameter.p + 2, parameter.n - 2};
        struct str *slot = parameter.p[0] == 't' ? &token : parameter.p[0] == extra_name ? &extra : NULL;
        if (!slot)
            continue;
        if (str_present(*slot))
            return false;
        *slot = value;
    }
    read->token = token;
    read->extra = (struct str){text, 0};
    return str_present(token) && (!str_present(extra) || decode(extra, text, room, &read->extra));
}
