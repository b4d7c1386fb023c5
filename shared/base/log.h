/*
 * The log: one line an event on standard error, `time level area: message key=value ...`.
 *
 * error: the operator must act, something is not served. warn: served, but something is wrong and
 * will come back. info: a change of the process's life (start, reload, breaker). debug: every
 * request and state, and the only level that may carry personal data (ip, user ids).
 * A call site that fires more than LOG_BURST times a second is silenced for the rest of it and
 * then says how many lines it swallowed.
 */
#ifndef SLIMBID_BASE_LOG_H
#define SLIMBID_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

#define LOG_BURST 20

extern enum log_level log_threshold;

void log_set_level(enum log_level level);
/* "error", "warn", "info", "debug"; false when it is none of these. */
bool log_level_parse(struct str name, enum log_level *level);
const char *log_level_name(enum log_level level);

/* Where one call site stands with its burst. */
struct log_site {
    uint64_t second;
    uint32_t lines;
    uint32_t swallowed;
};

void log_write(struct log_site *site, enum log_level level, const char *area, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define LOG_AT(level, area, ...)                                                                             \
    do {                                                                                                     \
        if (UNLIKELY((level) <= log_threshold)) {                                                            \
            static struct log_site log_site_;                                                                \
            log_write(&log_site_, (level), (area), __VA_ARGS__);                                             \
        }                                                                                                    \
    } while (0)

#define log_error(area, ...) LOG_AT(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  LOG_AT(LOG_LEVEL_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  LOG_AT(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) LOG_AT(LOG_LEVEL_DEBUG, area, __VA_ARGS__)

/* Outside text made safe for one line: quoted, control bytes escaped, cut at 200 bytes.
 * Returns out. out_size >= 8. */
const char *log_quote(struct str s, char *out, size_t out_size);

#endif
