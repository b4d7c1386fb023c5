/* The model; see weights.h. Features of ads are kept by name, those of requests and crosses by hash. */
#include "builder/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/lines.h"
#include "base/log.h"
#include "builder/texts.h"

#define FIRST_SLOTS 4096u

/* What an ad is: parts of its z. */
enum own { OWN_CAMPAIGN, OWN_ADVERTISER, OWN_CREATIVE, OWN_SIZE, OWN_MEDIA, OWN_CATEGORY, OWNS };

static const struct str own_names[OWNS] = {
    [OWN_CAMPAIGN] = STR_INIT("campaign"), [OWN_ADVERTISER] = STR_INIT("advertiser"),
    [OWN_CREATIVE] = STR_INIT("creative"), [OWN_SIZE] = STR_INIT("size"),
    [OWN_MEDIA] = STR_INIT("media"),       [OWN_CATEGORY] = STR_INIT("adcategory")};

static const enum target cross_targets[TABLE_CROSSES] = {[TABLE_CROSS_INVENTORY] = TARGET_INVENTORY,
                                                         [TABLE_CROSS_DEVICE_TYPE] = TARGET_DEVICE_TYPE,
                                                         [TABLE_CROSS_HOUR] = TARGET_HOUR};

struct feature {
    uint64_t hash;
    float weight;
    bool used;
};

struct weights {
    uint32_t weight_bits, cross_bits;
    float *hashed; /* the section */
    double bias;
    double a, b; /* calibration */
    /* Every feature of the file by the hash of its whole name: to find those of ads, and none twice. */
    struct feature *slots;
    size_t slot_count, slots_used;
    const char *path;
    uint64_t line;
    char *error;
    size_t error_size;
};

static size_t section_floats(const struct weights *weights) {
    return ((size_t)1 << weights->weight_bits) + TABLE_CROSSES * ((size_t)1 << weights->cross_bits);
}

/* ---- features by name ---- */

static struct feature *find(struct feature *slots, size_t count, uint64_t hash) {
    size_t i = hash & (count - 1);
    while (slots[i].used && slots[i].hash != hash)
        i = (i + 1) & (count - 1);
    return &slots[i];
}

static int grow(struct weights *weights) {
    size_t count = weights->slot_count ? weights->slot_count * 2 : FIRST_SLOTS;
    struct feature *slots = calloc(count, sizeof *slots);
    if (!slots)
        return -1;
    for (size_t i = 0; i < weights->slot_count; i++)
        if (weights->slots[i].used)
            *find(slots, count, weights->slots[i].hash) = weights->slots[i];
    free(weights->slots);
    weights->slots = slots;
    weights->slot_count = count;
    return 0;
}

static uint64_t own_hash(enum own own, struct str value) {
    return hash_bytes(value, hash_bytes(own_names[own], 0));
}

static double own_weight(const struct weights *weights, enum own own, struct str value) {
    if (value.n == 0)
        return 0;
    const struct feature *feature = find(weights->slots, weights->slot_count, own_hash(own, value));
    return feature->used ? (double)feature->weight : 0;
}

/* ---- the file ---- */

static int fail(const struct weights *weights, const char *reason, struct str what) {
    char quoted[120] = "";
    if (str_present(what))
        log_quote(what, quoted, sizeof quoted);
    snprintf(weights->error, weights->error_size, "%s:%llu: %s%s%s", weights->path,
             (unsigned long long)weights->line, reason, quoted[0] ? ": " : "", quoted);
    return -1;
}

/* A number that ends where the text does. */
static bool take_double(struct str s, double *out) {
    char text[64], *end = NULL;
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *out = strtod(text, &end);
    return end == text + s.n && isfinite(*out);
}

/* What follows "name=", or absent. */
static struct str value_after(struct str feature, struct str name) {
    if (!str_starts(feature, name) || feature.n <= name.n + 1 || feature.p[name.n] != '=')
        return (struct str){NULL, 0};
    return (struct str){feature.p + name.n + 1, feature.n - name.n - 1};
}

