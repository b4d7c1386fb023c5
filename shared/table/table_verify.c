/* Checks a table in full, part 1: every byte by CRC or as padding, then what matching reads; see table.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/crc32c.h"
#include "table/table_check.h"
#include "table/table_exp.h"
#include "table/table_marks.h"

#define WINDOW_BYTES ((size_t)96 << 16) /* pieces, whole */
#define PIECE_BYTES  ((size_t)3 << 15)  /* a multiple of a page, and of what crc32c() takes at once */
#define MOST_PROBES  1024u              /* slots that a look-up may go through */
#define LISTS_MASK   ((1u << TABLE_LISTS_MOST) - 1)
#define LAST_HOURS   ((UINT64_C(1) << (168 - 128)) - 1) /* of the third word */

int table_check_fail(const struct table_check *check, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(check->error, check->error_size, format, args);
    va_end(args);
    return -1;
}

/* ---- bytes ---- */

static bool all_zero(const char *p, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static bool is_ascii(const char *p, size_t n) {
    uint64_t seen = 0, word;
    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        seen |= word;
    }
    for (; n > 0; p++, n--)
        seen |= (unsigned char)*p;
    return (seen & UINT64_C(0x8080808080808080)) == 0;
}

/* Asks for pages in one call, instead of a fault for every 64 KiB; where that fails, the faults come. */
static void populate(const char *p, size_t n) {
#ifdef MADV_POPULATE_READ
    uintptr_t page = (uintptr_t)p & ~(uintptr_t)(TABLE_ALIGN - 1);
    (void)madvise((void *)page, n + ((uintptr_t)p - page), MADV_POPULATE_READ);
#else
    (void)p;
    (void)n;
#endif
}

/* What of the markup was looked at need not stay mapped: it is most of a table, and winners' only. */
static void unmap_again(const char *p, size_t n) {
    (void)madvise((void *)(uintptr_t)p, n, MADV_DONTNEED);
}

static void note_pages(const char *p, uint64_t at, size_t n, uint64_t *pages) {
    const size_t page = (size_t)1 << TABLE_CHECK_PAGE_SHIFT;
    for (uint64_t i = at; i < at + n; i += page) {
        bool ascii = is_ascii(p + i, at + n - i < page ? (size_t)(at + n - i) : page);
        pages[i / page / 64] |= (uint64_t)!ascii << i / page % 64;
    }
}

/* The CRC of a section, piece by piece; pages: where to note those that are not ASCII, while they are in the
 * cache, or NULL. */
static uint32_t crc_of(const struct table *table, enum table_section section, uint64_t *pages) {
    const char *p = (const char *)table->header + table->header->sections[section].offset;
    uint64_t n = table->header->sections[section].bytes;
    uint32_t crc = 0;
    for (uint64_t at = 0; at < n;) {
        size_t window = n - at < WINDOW_BYTES ? (size_t)(n - at) : WINDOW_BYTES;
        populate(p + at, window);
        for (size_t done = 0; done < window;) {
            size_t piece = window - done < PIECE_BYTES ? window - done : PIECE_BYTES;
            crc = crc32c(crc, p + at + done, piece);
            if (pages)
                note_pages(p, at + done, piece, pages);
            done += piece;
        }
        if (section == TABLE_MARKUP)
            unmap_again(p + at, window);
        at += window;
    }
    return crc;
}

static int check_bytes(const struct table_check *check) {
    const struct table_header *header = check->table->header;
    const char *base = (const char *)header;
    uint64_t end = sizeof *header;
    for (int i = 0; i < TABLE_SECTIONS; i++) {
        const struct table_extent *extent = &header->sections[i];
        uint64_t *pages = i == TABLE_STRINGS  ? check->strings_pages
                          : i == TABLE_MARKUP ? check->markup_pages
                                              : NULL;
        if (!all_zero(base + end, extent->offset - end))
            return table_check_fail(check, "%s: bytes before it that are not 0", table_section_name(i));
        if (crc_of(check->table, (enum table_section)i, pages) != extent->crc32c)
            return table_check_fail(check, "%s: damaged (CRC)", table_section_name(i));
        end = extent->offset + extent->bytes;
    }
    return 0;
}

/* ---- the header's own ---- */

