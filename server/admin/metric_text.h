/*
 * Lines of the Prometheus text format, version 0.0.4: what every page of metrics is written with.
 */
#ifndef SLIMBID_ADMIN_METRIC_TEXT_H
#define SLIMBID_ADMIN_METRIC_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "stats/histogram.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* One uint64_t of a struct. */
struct metric_row {
    const char *name;
    const char *help;
    enum metric_type type;
    size_t offset;
};

void metric_head(struct buf *out, const char *name, const char *help, enum metric_type type);
/* labels without braces: `listener="public"`; "" for none. */
void metric_value(struct buf *out, const char *name, const char *labels, uint64_t value);
/* NAME{MORE LABEL="VALUE_NAME"} VALUE; more ends with a comma or is empty. */
void metric_labelled(struct buf *out, const char *name, const char *more, const char *label,
                     const char *value_name, uint64_t value);
/* labels ends with a comma or is empty. */
void metric_histogram(struct buf *out, const char *name, const char *labels,
                      const struct histogram *histogram);

/* The uint64_t that lies so far from base. */
uint64_t metric_word(const void *base, size_t offset);
/* Heads and values, without labels, of what the rows find from base. */
void metric_rows(struct buf *out, const struct metric_row *rows, size_t count, const void *base);

#endif
