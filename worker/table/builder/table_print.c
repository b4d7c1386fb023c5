/* An ad as JSON; see table_print.h. */
#include "builder/table_print.h"

#include <stdlib.h>
#include <time.h>

/* Texts of one list, sorted. */
struct listing {
    struct str *items;
    uint32_t count;
};

/* ---- members ---- */

/* `,"key":`, the comma but for the first. */
static void put_key(struct buf *out, const char *key) {
    if (out->n > 0 && out->p[out->n - 1] != '{')
        buf_add_char(out, ',');
    buf_printf(out, "\"%s\":", key);
}

static void put_string(struct buf *out, const char *key, struct str s) {
    if (s.n == 0)
        return;
    put_key(out, key);
    buf_add_json_string(out, s);
}

static void put_bits(struct buf *out, const char *key, uint32_t bits) {
    if (bits == 0)
        return;
    put_key(out, key);
    buf_add_char(out, '[');
    for (uint32_t bit = 0, first = 1; bit < 32; bit++) {
        if (!(bits >> bit & 1))
            continue;
        if (!first)
            buf_add_char(out, ',');
        buf_add_uint(out, bit);
        first = 0;
    }
    buf_add_char(out, ']');
}

static void put_time(struct buf *out, const char *key, uint32_t seconds) {
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[32];
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    put_string(out, key, str_from(text));
}

/* Items that stand one a line. */
static void put_joined(struct buf *out, const char *key, struct str joined) {
    if (joined.n == 0)
        return;
    put_key(out, key);
    buf_add_char(out, '[');
    for (;;) {
        const char *end = memchr(joined.p, '\n', joined.n);
        size_t n = end ? (size_t)(end - joined.p) : joined.n;
        buf_add_json_string(out, (struct str){joined.p, n});
        if (!end)
            break;
        joined = (struct str){end + 1, joined.n - n - 1};
        buf_add_char(out, ',');
    }
    buf_add_char(out, ']');
}

/* ---- lists ---- */

static int by_text(const void *a, const void *b) {
    const struct str *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order != 0 ? order : x->n < y->n ? -1 : x->n > y->n ? 1 : 0;
}

/* The list's values in words at *p and how many they are, which moves *p behind them; 0 when it is not there.
 */
static uint32_t next_list(const uint32_t **p, uint32_t bits, int list, const uint32_t **values) {
    if (!(bits >> list & 1))
        return 0;
    uint32_t n = *(*p)++;
    *values = *p;
    *p += n;
    return n;
}

/* The texts of the ad's list; items are the caller's to free, NULL when there are none. */
static struct listing list_of(const struct table *table, uint32_t record, int list) {
    const uint32_t *p = table->lists + table->records[record].lists, *values = NULL;
    uint32_t bits = *p++, n = 0;
    for (int i = 0; i <= list; i++)
        n = next_list(&p, bits, i, &values);
    struct listing listing = {n ? calloc(n, sizeof(struct str)) : NULL, 0};
    if (!listing.items)
        return listing;
    for (; listing.count < n; listing.count++)
        listing.items[listing.count] = table_text(table, table->names[values[listing.count]]);
    qsort(listing.items, listing.count, sizeof *listing.items, by_text);
    return listing;
}

/* Those that begin with the prefix, without it. */
static void put_listing(struct buf *out, const char *key, const struct listing *listing, struct str prefix,
                        bool numbers) {
    bool first = true;
    for (uint32_t i = 0; i < listing->count; i++) {
        struct str s = listing->items[i];
        if (!str_starts(s, prefix))
            continue;
        s = (struct str){s.p + prefix.n, s.n - prefix.n};
        if (first) {
            put_key(out, key);
            buf_add_char(out, '[');
        } else {
            buf_add_char(out, ',');
        }
        first = false;
        if (numbers)
            buf_add_str(out, s);
        else
            buf_add_json_string(out, s);
    }
    if (!first)
        buf_add_char(out, ']');
}

