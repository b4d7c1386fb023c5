/* A trained model as a file; see trained_weights.h. */
#include "train/trained_weights.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "table/table_format.h"
#include "table/target.h"

/* "field=" before the first '='. */
static bool has_field(struct str feature, const char *field) {
    size_t n = strlen(field);
    return feature.n > n + 1 && memcmp(feature.p, field, n) == 0 && feature.p[n] == '=';
}

/* "campaign=X&inventory=...": whether a second part "&field=" follows, and whether one is a table's cross. */
static bool is_cross(struct str feature, bool *known) {
    static const enum target crossed[TABLE_CROSSES] = {TARGET_INVENTORY, TARGET_DEVICE_TYPE, TARGET_HOUR};
    bool cross = false;
    for (size_t at = 0; at + 1 < feature.n; at++) {
        struct str rest = {feature.p + at + 1, feature.n - at - 1};
        if (feature.p[at] != '&')
            continue;
        cross = cross || memchr(rest.p, '=', rest.n) != NULL;
        for (size_t i = 0; i < TABLE_CROSSES; i++)
            *known = *known || has_field(rest, target_name(crossed[i]));
    }
    return cross;
}

bool trained_weights_known(struct str feature) {
    static const char *const own[] = {"campaign", "media", "adcategory"};
    bool known = false;
    if (is_cross(feature, &known))
        return known && has_field(feature, "campaign");
    for (size_t i = 0; i < COUNT_OF(own); i++)
        known = known || has_field(feature, own[i]);
    for (int target = 0; target < TARGETS; target++)
        known = known || has_field(feature, target_name((enum target)target));
    return known;
}

static void write_file(const struct click_log *log, const struct trained *trained,
                       const struct calibration *calibration, struct trained_weights_counts *counts,
                       FILE *file) {
    fprintf(file, "bias\t%.9g\n", ftrl_bias(trained->ftrl));
    if (calibration)
        fprintf(file, "calibration.a\t%.9g\ncalibration.b\t%.9g\n", calibration->a, calibration->b);
    for (uint32_t i = 0; i < feature_names_count(log->features); i++) {
        double weight = trained->used[i] ? ftrl_weight(trained->ftrl, i) : 0;
        if (weight == 0)
            continue;
        struct str name = feature_names_name(log->features, i);
        bool known = trained_weights_known(name);
        counts->used += known;
        counts->commented += !known;
        fprintf(file, "%s%.*s\t%.9g\n", known ? "" : "# ", STR_ARG(name), weight);
    }
}

int trained_weights_put(const struct click_log *log, const struct trained *trained,
                        const struct calibration *calibration, const char *path,
                        struct trained_weights_counts *counts, char *error, size_t error_size) {
    char temporary[4096];
    *counts = (struct trained_weights_counts){0, 0};
    int n = snprintf(temporary, sizeof temporary, "%s.new", path);
    errno = ENAMETOOLONG;
    FILE *file = n > 0 && (size_t)n < sizeof temporary ? fopen(temporary, "we") : NULL;
    if (!file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return 1;
    }
    write_file(log, trained, calibration, counts, file);
    bool failed = ferror(file) != 0 || fflush(file) != 0 || fsync(fileno(file)) != 0;
    failed = fclose(file) != 0 || failed;
    if (failed || rename(temporary, path) != 0) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        unlink(temporary);
        return 1;
    }
    return 0;
}