static int check_header(const struct table_check *check) {
    const struct table *t = check->table;
    for (int i = 0; i < TARGET_INDEXED; i++) {
        uint32_t bitmap = t->header->any_bitmap[i];
        if (bitmap != TABLE_NONE && bitmap >= t->bitmap_count)
            return table_check_fail(check, "header.any_bitmap[%s]: %u of %u", target_name(i), bitmap,
                                    t->bitmap_count);
    }
    for (int i = 0; i < 3; i++)
        if (t->header->currency[i] < 'A' || t->header->currency[i] > 'Z')
            return table_check_fail(check, "header.currency: not three capitals");
    if (t->header->currency[3] != 0)
        return table_check_fail(check, "header.currency: not three capitals");
    return 0;
}

static int check_weights(const struct table_check *check) {
    const struct table_header *header = check->table->header;
    const float *w = check->table->weights;
    size_t count = header->sections[TABLE_WEIGHTS].bytes / sizeof *w;
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(w[i]) <= TABLE_MOST_Z))
            return table_check_fail(check, "weights[%zu]: beyond %g", i, (double)TABLE_MOST_Z);
    w += (size_t)1 << header->weight_bits;
    for (int cross = 0; cross < TABLE_CROSSES; cross++) {
        float most = 0;
        for (size_t i = 0; i < (size_t)1 << header->cross_bits; i++, w++)
            most = *w > most ? *w : most;
        if (header->cross_max[cross] != most)
            return table_check_fail(check, "header.cross_max[%d]: %g, the largest is %g", cross,
                                    (double)header->cross_max[cross], (double)most);
    }
    return 0;
}

/* ---- values ---- */

static bool number_fits(const struct table *t, uint32_t value) {
    uint32_t number = t->values[value].number;
    switch (t->values[value].target) {
    case TARGET_SIZE:
        return true;
    case TARGET_ADVERTISER: /* parents stand before: so a walk up ends */
        return number == TABLE_NONE || (number < value && t->values[number].target == TARGET_ADVERTISER);
    case TARGET_CATEGORY:
        return number <= TABLE_OWN_NONE;
    default:
        return number == 0;
    }
}

static int check_value(const struct table_check *check, uint32_t i) {
    const struct table *t = check->table;
    const struct table_value *value = &t->values[i];
    bool indexed = value->target < TARGET_INDEXED;
    if (!indexed && value->target != TARGET_ADVERTISER)
        return table_check_fail(check, "values[%u].target: %u", i, value->target);
    if (value->bitmap != TABLE_NONE && (!indexed || value->bitmap >= t->bitmap_count))
        return table_check_fail(check, "values[%u].bitmap: %u of %u", i, value->bitmap, t->bitmap_count);
    if (value->postings > t->posting_count || value->posting > t->posting_count - value->postings ||
        (value->postings > 0 && (!indexed || value->bitmap != TABLE_NONE)))
        return table_check_fail(check, "values[%u].posting: %u and %u more of %u", i, value->posting,
                                value->postings, t->posting_count);
    if (!number_fits(t, i))
        return table_check_fail(check, "values[%u].number: %u", i, value->number);
    if (value->ads > t->ad_count || (value->bitmap == TABLE_NONE && value->ads != value->postings))
        return table_check_fail(check, "values[%u].ads: %u of %u", i, value->ads, t->ad_count);
    const uint32_t *ads = t->postings + value->posting;
    for (uint32_t k = 0; k < value->postings; k++)
        if (ads[k] >= t->ad_count || (k > 0 && ads[k] <= ads[k - 1]))
            return table_check_fail(check, "postings[%u]: %u of %u ads, or not ascending", value->posting + k,
                                    ads[k], t->ad_count);
    return 0;
}

static int check_slots(const struct table_check *check) {
    const struct table *t = check->table;
    uint64_t used = 0;
    for (uint64_t i = 0; i <= t->slot_mask; i++) {
        if (t->slots[i] != TABLE_NONE && t->slots[i] >= t->value_count)
            return table_check_fail(check, "slots[%llu]: %u of %u", (unsigned long long)i, t->slots[i],
                                    t->value_count);
        used += t->slots[i] != TABLE_NONE;
    }
    if (used != t->value_count)
        return table_check_fail(check, "slots: hold %llu values instead of %u", (unsigned long long)used,
                                t->value_count);
    return 0;
}