static void put_list(struct buf *out, const char *key, const struct table *table, uint32_t record, int list) {
    struct listing listing = list_of(table, record, list);
    put_listing(out, key, &listing, STR(""), list == TABLE_LIST_IN + TARGET_DEVICE_TYPE);
    free(listing.items);
}

/* Domains and bundles are one list in the table. */
static void put_inventory(struct buf *out, const char *domains, const char *bundles,
                          const struct table *table, uint32_t record, int list) {
    struct listing listing = list_of(table, record, list);
    put_listing(out, domains, &listing, STR("domain:"), false);
    put_listing(out, bundles, &listing, STR("bundle:"), false);
    free(listing.items);
}

/* "1:" of "1:IAB1". */
static struct str taxonomy_of(const struct listing *listing) {
    if (listing->count == 0)
        return STR("");
    const struct str *s = &listing->items[0];
    const char *colon = memchr(s->p, ':', s->n);
    return colon ? (struct str){s->p, (size_t)(colon + 1 - s->p)} : STR("");
}

static void put_categories(struct buf *out, const struct table *table, uint32_t record) {
    struct listing in = list_of(table, record, TABLE_LIST_IN + TARGET_CATEGORY);
    struct listing not = list_of(table, record, TABLE_LIST_NOT_CATEGORY);
    struct str taxonomy = taxonomy_of(in.count ? &in : &not );
    if (taxonomy.n > 1) {
        put_key(out, "cattax");
        buf_add(out, taxonomy.p, taxonomy.n - 1);
    }
    put_listing(out, "categories", &in, taxonomy, false);
    put_listing(out, "not_categories", &not, taxonomy, false);
    free(in.items);
    free(not .items);
}

static void put_sizes(struct buf *out, const struct table *table, uint32_t record) {
    struct listing sizes = list_of(table, record, TABLE_LIST_IN + TARGET_SIZE);
    uint32_t count = 0;
    for (uint32_t i = 0; i < sizes.count; i++) /* the medium is no size */
        if (sizes.items[i].p[0] >= '0' && sizes.items[i].p[0] <= '9')
            sizes.items[count++] = sizes.items[i];
    sizes.count = count;
    put_listing(out, "sizes", &sizes, STR(""), false);
    free(sizes.items);
}

/* ---- hours of the week ---- */

static bool runs(const struct table_hours *hours, uint32_t day, uint32_t hour) {
    uint32_t h = day * 24 + hour;
    return hours->words[h / 64] >> h % 64 & 1;
}

/* Whether the ad runs on that day from the one hour to the other, and not the hour before or after. */
static bool has_window(const struct table_hours *hours, uint32_t day, uint32_t from, uint32_t to) {
    if ((from > 0 && runs(hours, day, from - 1)) || (to < 24 && runs(hours, day, to)))
        return false;
    for (uint32_t hour = from; hour < to; hour++)
        if (!runs(hours, day, hour))
            return false;
    return true;
}

static void put_window(struct buf *out, const struct table_hours *hours, uint32_t from, uint32_t to,
                       bool *first) {
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    bool first_day = true;
    for (uint32_t day = 0; day < COUNT_OF(names); day++) {
        if (!has_window(hours, day, from, to))
            continue;
        if (first_day)
            buf_printf(out, "%s{\"days\":[\"%s\"", *first ? "" : ",", names[day]);
        else
            buf_printf(out, ",\"%s\"", names[day]);
        first_day = *first = false;
    }
    if (!first_day)
        buf_printf(out, "],\"from\":%u,\"to\":%u}", from, to);
}

static void put_hours(struct buf *out, const struct table_hours *hours) {
    bool first = true;
    put_key(out, "hours");
    buf_add_char(out, '[');
    for (uint32_t from = 0; from < 24; from++)
        for (uint32_t to = from + 1; to <= 24; to++)
            put_window(out, hours, from, to, &first);
    buf_add_char(out, ']');
}

/* ---- the ad ---- */

