/* Placements by site and path; see placement.h. */
#include "clickstream/placement.h"

#include <stdlib.h>

#include "base/hash.h"

/* A placement in the chain of its site or bundle. */
struct entry {
    const struct config_placement *placement;
    struct entry *next; /* of the same bucket, later in the file */
};

struct placement_set {
    uint32_t mask;
    struct entry *entries;
    struct entry **buckets;
};

/* ---- names ---- */

#define NAME_BYTES 256 /* a host has at most 253 */

/* The name in small letters; false when it is longer than any that is configured. */
static bool lower(struct str name, char out[NAME_BYTES]) {
    if (name.n == 0 || name.n > NAME_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++)
        out[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
    return true;
}

static struct str name_of(const struct config_placement *placement) {
    return str_present(placement->site) ? placement->site : placement->app;
}

static struct entry **bucket_of(const struct placement_set *set, struct str lowered) {
    return &set->buckets[hash_bytes(lowered, 0) & set->mask];
}

/* ---- set-up ---- */

struct placement_set *placement_set_create(const struct config *config) {
    struct placement_set *set = calloc(1, sizeof *set);
    uint32_t buckets = 1;
    while (buckets < 2 * config->placement_count)
        buckets *= 2;
    if (!set)
        return NULL;
    set->mask = buckets - 1;
    set->entries = calloc(config->placement_count + 1, sizeof *set->entries);
    set->buckets = calloc(buckets, sizeof *set->buckets);
    if (!set->entries || !set->buckets) {
        placement_set_destroy(set);
        return NULL;
    }
    /* From the last to the first, each before those that are there. */
    for (uint32_t i = config->placement_count; i-- > 0;) {
        const struct config_placement *placement = &config->placements[i];
        char lowered[NAME_BYTES];
        struct str name = name_of(placement);
        if (!placement->enabled || !lower(name, lowered))
            continue;
        struct entry **bucket = bucket_of(set, (struct str){lowered, name.n});
        set->entries[i] = (struct entry){placement, *bucket};
        *bucket = &set->entries[i];
    }
    return set;
}

void placement_set_destroy(struct placement_set *set) {
    if (!set)
        return;
    free(set->entries);
    free(set->buckets);
    free(set);
}

/* ---- matching ---- */

struct str placement_url_host(struct str url) {
    const char *p = url.p ? memmem(url.p, url.n, "://", 3) : NULL;
    if (!p)
        return (struct str){NULL, 0};
    p += 3;
    const char *end = url.p + url.n, *q = p;
    while (q < end && *q != '/' && *q != '?' && *q != '#' && *q != ':') {
        if (*q == '@') /* a user before it: "http://a@b/" */
            p = q + 1;
        q++;
    }
    return (struct str){p, (size_t)(q - p)};
}

/* At most pattern x text steps: back to the last star only. */
bool placement_path_fits(struct str pattern, struct str text) {
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* The first of the file that has exactly that name and fits, or before if that stands earlier. */
static const struct config_placement *look_up(const struct placement_set *set, struct str lowered, bool app,
                                              struct str path, const struct config_placement *before) {
    for (const struct entry *entry = *bucket_of(set, lowered); entry; entry = entry->next) {
        const struct config_placement *placement = entry->placement;
        if (before && placement >= before)
            return before;
        if (str_present(placement->app) == app && str_ieq(name_of(placement), lowered) &&
            placement_path_fits(placement->path, path))
            return placement;
    }
    return before;
}

/* The host, then each domain that it lies in. */
static const struct config_placement *find_site(const struct placement_set *set,
                                                const struct click_page *page) {
    char lowered[NAME_BYTES];
    struct str host = placement_url_host(page->url);
    const struct config_placement *found = NULL;
    if (!lower(host, lowered))
        return NULL;
    for (size_t at = 0; at < host.n; at++) {
        if (at > 0 && lowered[at - 1] != '.')
            continue;
        found = look_up(set, (struct str){lowered + at, host.n - at}, false, page->path, found);
    }
    return found;
}

const struct config_placement *placement_find(const struct placement_set *set,
                                              const struct click_event *event,
                                              const struct click_page *page) {
    char lowered[NAME_BYTES];
    struct str bundle = event->context.app_bundle;
    if (event->type == CLICK_PAGE)
        return find_site(set, page);
    if (event->type != CLICK_SCREEN || !lower(bundle, lowered))
        return NULL;
    struct str screen = str_present(event->name) ? event->name : STR("");
    return look_up(set, (struct str){lowered, bundle.n}, true, screen, NULL);
}