/* Whether a look-up comes to the value. There is an empty slot: check_slots(). */
static bool is_found(const struct table *t, uint32_t value) {
    uint64_t slot = t->values[value].hash;
    for (uint32_t probe = 0; probe < MOST_PROBES; probe++, slot++) {
        uint32_t here = t->slots[slot & t->slot_mask];
        if (here == value)
            return true;
        if (here == TABLE_NONE || t->values[here].hash == t->values[value].hash)
            return false;
    }
    return false;
}

static int check_values(const struct table_check *check) {
    const struct table *t = check->table;
    uint32_t own_bits = 0;
    if (check_slots(check) != 0)
        return -1;
    for (uint32_t i = 0; i < t->value_count; i++) {
        check->targets[i] = (uint8_t)t->values[i].target; /* checked below to fit */
        if (i + TABLE_CHECK_AHEAD < t->value_count)
            table_prefetch(t, t->values[i + TABLE_CHECK_AHEAD].hash);
        if (!is_found(t, i))
            return table_check_fail(check, "values[%u].hash: not found by its slot", i);
        if (check_value(check, i) != 0)
            return -1;
        uint32_t bit = t->values[i].target == TARGET_CATEGORY ? t->values[i].number : TABLE_OWN_NONE;
        if (bit < TABLE_OWN_SHARED && own_bits >> bit & 1)
            return table_check_fail(check, "values[%u].number: %u is another's", i, bit);
        own_bits |= bit < TABLE_OWN_SHARED ? 1u << bit : 0;
    }
    return 0;
}

/* ---- bitmaps ---- */

/* Readers take each bit for an ad: those beyond the last ad are 0. */
static int check_bitmaps(const struct table_check *check) {
    const struct table *t = check->table;
    uint32_t words = t->header->bitmap_words, full = t->ad_count / 64;
    for (uint32_t bitmap = 0; bitmap < t->bitmap_count; bitmap++) {
        const uint64_t *p = t->bitmaps + (size_t)bitmap * words;
        uint64_t beyond = t->ad_count % 64 ? p[full] >> t->ad_count % 64 : 0;
        for (uint32_t i = full + (t->ad_count % 64 ? 1 : 0); i < words; i++)
            beyond |= p[i];
        if (beyond)
            return table_check_fail(check, "bitmaps[%u]: bits beyond the last ad", bitmap);
    }
    return 0;
}

/* ---- lists ---- */

static uint32_t target_of_list(uint32_t list) {
    switch (list) {
    case TABLE_LIST_NOT_CATEGORY:
    case TABLE_LIST_OWN_CATEGORY:
        return TARGET_CATEGORY;
    case TABLE_LIST_NOT_INVENTORY:
        return TARGET_INVENTORY;
    case TABLE_LIST_NOT_SEGMENT:
        return TARGET_SEGMENT;
    default:
        return list;
    }
}

/* One list at p; its words, or 0 when it is wrong. */
static uint32_t list_length(const struct table_check *check, uint32_t list, const uint32_t *p,
                            uint32_t left) {
    const uint32_t target = target_of_list(list), count = check->table->value_count;
    if (left < 2 || p[0] == 0 || p[0] > left - 1)
        return 0;
    for (uint32_t k = 1; k <= p[0]; k++) {
        if (p[k] >= count || check->targets[p[k]] != target)
            return 0;
        if (k > 1 && p[k] <= p[k - 1])
            return 0;
    }
    return p[0] + 1;
}

static int check_set(const struct table_check *check, uint32_t set) {
    const struct table *t = check->table;
    const uint32_t *p = t->lists + t->list_at[set];
    uint32_t left = t->list_at[set + 1] - t->list_at[set], bits = *p++;
    left--;
    if ((bits & ~LISTS_MASK) != 0 || !(bits >> (TABLE_LIST_IN + TARGET_SIZE) & 1))
        return table_check_fail(check, "lists[%u]: bits %x", t->list_at[set], bits);
    for (uint32_t list = 0; list < TABLE_LISTS_MOST; list++) {
        if (!(bits >> list & 1))
            continue;
        uint32_t n = list_length(check, list, p, left);
        if (n == 0)
            return table_check_fail(check, "lists[%zu]: no list of ascending values of its attribute",
                                    (size_t)(p - t->lists));
        p += n;
        left -= n;
    }
    if (left != 0)
        return table_check_fail(check, "list_at[%u]: %u words too many", set + 1, left);
    return 0;
}

