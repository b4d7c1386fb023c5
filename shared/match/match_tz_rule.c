/* Rules of daylight saving time; see match_tz_rule.h. */
#include "match/match_tz_rule.h"

#define DAY  86400
#define HOUR 3600

enum day_kind { DAY_MONTH, DAY_JULIAN, DAY_OF_YEAR };

/* When the clock is changed each year, in the time that was valid before. */
struct change {
    enum day_kind kind;
    int month, week, day; /* DAY_MONTH: 1 to 12, 1 to 5, 0 to 6 (0 is Sunday); else the day alone */
    int32_t time;         /* seconds from the day's beginning */
};

struct rule {
    int32_t standard, summer; /* seconds east of UTC */
    struct change begin, end;
    bool has_summer;
};

/* The rest of a text that is being read. */
struct reader {
    const char *p, *end;
};

static bool take(struct reader *reader, char c) {
    if (reader->p == reader->end || *reader->p != c)
        return false;
    reader->p++;
    return true;
}

static bool read_number(struct reader *reader, int most, int *number) {
    const char *start = reader->p;
    *number = 0;
    for (; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++) {
        *number = *number * 10 + (*reader->p - '0');
        if (*number > most)
            return false;
    }
    return reader->p > start;
}

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool skip_name(struct reader *reader) {
    const char *start = reader->p;
    if (take(reader, '<')) {
        while (reader->p < reader->end && *reader->p != '>')
            reader->p++;
        return take(reader, '>');
    }
    while (reader->p < reader->end && is_letter(*reader->p))
        reader->p++;
    return reader->p - start >= 3;
}

/* [+-]h[h][:mm[:ss]] */
static bool read_time(struct reader *reader, int32_t *seconds) {
    int sign = take(reader, '-') ? -1 : 1, hours, minutes = 0, rest = 0;
    if (sign > 0)
        (void)take(reader, '+');
    if (!read_number(reader, 167, &hours))
        return false;
    if (take(reader, ':') && !read_number(reader, 59, &minutes))
        return false;
    if (take(reader, ':') && !read_number(reader, 59, &rest))
        return false;
    *seconds = sign * (hours * HOUR + minutes * 60 + rest);
    return true;
}

static bool read_day(struct reader *reader, struct change *change) {
    if (take(reader, 'M')) {
        change->kind = DAY_MONTH;
        return read_number(reader, 12, &change->month) && change->month >= 1 && take(reader, '.') &&
               read_number(reader, 5, &change->week) && change->week >= 1 && take(reader, '.') &&
               read_number(reader, 6, &change->day);
    }
    change->kind = take(reader, 'J') ? DAY_JULIAN : DAY_OF_YEAR;
    return read_number(reader, 365, &change->day) && (change->kind == DAY_OF_YEAR || change->day >= 1);
}

static bool read_change(struct reader *reader, struct change *change) {
    change->time = 2 * HOUR;
    return take(reader, ',') && read_day(reader, change) &&
           (!take(reader, '/') || read_time(reader, &change->time));
}

static bool read_rule(struct reader *reader, struct rule *rule) {
    int32_t west;
    if (!skip_name(reader) || !read_time(reader, &west))
        return false;
    rule->standard = -west;
    rule->has_summer = reader->p < reader->end;
    if (!rule->has_summer)
        return true;
    if (!skip_name(reader))
        return false;
    rule->summer = rule->standard + HOUR;
    if (reader->p < reader->end && *reader->p != ',') {
        if (!read_time(reader, &west))
            return false;
        rule->summer = -west;
    }
    return read_change(reader, &rule->begin) && read_change(reader, &rule->end) && reader->p == reader->end;
}

/* ---- the calendar ---- */

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to January 1 of that year. */
static int64_t days_before(int64_t year) {
    int64_t past = year - 1;
    return 365 * (year - 1970) + (past / 4 - 1969 / 4) - (past / 100 - 1969 / 100) +
           (past / 400 - 1969 / 400);
}

static int64_t year_of(int64_t seconds) {
    int64_t year = 1970 + seconds / (366 * (int64_t)DAY);
    while (days_before(year + 1) * DAY <= seconds)
        year++;
    return year;
}

static int64_t month_day(const struct change *change, int64_t year) {
    static const int before[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int leap = is_leap(year), month = change->month;
    int64_t first = days_before(year) + before[month - 1] + (month > 2 ? leap : 0);
    int length = before[month] - before[month - 1] + (month == 2 ? leap : 0);
    int weekday = (int)((first + 4) % 7); /* 1970-01-01 was a Thursday */
    int day = (change->day - weekday + 7) % 7 + 7 * (change->week - 1);
    return first + (day >= length ? day - 7 : day);
}

/* When the clock is changed in that year, `offset` being valid before. */
static int64_t change_at(const struct change *change, int64_t year, int32_t offset) {
    int64_t day = days_before(year);
    if (change->kind == DAY_MONTH)
        day = month_day(change, year);
    else if (change->kind == DAY_OF_YEAR)
        day += change->day;
    else
        day += change->day - 1 + (is_leap(year) && change->day >= 60); /* February 29 is not counted */
    return day * DAY + change->time - offset;
}

static void meet(struct match_zone *zone, int64_t now, int64_t at, int32_t offset) {
    if (at <= now && at >= zone->from) {
        zone->from = at;
        zone->offset = offset;
    } else if (at > now && at < zone->until) {
        zone->until = at;
    }
}

bool match_tz_rule(struct str text, int64_t now, struct match_zone *zone) {
    struct reader reader = {text.p, text.p + text.n};
    struct rule rule = {0};
    if (now < 0 || now > INT64_C(1) << 40 || !read_rule(&reader, &rule))
        return false;
    *zone = (struct match_zone){INT64_MIN, INT64_MAX, rule.standard};
    if (!rule.has_summer)
        return true;
    int64_t year = year_of(now);
    for (int64_t i = year - 1; i <= year + 1; i++) {
        meet(zone, now, change_at(&rule.begin, i, rule.standard), rule.summer);
        meet(zone, now, change_at(&rule.end, i, rule.summer), rule.standard);
    }
    return true;
}