/* "X&inventory=domain:y", what follows "campaign=": adds to the cross. False when it is none. */
static bool add_cross(struct weights *weights, struct str text, double weight) {
    for (size_t at = 1; at < text.n; at++) { /* the first '&' that a cross follows ends the campaign */
        if (text.p[at] != '&')
            continue;
        struct str rest = {text.p + at + 1, text.n - at - 1};
        for (int cross = 0; cross < TABLE_CROSSES; cross++) {
            struct str value = value_after(rest, str_from(target_name(cross_targets[cross])));
            if (!str_present(value))
                continue;
            uint32_t campaign = (uint32_t)hash_bytes((struct str){text.p, at}, 0);
            uint64_t key = target_cross(campaign, target_hash(cross_targets[cross], value));
            size_t first = ((size_t)1 << weights->weight_bits) + ((size_t)cross << weights->cross_bits);
            weights->hashed[first + (key >> (64 - weights->cross_bits))] += (float)weight;
            return true;
        }
    }
    return false;
}

/* size, advertiser and creative are an ad's own. */
static bool add_request(struct weights *weights, struct str feature, double weight) {
    for (int target = 0; target < TARGETS; target++) {
        struct str value = value_after(feature, str_from(target_name(target)));
        if (!str_present(value))
            continue;
        weights->hashed[target_hash(target, value) >> (64 - weights->weight_bits)] += (float)weight;
        return true;
    }
    return false;
}

static int add_named(struct weights *weights, struct str feature, uint64_t hash, double weight) {
    if ((weights->slots_used + 1) * 2 > weights->slot_count && grow(weights) != 0)
        return fail(weights, "out of memory", (struct str){NULL, 0});
    struct feature *slot = find(weights->slots, weights->slot_count, hash);
    if (slot->used)
        return fail(weights, "a feature twice", feature);
    *slot = (struct feature){hash, (float)weight, true};
    weights->slots_used++;
    return 0;
}

/* 1 when it is one of an ad, 0 when not, -1. */
static int add_own(struct weights *weights, struct str feature, double weight) {
    for (int own = 0; own < OWNS; own++) {
        struct str value = value_after(feature, own_names[own]);
        if (!str_present(value))
            continue;
        if (own == OWN_CAMPAIGN && add_cross(weights, value, weight))
            return add_named(weights, feature, hash_bytes(feature, 1), weight) != 0 ? -1 : 1;
        return add_named(weights, feature, own_hash(own, value), weight) != 0 ? -1 : 1;
    }
    return 0;
}

static int add_feature(struct weights *weights, struct str feature, double weight) {
    const struct {
        struct str name;
        double *into;
    } single[] = {{STR("bias"), &weights->bias},
                  {STR("calibration.a"), &weights->a},
                  {STR("calibration.b"), &weights->b}};
    for (size_t i = 0; i < COUNT_OF(single); i++) {
        if (str_eq(feature, single[i].name)) {
            *single[i].into = weight;
            return add_named(weights, feature, hash_bytes(feature, 1), weight);
        }
    }
    int own = add_own(weights, feature, weight);
    if (own != 0)
        return own < 0 ? -1 : 0;
    if (!add_request(weights, feature, weight))
        return fail(weights, "unknown feature", feature);
    return add_named(weights, feature, hash_bytes(feature, 1), weight);
}

static int read_line(struct weights *weights, struct str line) {
    double weight = 0;
    if (line.n == 0 || line.p[0] == '#')
        return 0;
    const char *tab = memrchr(line.p, '\t', line.n);
    if (!tab)
        return fail(weights, "must be a feature, a tab and its weight", (struct str){NULL, 0});
    struct str number = {tab + 1, line.n - (size_t)(tab + 1 - line.p)};
    if (!take_double(number, &weight) || fabs(weight) > (double)TABLE_MOST_Z)
        return fail(weights, "must be a number from -100 to 100", number);
    return add_feature(weights, (struct str){line.p, (size_t)(tab - line.p)}, weight);
}

