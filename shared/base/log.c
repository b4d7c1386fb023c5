/* One line an event on standard error; see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_BYTES 1024

enum log_level log_threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level) {
    log_threshold = level;
}

bool log_level_parse(struct str name, enum log_level *level) {
    for (size_t i = 0; i < COUNT_OF(level_names); i++) {
        if (!str_eq(name, str_from(level_names[i])))
            continue;
        *level = (enum log_level)i;
        return true;
    }
    return false;
}

const char *log_level_name(enum log_level level) {
    return level_names[level];
}

/* Counts the line against its site's second; false when it must be swallowed. */
static bool site_admits(struct log_site *site, enum log_level level, uint64_t second, uint32_t *told) {
    *told = 0;
    if (level == LOG_LEVEL_DEBUG)
        return true;
    if (site->second != second) {
        *told = site->swallowed;
        *site = (struct log_site){.second = second};
    }
    if (site->lines < LOG_BURST) {
        site->lines++;
        return true;
    }
    site->swallowed++;
    return false;
}

void log_write(struct log_site *site, enum log_level level, const char *area, const char *format, ...) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint32_t swallowed = 0;
    if (!site_admits(site, level, (uint64_t)now.tv_sec, &swallowed))
        return;

    char line[LOG_LINE_BYTES];
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(line + n, sizeof line - n, ".%03dZ %s %s: ", (int)(now.tv_nsec / 1000000),
                          level_names[level], area);
    va_list args;
    va_start(args, format);
    int m = vsnprintf(line + n, sizeof line - n, format, args);
    va_end(args);
    n = m < 0 ? n : n + (size_t)m;
    if (n > sizeof line - 40)
        n = sizeof line - 40;
    if (swallowed)
        n += (size_t)snprintf(line + n, sizeof line - n, " swallowed=%u", swallowed);
    line[n++] = '\n';
    /* A log that can't be written has nowhere to say so. */
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}

const char *log_quote(struct str s, char *out, size_t out_size) {
    static const char hex[] = "0123456789abcdef";
    size_t limit = s.n < 200 ? s.n : 200;
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < limit && n + 6 < out_size; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            out[n++] = (char)c;
        } else {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}