static int check_lists(const struct table_check *check) {
    const struct table *t = check->table;
    uint64_t words = t->header->sections[TABLE_LISTS].bytes / sizeof *t->lists;
    if (t->list_set_count == 0)
        return words == 0 ? 0
                          : table_check_fail(check, "lists: %llu words, no set", (unsigned long long)words);
    if (t->list_at[0] != 0 || t->list_at[t->list_set_count] != words)
        return table_check_fail(check, "list_at: not from 0 to %llu", (unsigned long long)words);
    for (uint32_t i = 0; i < t->list_set_count; i++)
        if (t->list_at[i] >= t->list_at[i + 1])
            return table_check_fail(check, "list_at[%u]: not ascending", i + 1);
    for (uint32_t i = 0; i < t->list_set_count; i++)
        if (check_set(check, i) != 0)
            return -1;
    return 0;
}

/* ---- hours and zones ---- */

static int check_hours(const struct table_check *check) {
    const struct table *t = check->table;
    const struct table_hours *all = &t->hours[0];
    if (all->words[0] != UINT64_MAX || all->words[1] != UINT64_MAX || all->words[2] != LAST_HOURS)
        return table_check_fail(check, "hours[0]: not every hour");
    for (uint32_t i = 0; i < t->hours_count; i++)
        if (t->hours[i].words[2] > LAST_HOURS)
            return table_check_fail(check, "hours[%u]: more than 168", i);
    return 0;
}

/* A name is a path below the zone database: relative, without "..", NUL-padded. */
static bool zone_is_clean(const struct table_zone *zone) {
    size_t n = strnlen(zone->name, sizeof zone->name);
    if (n == 0 || n == sizeof zone->name || zone->name[0] == '/' || strstr(zone->name, ".."))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = zone->name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !strchr("/_+-", c))
            return false;
    }
    return all_zero(zone->name + n, sizeof zone->name - n);
}

static int check_zones(const struct table_check *check) {
    const struct table *t = check->table;
    for (uint32_t i = 0; i < t->zone_count; i++)
        if (!zone_is_clean(&t->zones[i]))
            return table_check_fail(check, "zones[%u]: not a name of a time zone", i);
    if (strcmp(t->zones[0].name, "UTC") != 0)
        return table_check_fail(check, "zones[0]: not UTC");
    return 0;
}

/* ---- records and blocks ---- */

static bool value_is(const struct table *t, uint32_t value, enum target target) {
    return value == TABLE_NONE || (value < t->value_count && t->values[value].target == target);
}

/* Where sets of lists begin: a bit for each word of TABLE_LISTS. */
static bool set_begins(const struct table *t, const uint64_t *begins, uint32_t at) {
    return at < t->list_at[t->list_set_count] && (begins[at / 64] >> at % 64 & 1);
}

static const char *wrong_in_record(const struct table *t, const struct table_record *r,
                                   const uint64_t *begins) {
    if (!(r->price > 0 && r->price <= TABLE_MOST_PRICE))
        return "price";
    if (!(fabsf(r->z) <= TABLE_MOST_Z))
        return "z";
    if (!set_begins(t, begins, r->lists))
        return "lists";
    if (r->campaign >= t->campaign_count)
        return "campaign";
    if (!value_is(t, r->advertiser, TARGET_ADVERTISER))
        return "advertiser";
    if (!value_is(t, r->language, TARGET_LANGUAGE))
        return "language";
    if (r->starts >= r->ends)
        return "ends";
    if (r->attr & 1)
        return "attr";
    if (r->hours >= t->hours_count)
        return "hours";
    if (r->zone >= t->zone_count)
        return "zone";
    if (r->media < TABLE_BANNER || r->media > TABLE_NATIVE)
        return "media";
    if (r->flags & ~(TABLE_BY_CLICK | TABLE_SECURE | TABLE_SECURE_ONLY))
        return "flags";
    bool categories = t->lists[r->lists] >> TABLE_LIST_OWN_CATEGORY & 1;
    if ((r->cattax != 0) != categories)
        return "cattax";
    if (r->held != t->lists[r->lists])
        return "held";
    struct table_marks marks = table_marks(t->lists + r->lists, t->values);
    if (r->own != marks.own)
        return "own";
    return r->excluded != marks.excluded ? "excluded" : NULL;
}

