/*
 * A view of bytes that somebody else owns. Never NUL-terminated, may hold any byte.
 * Passed by value; a view with p == NULL means "absent", p != NULL with n == 0 means "empty".
 */
#ifndef SLIMBID_BASE_STR_H
#define SLIMBID_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct str {
    const char *p;
    size_t n;
};

/* A view of a string literal. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* The same in static initialisers. */
#define STR_INIT(literal)                                                                                    \
    { "" literal, sizeof(literal) - 1 }
/* The two arguments of printf's %.*s. */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_from(const char *z) {
    return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_present(struct str s) {
    return s.p != NULL;
}

static inline bool str_eq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal but for the case of ASCII letters. */
static inline bool str_ieq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str prefix) {
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static inline bool str_ends(struct str s, struct str suffix) {
    return s.n >= suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

/* A list of views; the array lives where its maker says. */
struct str_list {
    struct str *items;
    size_t count;
};

static inline bool str_list_has(const struct str_list *list, struct str s) {
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], s))
            return true;
    return false;
}

static inline bool str_list_has_nocase(const struct str_list *list, struct str s) {
    for (size_t i = 0; i < list->count; i++)
        if (str_ieq(list->items[i], s))
            return true;
    return false;
}

#endif
