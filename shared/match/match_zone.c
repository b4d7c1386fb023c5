/* Reads TZif files; see match_zone.h. */
#include "match/match_zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "match/match_tz_rule.h"

#define FILE_BYTES   16384 /* the longest of the database has some 4,000 */
#define HEADER_BYTES 44
#define DAY          86400

/* A block of a file: the counts of its header, and where its parts lie. */
struct tzif {
    const unsigned char *times, *indices, *types, *end;
    uint32_t time_count, type_count;
    size_t time_bytes; /* 4 or 8 */
};

static uint32_t read_32(const unsigned char *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t read_time(const struct tzif *tzif, uint32_t i) {
    const unsigned char *p = tzif->times + i * tzif->time_bytes;
    if (tzif->time_bytes == 4)
        return (int32_t)read_32(p);
    return (int64_t)((uint64_t)read_32(p) << 32 | read_32(p + 4));
}

/* Finds the parts of a block that begins at p. False: it does not fit into n bytes. */
static bool read_block(const unsigned char *p, size_t n, size_t time_bytes, struct tzif *tzif) {
    uint64_t counts[6], rest; /* of UT and standard indicators, leap seconds, times, types, characters */
    if (n < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        counts[i] = read_32(p + 20 + 4 * i);
    rest = counts[5] + counts[2] * (time_bytes + 4) + counts[1] + counts[0];
    if (counts[3] * (time_bytes + 1) + counts[4] * 6 + rest > n - HEADER_BYTES || counts[4] == 0)
        return false;
    tzif->time_bytes = time_bytes;
    tzif->time_count = (uint32_t)counts[3];
    tzif->type_count = (uint32_t)counts[4];
    tzif->times = p + HEADER_BYTES;
    tzif->indices = tzif->times + counts[3] * time_bytes;
    tzif->types = tzif->indices + counts[3];
    tzif->end = tzif->types + counts[4] * 6 + rest;
    return true;
}

/* Fills zone from the transitions. False: `now` is behind the last one, or there is none. */
static bool find_time(const struct tzif *tzif, int64_t now, struct match_zone *zone) {
    uint32_t next = 0, type = 0;
    while (next < tzif->time_count && read_time(tzif, next) <= now)
        next++;
    if (next > 0)
        type = tzif->indices[next - 1];
    if (type >= tzif->type_count)
        type = 0;
    zone->offset = (int32_t)read_32(tzif->types + (size_t)type * 6);
    zone->from = next > 0 ? read_time(tzif, next - 1) : INT64_MIN;
    zone->until = next < tzif->time_count ? read_time(tzif, next) : INT64_MAX;
    return next < tzif->time_count;
}

static bool read_zone(const unsigned char *p, size_t n, int64_t now, struct match_zone *zone) {
    struct tzif tzif;
    struct match_zone by_rule;
    if (!read_block(p, n, 4, &tzif))
        return false;
    if (p[4] == 0) /* version 1 has neither 64-bit times nor a rule */
        return find_time(&tzif, now, zone) || true;
    if (!read_block(tzif.end, n - (size_t)(tzif.end - p), 8, &tzif))
        return false;
    if (find_time(&tzif, now, zone))
        return true;
    const unsigned char *rule = tzif.end;
    if (rule == p + n || *rule++ != '\n')
        return true;
    const unsigned char *end = memchr(rule, '\n', n - (size_t)(rule - p));
    if (end && match_tz_rule((struct str){(const char *)rule, (size_t)(end - rule)}, now, &by_rule))
        *zone = by_rule;
    return true;
}

/* A name that stays in the database's directory. */
static bool is_name(struct str name) {
    if (name.n == 0 || name.p[0] == '/')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    memchr("_+-/", c, 4);
        if (!good)
            return false;
    }
    return true;
}

static size_t read_file(const char *path, unsigned char *into, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t n = 0;
    if (fd < 0)
        return 0;
    while (n < room) {
        ssize_t got = read(fd, into + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(fd);
    return n;
}

static void resolve(struct match_zone *zone, const char *directory, struct str name, int64_t now) {
    unsigned char file[FILE_BYTES] = {0};
    char path[256];
    *zone = (struct match_zone){INT64_MIN, INT64_MAX, 0};
    if (is_name(name)) {
        int length = snprintf(path, sizeof path, "%s/%.*s", directory, STR_ARG(name));
        size_t n = length > 0 && (size_t)length < sizeof path ? read_file(path, file, sizeof file) : 0;
        if (!read_zone(file, n, now, zone))
            *zone = (struct match_zone){INT64_MIN, INT64_MAX, 0};
    }
    if (zone->offset <= -2 * DAY || zone->offset >= 2 * DAY)
        zone->offset = 0;
    if (zone->from < now - DAY)
        zone->from = now - DAY;
    if (zone->until > now + DAY)
        zone->until = now + DAY;
}

int32_t match_zone_offset(struct match_zone *zone, const char *directory, struct str name, int64_t now) {
    if (now < zone->from || now >= zone->until)
        resolve(zone, directory, name, now);
    return zone->offset;
}