static int check_each_record(const struct table_check *check, const uint64_t *begins) {
    const struct table *t = check->table;
    for (uint32_t i = 0; i < t->ad_count; i++) {
        if (i + TABLE_CHECK_AHEAD < t->ad_count) /* a wild address is no harm to a prefetch */
            __builtin_prefetch(
                (const void *)((uintptr_t)t->lists + t->records[i + TABLE_CHECK_AHEAD].lists * UINT64_C(4)));
        const char *wrong = wrong_in_record(t, &t->records[i], begins);
        if (wrong)
            return table_check_fail(check, "records[%u].%s: out of its range", i, wrong);
    }
    return 0;
}

static int check_records(const struct table_check *check) {
    const struct table *t = check->table;
    if (t->ad_count == 0)
        return 0;
    uint64_t *begins = calloc(t->list_at[t->list_set_count] / 64 + 1, sizeof *begins);
    if (!begins)
        return table_check_fail(check, "out of memory");
    for (uint32_t i = 0; i < t->list_set_count; i++)
        begins[t->list_at[i] / 64] |= UINT64_C(1) << t->list_at[i] % 64;
    int result = check_each_record(check, begins);
    free(begins);
    return result;
}

/* From the last block to the first, with the largest of what was seen. */
static int check_blocks(const struct table_check *check) {
    const struct table *t = check->table;
    struct table_block most = {0, 0, 0};
    for (uint32_t i = t->ad_count; i-- > 0;) {
        const struct table_record *r = &t->records[i];
        if (!(r->flags & TABLE_BY_CLICK)) {
            most.view = fmax(most.view, r->price);
        } else {
            most.click = fmax(most.click, r->price * table_exp((double)r->z));
            most.click_price = fmax(most.click_price, r->price);
        }
        if (i % TABLE_BLOCK_ADS != 0)
            continue;
        const struct table_block *block = &t->blocks[i / TABLE_BLOCK_ADS];
        if (!isfinite(block->click) || !isfinite(block->click_price) || !isfinite(block->view) ||
            block->click < most.click || block->click_price < most.click_price || block->view < most.view)
            return table_check_fail(check, "blocks[%u]: no bounds", i / TABLE_BLOCK_ADS);
    }
    for (uint32_t i = 1; i < t->header->block_count; i++)
        if (t->blocks[i].click > t->blocks[i - 1].click ||
            t->blocks[i].click_price > t->blocks[i - 1].click_price ||
            t->blocks[i].view > t->blocks[i - 1].view)
            return table_check_fail(check, "blocks[%u]: do not fall", i);
    return 0;
}

static int check_hot(const struct table_check *check) {
    if (check_header(check) != 0 || check_weights(check) != 0 || check_values(check) != 0 ||
        check_bitmaps(check) != 0 || check_lists(check) != 0)
        return -1;
    if (check_hours(check) != 0 || check_zones(check) != 0)
        return -1;
    return check_records(check) != 0 || check_blocks(check) != 0 ? -1 : 0;
}

int table_check_hot(const struct table_check *check) {
    struct table_check with_targets = *check;
    with_targets.targets = malloc((size_t)check->table->value_count + 1);
    int result = with_targets.targets ? check_hot(&with_targets) : table_check_fail(check, "out of memory");
    free(with_targets.targets);
    return result;
}

static uint64_t *pages_of(const struct table *table, enum table_section section) {
    return calloc((table->header->sections[section].bytes >> TABLE_CHECK_PAGE_SHIFT) / 64 + 1,
                  sizeof(uint64_t));
}

int table_verify_hot(const struct table *table, char *error, size_t error_size) {
    const struct table_check check = {.table = table, .error = error, .error_size = error_size};
    return table_check_hot(&check);
}

/* Bytes first, so that damage is called damage. */
static int verify_bytes_and(const struct table *table, bool hot, char *error, size_t error_size) {
    struct table_check check = {.table = table,
                                .strings_pages = pages_of(table, TABLE_STRINGS),
                                .markup_pages = pages_of(table, TABLE_MARKUP),
                                .error = error,
                                .error_size = error_size};
    int result = -1;
    if (!check.strings_pages || !check.markup_pages)
        table_check_fail(&check, "out of memory");
    else if (check_bytes(&check) == 0 && (!hot || table_check_hot(&check) == 0))
        result = table_check_cold(&check);
    free(check.strings_pages);
    free(check.markup_pages);
    return result;
}

int table_verify_rest(const struct table *table, char *error, size_t error_size) {
    return verify_bytes_and(table, false, error, error_size);
}

int table_verify(const struct table *table, char *error, size_t error_size) {
    return verify_bytes_and(table, true, error, error_size);
}
