/* Forms of values; see ad_forms.h. */
#include "builder/ad_forms.h"

#include <stdio.h>
#include <time.h>

#include "table/table_format.h"

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return is_lower(c) || is_upper(c);
}

static struct str trim(struct str s) {
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ') {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
        s.n--;
    return s;
}

/* ASCII only: the requests' side does the same. */
static const char *to_lower(struct arena *arena, struct str in, struct str *out) {
    char *p = arena_alloc(arena, in.n + 1);
    if (!p)
        return AD_NO_MEMORY;
    for (size_t i = 0; i < in.n; i++)
        p[i] = (char)(is_upper(in.p[i]) ? in.p[i] + ('a' - 'A') : in.p[i]);
    *out = (struct str){p, in.n};
    return NULL;
}

static const char *wrong_text(struct str s) {
    if (s.n == 0)
        return "must not be empty";
    if (s.n > TABLE_ID_BYTES)
        return "must be at most 256 bytes long";
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return "must not hold control characters";
    return NULL;
}

const char *ad_form_id(struct arena *arena, struct str in, struct str *out) {
    (void)arena;
    *out = in;
    return wrong_text(in);
}

const char *ad_form_country(struct arena *arena, struct str in, struct str *out) {
    (void)arena;
    *out = in;
    return in.n == 3 && is_upper(in.p[0]) && is_upper(in.p[1]) && is_upper(in.p[2])
               ? NULL
               : "must be three capital letters";
}

const char *ad_form_region(struct arena *arena, struct str in, struct str *out) {
    bool good = in.n >= 5 && in.n <= 12 && in.p[3] == '-';
    (void)arena;
    *out = in;
    for (size_t i = 0; i < in.n && good; i++)
        good = i == 3 || is_upper(in.p[i]) || (i > 3 && is_digit(in.p[i]));
    return good ? NULL : "must be a country and its region, as \"USA-CA\"";
}

const char *ad_form_os(struct arena *arena, struct str in, struct str *out) {
    in = trim(in);
    const char *wrong = wrong_text(in);
    return wrong ? wrong : to_lower(arena, in, out);
}

const char *ad_form_keyword(struct arena *arena, struct str in, struct str *out) {
    return ad_form_os(arena, in, out);
}

const char *ad_form_language(struct arena *arena, struct str in, struct str *out) {
    size_t n = 0;
    while (n < in.n && is_letter(in.p[n]))
        n++;
    if (n < 2 || n > 3 || (n < in.n && in.p[n] != '-' && in.p[n] != '_'))
        return "must be a language, as \"en\"";
    return to_lower(arena, (struct str){in.p, n}, out);
}

const char *ad_form_domain(struct arena *arena, struct str in, struct str *out) {
    static const char wrong[] = "must be a domain name, as \"news.example.com\"";
    if (in.n > 0 && in.p[in.n - 1] == '.')
        in.n--;
    if (in.n == 0 || in.n > 253)
        return wrong;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        bool dot = c == '.' && i > 0 && i + 1 < in.n && in.p[i - 1] != '.';
        if (!dot && !is_letter(c) && !is_digit(c) && c != '-' && c != '_')
            return wrong;
    }
    return to_lower(arena, in, out);
}

const char *ad_form_category(uint32_t cattax, struct str in) {
    const char *wrong = wrong_text(in);
    if (wrong || cattax != 1)
        return wrong;
    bool good = str_starts(in, STR("IAB")) && in.n > 3 && is_digit(in.p[in.n - 1]);
    for (size_t i = 3; i < in.n && good; i++)
        good = is_digit(in.p[i]) || (in.p[i] == '-' && is_digit(in.p[i - 1]));
    return good ? NULL : "must be a category of taxonomy 1, as \"IAB1\" or \"IAB1-3\"";
}

/* A number without a sign or leading zeros at *p, at most most; false when there is none. */
static bool take_number(struct str *s, uint32_t most, uint32_t *number) {
    size_t n = 0;
    uint32_t v = 0;
    while (n < s->n && is_digit(s->p[n]) && v <= most)
        v = v * 10 + (uint32_t)(s->p[n++] - '0');
    if (n == 0 || v > most || (n > 1 && s->p[0] == '0'))
        return false;
    *s = (struct str){s->p + n, s->n - n};
    *number = v;
    return true;
}

const char *ad_form_size(struct str in, uint32_t *number) {
    uint32_t w = 0, h = 0;
    bool good = take_number(&in, UINT16_MAX, &w) && in.n > 0 && in.p[0] == 'x';
    if (good) {
        in = (struct str){in.p + 1, in.n - 1};
        good = take_number(&in, UINT16_MAX, &h) && in.n == 0 && w > 0 && h > 0;
    }
    *number = w << 16 | h;
    return good ? NULL : "must be width and height, as \"300x250\"";
}

/* The two digits at p. */
static int two(const char *p) {
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool matches(const char *p, const char *pattern) {
    for (size_t i = 0; pattern[i]; i++)
        if (pattern[i] == '0' ? !is_digit(p[i]) : p[i] != pattern[i])
            return false;
    return true;
}

const char *ad_form_time(struct str in, uint32_t *seconds) {
    static const char wrong[] = "must be a time, as \"2026-01-01T00:00:00Z\" or with \"+02:00\" for the Z";
    static const char pattern[] = "0000-00-00T00:00:00";
    const size_t n = sizeof pattern - 1;
    int offset = 0;
    if (in.n < n + 1 || !matches(in.p, pattern))
        return wrong;
    if (in.n == n + 6 && (matches(in.p + n, "+00:00") || matches(in.p + n, "-00:00"))) {
        offset = two(in.p + n + 1) * 3600 + two(in.p + n + 4) * 60;
        if (two(in.p + n + 1) > 23 || two(in.p + n + 4) > 59)
            return wrong;
        offset = in.p[n] == '-' ? -offset : offset;
    } else if (in.n != n + 1 || in.p[n] != 'Z') {
        return wrong;
    }
    struct tm given = {.tm_year = two(in.p) * 100 + two(in.p + 2) - 1900,
                       .tm_mon = two(in.p + 5) - 1,
                       .tm_mday = two(in.p + 8),
                       .tm_hour = two(in.p + 11),
                       .tm_min = two(in.p + 14),
                       .tm_sec = two(in.p + 17)};
    struct tm normal = given;
    time_t t = timegm(&normal);
    if (normal.tm_mon != given.tm_mon || normal.tm_mday != given.tm_mday || normal.tm_hour != given.tm_hour ||
        normal.tm_min != given.tm_min || normal.tm_sec != given.tm_sec)
        return wrong;
    t -= offset;
    if (t < 0 || t >= UINT32_MAX)
        return "must be from 1970 to 2106";
    *seconds = (uint32_t)t;
    return NULL;
}

const char *ad_form_zone(struct str in) {
    bool good = in.n > 0 && in.n < sizeof((struct table_zone *)0)->name && in.p[0] != '/';
    for (size_t i = 0; i < in.n && good; i++)
        good = is_letter(in.p[i]) || is_digit(in.p[i]) || memchr("/_+-", in.p[i], 4);
    return good ? NULL : "must be a name of a time zone, as \"Europe/Berlin\"";
}