static void put_targeting(struct buf *out, const struct table *table, uint32_t record) {
    const struct table_record *r = &table->records[record];
    size_t before = out->n;
    put_key(out, "targeting");
    buf_add_char(out, '{');
    size_t inside = out->n;
    put_list(out, "countries", table, record, TABLE_LIST_IN + TARGET_COUNTRY);
    put_list(out, "regions", table, record, TABLE_LIST_IN + TARGET_REGION);
    put_list(out, "device_types", table, record, TABLE_LIST_IN + TARGET_DEVICE_TYPE);
    put_list(out, "os", table, record, TABLE_LIST_IN + TARGET_OS);
    put_list(out, "languages", table, record, TABLE_LIST_IN + TARGET_LANGUAGE);
    put_categories(out, table, record);
    put_inventory(out, "domains", "bundles", table, record, TABLE_LIST_IN + TARGET_INVENTORY);
    put_inventory(out, "not_domains", "not_bundles", table, record, TABLE_LIST_NOT_INVENTORY);
    put_list(out, "keywords", table, record, TABLE_LIST_IN + TARGET_KEYWORD);
    put_list(out, "segments", table, record, TABLE_LIST_IN + TARGET_SEGMENT);
    put_list(out, "not_segments", table, record, TABLE_LIST_NOT_SEGMENT);
    if (r->hours != 0)
        put_hours(out, &table->hours[r->hours]);
    if (r->zone != 0)
        put_string(out, "time_zone", str_from(table->zones[r->zone].name));
    if (r->flags & TABLE_SECURE_ONLY) {
        put_key(out, "secure_only");
        BUF_ADD_LIT(out, "true");
    }
    put_bits(out, "positions", r->positions);
    put_bits(out, "connection_types", r->connections);
    if (out->n == inside)
        out->n = before; /* nothing is restricted */
    else
        buf_add_char(out, '}');
}

static void put_bid(struct buf *out, const struct table *table, uint32_t record) {
    const struct table_record *r = &table->records[record];
    const struct table_ad *ad = &table->ads[record];
    const struct table_campaign *campaign = &table->campaigns[r->campaign];
    put_string(out, "bid", r->flags & TABLE_BY_CLICK ? STR("cpc") : STR("cpm"));
    put_key(out, "price");
    buf_add_double(out, ad->price);
    put_string(out, "currency", str_from(ad->currency));
    if (campaign->given_budget > 0) {
        put_key(out, "daily_budget");
        buf_add_double(out, campaign->given_budget);
    }
    if (campaign->frequency > 0) {
        put_key(out, "frequency_cap");
        buf_printf(out, "{\"views\":%u,\"hours\":%u}", campaign->frequency, campaign->frequency_hours);
    }
    if (r->starts != 0)
        put_time(out, "start", r->starts);
    if (r->ends != UINT32_MAX)
        put_time(out, "end", r->ends);
}

void table_print_ad(const struct table *table, uint32_t record, struct buf *out) {
    static const struct str media[] = {[TABLE_BANNER] = STR_INIT("banner"),
                                       [TABLE_VIDEO] = STR_INIT("video"),
                                       [TABLE_NATIVE] = STR_INIT("native")};
    const struct table_record *r = &table->records[record];
    const struct table_ad *ad = &table->ads[record];
    buf_add_char(out, '{');
    put_string(out, "id", table_text(table, ad->id));
    put_string(out, "campaign", table_text(table, table->campaigns[r->campaign].id));
    put_string(out, "adomain", table_text(table, ad->adomain));
    put_string(out, "crid", table_text(table, ad->crid));
    put_joined(out, "cat", table_text(table, ad->cats));
    if (r->cattax != 0) {
        put_key(out, "cattax");
        buf_add_uint(out, r->cattax);
    }
    put_string(out, "media", media[r->media]);
    put_sizes(out, table, record);
    put_string(out, "adm", (struct str){table->markup + ad->markup_at, ad->markup_bytes});
    put_key(out, "secure");
    buf_add_str(out, r->flags & TABLE_SECURE ? STR("true") : STR("false"));
    put_bits(out, "attr", r->attr);
    put_string(out, "language", table_text(table, ad->language));
    put_bid(out, table, record);
    put_joined(out, "deals", table_text(table, ad->deals));
    put_targeting(out, table, record);
    buf_add_char(out, '}');
}
