/* Times of click events; see click_time.h. */
#include "clickstream/click_time.h"

#define SECOND_US 1000000

struct cursor {
    const char *p, *end;
};

/* Takes exactly `digits` digits. */
static bool take_number(struct cursor *c, int digits, int *value) {
    *value = 0;
    if (c->end - c->p < digits)
        return false;
    for (int i = 0; i < digits; i++, c->p++) {
        if (*c->p < '0' || *c->p > '9')
            return false;
        *value = *value * 10 + (*c->p - '0');
    }
    return true;
}

static bool take_char(struct cursor *c, char wanted) {
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar. */
static int64_t days_of(int year, int month, int day) {
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = (int64_t)year + 399; /* counted from -399, to divide what is not negative */
    int64_t leaps = y / 4 - y / 100 + y / 400;
    int64_t days = y * 365 + leaps + before[month - 1] + day - 1 + (month > 2 && is_leap(year));
    return days - 865259; /* 1970-01-01 in the same count */
}

static bool take_date(struct cursor *c, int64_t *days) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_number(c, 4, &year) || !take_char(c, '-') || !take_number(c, 2, &month) || !take_char(c, '-') ||
        !take_number(c, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] + (month == 2 && is_leap(year)))
        return false;
    *days = days_of(year, month, day);
    return true;
}

static bool take_fraction(struct cursor *c, int64_t *us) {
    int64_t unit = SECOND_US / 10;
    const char *from = c->p;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, unit /= 10)
        *us += unit * (*c->p - '0');
    return c->p > from;
}

static bool take_clock(struct cursor *c, int64_t *us) {
    int hour, minute, second = 0;
    if (!take_number(c, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, &minute))
        return false;
    if (take_char(c, ':') && !take_number(c, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second */
        return false;
    *us = ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * SECOND_US;
    return !(take_char(c, '.') || take_char(c, ',')) || take_fraction(c, us);
}

/* "+02:00", "+0200" or "+02"; *offset in microseconds. */
static bool take_zone(struct cursor *c, int64_t *offset) {
    int hours, minutes = 0;
    *offset = 0;
    if (c->p == c->end || take_char(c, 'Z') || take_char(c, 'z'))
        return true;
    bool west = take_char(c, '-');
    if (!west && !take_char(c, '+'))
        return false;
    if (!take_number(c, 2, &hours))
        return false;
    bool more = take_char(c, ':') || c->p < c->end;
    if ((more && !take_number(c, 2, &minutes)) || hours > 23 || minutes > 59)
        return false;
    *offset = (int64_t)(west ? -1 : 1) * (hours * 60 + minutes) * 60 * SECOND_US;
    return true;
}

bool click_time_parse(struct str text, int64_t *us) {
    struct cursor c = {text.p, text.p + text.n};
    int64_t days, clock = 0, offset = 0;
    if (!take_date(&c, &days))
        return false;
    if (c.p < c.end) {
        if (!take_char(&c, 'T') && !take_char(&c, 't') && !take_char(&c, ' '))
            return false;
        if (!take_clock(&c, &clock) || !take_zone(&c, &offset) || c.p != c.end)
            return false;
    }
    *us = days * 86400 * SECOND_US + clock - offset;
    return true;
}

int64_t click_time_correct(int64_t received_us, int64_t sent_us, int64_t original_us) {
    if (original_us == CLICK_TIME_NONE)
        return received_us;
    int64_t time_us = sent_us == CLICK_TIME_NONE ? original_us : received_us - (sent_us - original_us);
    return time_us < received_us ? time_us : received_us;
}