static int read_file(struct weights *weights) {
    struct str line;
    char reason[200];
    struct lines *lines = lines_open(weights->path, weights->error, weights->error_size);
    if (!lines)
        return -1;
    int got = lines_next(lines, &line, reason, sizeof reason);
    for (; got > 0; got = lines_next(lines, &line, reason, sizeof reason)) {
        weights->line++;
        if (read_line(weights, line) != 0)
            break;
    }
    if (got < 0) {
        weights->line++;
        fail(weights, reason, (struct str){NULL, 0});
    }
    lines_close(lines);
    return got == 0 ? 0 : -1;
}

static float clamp(double v) {
    const double most = (double)TABLE_MOST_Z;
    return (float)(v > most ? most : v < -most ? -most : v);
}

struct weights *weights_load(const char *path, uint32_t weight_bits, uint32_t cross_bits, char *error,
                             size_t error_size) {
    struct weights *weights = calloc(1, sizeof *weights);
    if (weights) {
        weights->weight_bits = path ? weight_bits : 1;
        weights->cross_bits = path ? cross_bits : 1;
        weights->a = 1;
        weights->path = path;
        weights->error = error;
        weights->error_size = error_size;
        weights->hashed = calloc(section_floats(weights), sizeof(float));
    }
    if (!weights || !weights->hashed || grow(weights) != 0) {
        snprintf(error, error_size, "out of memory");
        weights_destroy(weights);
        return NULL;
    }
    if (path && read_file(weights) != 0) {
        weights_destroy(weights);
        return NULL;
    }
    for (size_t i = 0; i < section_floats(weights); i++)
        weights->hashed[i] = clamp((double)weights->hashed[i] * weights->a);
    return weights;
}

void weights_destroy(struct weights *weights) {
    if (!weights)
        return;
    free(weights->hashed);
    free(weights->slots);
    free(weights);
}

/* ---- what is asked ---- */

float weights_of_ad(const struct weights *weights, const struct ad *ad) {
    static const struct str media[] = {[TABLE_BANNER] = STR_INIT("banner"),
                                       [TABLE_VIDEO] = STR_INIT("video"),
                                       [TABLE_NATIVE] = STR_INIT("native")};
    const struct ad_values *sizes = &ad->lists[TABLE_LIST_IN + TARGET_SIZE];
    const struct ad_values *categories = &ad->lists[TABLE_LIST_OWN_CATEGORY];
    double z = weights->bias + own_weight(weights, OWN_CAMPAIGN, ad->campaign) +
               own_weight(weights, OWN_ADVERTISER, ad->adomain) +
               own_weight(weights, OWN_CREATIVE, ad->crid) + own_weight(weights, OWN_MEDIA, media[ad->media]);
    for (uint32_t i = 0; i + 1 < sizes->count; i++) /* the last is the medium */
        z += own_weight(weights, OWN_SIZE, sizes->texts[i]) / (sizes->count - 1);
    for (uint32_t i = 0; i < categories->count; i++)
        z += own_weight(weights, OWN_CATEGORY, categories->texts[i]);
    return clamp(weights->a * z + weights->b);
}

const float *weights_section(const struct weights *weights, struct table_header *header, size_t *count) {
    const float *w = weights->hashed + ((size_t)1 << weights->weight_bits);
    header->weight_bits = weights->weight_bits;
    header->cross_bits = weights->cross_bits;
    for (int cross = 0; cross < TABLE_CROSSES; cross++) {
        header->cross_max[cross] = 0;
        for (size_t i = 0; i < (size_t)1 << weights->cross_bits; i++, w++)
            header->cross_max[cross] = *w > header->cross_max[cross] ? *w : header->cross_max[cross];
    }
    *count = section_floats(weights);
    return weights->hashed;
}
