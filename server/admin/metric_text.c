/* Lines of the Prometheus text format; see metric_text.h. */
#include "admin/metric_text.h"

#include <string.h>

void metric_head(struct buf *out, const char *name, const char *help, enum metric_type type) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

uint64_t metric_word(const void *base, size_t offset) {
    uint64_t value = 0;
    memcpy(&value, (const char *)base + offset, sizeof value);
    return value;
}

void metric_value(struct buf *out, const char *name, const char *labels, uint64_t value) {
    buf_add(out, name, strlen(name));
    if (*labels)
        buf_printf(out, "{%s}", labels);
    buf_add_char(out, ' ');
    buf_add_uint(out, value);
    buf_add_char(out, '\n');
}

void metric_labelled(struct buf *out, const char *name, const char *more, const char *label,
                     const char *value_name, uint64_t value) {
    buf_printf(out, "%s{%s%s=\"%s\"} ", name, more, label, value_name);
    buf_add_uint(out, value);
    buf_add_char(out, '\n');
}

void metric_histogram(struct buf *out, const char *name, const char *labels,
                      const struct histogram *histogram) {
    uint64_t sum = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += histogram->buckets[i];
        if (i + 1 < HISTOGRAM_BUCKETS)
            buf_printf(out, "%s_bucket{%sle=\"%g\"} %llu\n", name, labels,
                       (double)histogram_bounds_us[i] / 1e6, (unsigned long long)sum);
        else
            buf_printf(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels, (unsigned long long)sum);
    }
    size_t n = strlen(labels);
    int cut = n ? (int)n - 1 : 0;
    const char *open = n ? "{" : "";
    const char *close = n ? "}" : "";
    buf_printf(out, "%s_sum%s%.*s%s %.6f\n", name, open, cut, labels, close, (double)histogram->sum_us / 1e6);
    buf_printf(out, "%s_count%s%.*s%s %llu\n", name, open, cut, labels, close, (unsigned long long)sum);
}

void metric_rows(struct buf *out, const struct metric_row *rows, size_t count, const void *base) {
    for (size_t i = 0; i < count; i++) {
        metric_head(out, rows[i].name, rows[i].help, rows[i].type);
        metric_value(out, rows[i].name, "", metric_word(base, rows[i].offset));
    }
}
