/* Maps a table and looks things up in it; see table.h. */
#include "table/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/crc32c.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tables are read as they lie in the file");

/* What a section consists of. */
static const struct section_kind {
    const char *name;
    uint32_t item_bytes;
} kinds[TABLE_SECTIONS] = {
    [TABLE_BLOCKS] = {"blocks", sizeof(struct table_block)},
    [TABLE_RECORDS] = {"records", sizeof(struct table_record)},
    [TABLE_LISTS] = {"lists", sizeof(uint32_t)},
    [TABLE_LIST_AT] = {"list_at", sizeof(uint32_t)},
    [TABLE_VALUES] = {"values", sizeof(struct table_value)},
    [TABLE_SLOTS] = {"slots", sizeof(uint32_t)},
    [TABLE_BITMAPS] = {"bitmaps", sizeof(uint64_t)},
    [TABLE_POSTINGS] = {"postings", sizeof(uint32_t)},
    [TABLE_HOURS] = {"hours", sizeof(struct table_hours)},
    [TABLE_ZONES] = {"zones", sizeof(struct table_zone)},
    [TABLE_WEIGHTS] = {"weights", sizeof(float)},
    [TABLE_ADS] = {"ads", sizeof(struct table_ad)},
    [TABLE_CAMPAIGNS] = {"campaigns", sizeof(struct table_campaign)},
    [TABLE_NAMES] = {"names", sizeof(struct table_text)},
    [TABLE_IDS] = {"ids", sizeof(struct table_id)},
    [TABLE_STRINGS] = {"strings", 1},
    [TABLE_MARKUP] = {"markup", 1},
};

const char *table_section_name(enum table_section section) {
    return kinds[section].name;
}

/* A table on its way in. */
struct opening {
    const struct table_header *header;
    size_t file_bytes;
    char *error;
    size_t error_size;
};

PRINTF_LIKE(2, 3) static int refuse(struct opening *opening, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(opening->error, opening->error_size, format, args);
    va_end(args);
    return -1;
}

static int check_header(struct opening *opening) {
    const struct table_header *header = opening->header;
    struct table_header copy = *header;
    copy.header_crc32c = 0;
    if (memcmp(header->magic, TABLE_MAGIC, sizeof header->magic) != 0)
        return refuse(opening, "not an ad table (no magic \"%s\")", TABLE_MAGIC);
    if (header->version != TABLE_VERSION)
        return refuse(opening, "header.version: %u, this program reads %u", header->version, TABLE_VERSION);
    if (header->header_crc32c != crc32c(0, &copy, sizeof copy))
        return refuse(opening, "header: damaged (CRC)");
    if (header->file_bytes != opening->file_bytes)
        return refuse(opening, "cut or grown: %zu bytes instead of %llu", opening->file_bytes,
                      (unsigned long long)header->file_bytes);
    return 0;
}

/* Sections stand in their order, each at the first aligned place behind the last, up to the file's end. */
static int check_extents(struct opening *opening) {
    const struct table_header *header = opening->header;
    uint64_t end = sizeof *header;
    for (int i = 0; i < TABLE_SECTIONS; i++) {
        const struct table_extent *extent = &header->sections[i];
        uint64_t at = (end + TABLE_ALIGN - 1) / TABLE_ALIGN * TABLE_ALIGN;
        if (extent->offset != at)
            return refuse(opening, "sections.%s.offset: %llu instead of %llu", kinds[i].name,
                          (unsigned long long)extent->offset, (unsigned long long)at);
        if (extent->bytes > header->file_bytes || at > header->file_bytes - extent->bytes)
            return refuse(opening, "sections.%s.bytes: beyond the file", kinds[i].name);
        if (extent->bytes % kinds[i].item_bytes != 0 || extent->bytes / kinds[i].item_bytes >= UINT32_MAX) {
            if (kinds[i].item_bytes > 1 || i == TABLE_STRINGS)
                return refuse(opening, "sections.%s.bytes: %llu, items have %u", kinds[i].name,
                              (unsigned long long)extent->bytes, kinds[i].item_bytes);
        }
        if (extent->zero != 0)
            return refuse(opening, "sections.%s.zero: not 0", kinds[i].name);
        end = at + extent->bytes;
    }
    if (end != header->file_bytes)
        return refuse(opening, "header.file_bytes: sections end at %llu", (unsigned long long)end);
    return 0;
}

static uint64_t items(const struct table_header *header, enum table_section section) {
    return header->sections[section].bytes / kinds[section].item_bytes;
}

static int expect_items(struct opening *opening, enum table_section section, uint64_t wanted) {
    uint64_t have = items(opening->header, section);
    if (have == wanted)
        return 0;
    return refuse(opening, "sections.%s: %llu items instead of %llu", kinds[section].name,
                  (unsigned long long)have, (unsigned long long)wanted);
}

static int check_counts(struct opening *opening) {
    const struct table_header *header = opening->header;
    uint64_t slots = items(header, TABLE_SLOTS), bitmaps = items(header, TABLE_BITMAPS);
    if (header->ad_count > TABLE_MOST_ADS)
        return refuse(opening, "header.ad_count: %u, the most is %u", header->ad_count, TABLE_MOST_ADS);
    if (header->block_count != (header->ad_count + TABLE_BLOCK_ADS - 1) / TABLE_BLOCK_ADS)
        return refuse(opening, "header.block_count: %u for %u ads", header->block_count, header->ad_count);
    if (header->bitmap_words != header->block_count * (TABLE_BLOCK_ADS / 64))
        return refuse(opening, "header.bitmap_words: %u for %u blocks", header->bitmap_words,
                      header->block_count);
    if (header->weight_bits < 1 || header->weight_bits > TABLE_MOST_BITS)
        return refuse(opening, "header.weight_bits: %u", header->weight_bits);
    if (header->cross_bits < 1 || header->cross_bits > TABLE_MOST_BITS)
        return refuse(opening, "header.cross_bits: %u", header->cross_bits);
    if (header->bitmap_words ? bitmaps % header->bitmap_words != 0 : bitmaps != 0)
        return refuse(opening, "sections.bitmaps: not whole bitmaps");
    if (slots == 0 || (slots & (slots - 1)) != 0 || slots < 2 * items(header, TABLE_VALUES))
        return refuse(opening, "sections.slots: %llu for %llu values", (unsigned long long)slots,
                      (unsigned long long)items(header, TABLE_VALUES));
    if ((items(header, TABLE_LIST_AT) >= 2) != (header->ad_count > 0) || items(header, TABLE_LIST_AT) == 1)
        return refuse(opening, "sections.list_at: %llu items for %u ads",
                      (unsigned long long)items(header, TABLE_LIST_AT), header->ad_count);
    if (items(header, TABLE_HOURS) < 1 || items(header, TABLE_HOURS) > UINT16_MAX + 1)
        return refuse(opening, "sections.hours: from 1 to 65536 items");
    if (items(header, TABLE_ZONES) < 1 || items(header, TABLE_ZONES) > UINT16_MAX + 1)
        return refuse(opening, "sections.zones: from 1 to 65536 items");
    return 0;
}

static int check_items(struct opening *opening) {
    const struct table_header *header = opening->header;
    uint64_t weights =
        (UINT64_C(1) << header->weight_bits) + TABLE_CROSSES * (UINT64_C(1) << header->cross_bits);
    if (expect_items(opening, TABLE_BLOCKS, header->block_count) != 0 ||
        expect_items(opening, TABLE_RECORDS, header->ad_count) != 0 ||
        expect_items(opening, TABLE_ADS, header->ad_count) != 0 ||
        expect_items(opening, TABLE_IDS, header->ad_count) != 0 ||
        expect_items(opening, TABLE_NAMES, items(header, TABLE_VALUES)) != 0)
        return -1;
    return expect_items(opening, TABLE_WEIGHTS, weights);
}

static void fill(struct table *table, const struct table_header *header) {
    const char *base = (const char *)header;
    const struct table_extent *s = header->sections;
    table->header = header;
    table->blocks = (const void *)(base + s[TABLE_BLOCKS].offset);
    table->records = (const void *)(base + s[TABLE_RECORDS].offset);
    table->lists = (const void *)(base + s[TABLE_LISTS].offset);
    table->list_at = (const void *)(base + s[TABLE_LIST_AT].offset);
    table->values = (const void *)(base + s[TABLE_VALUES].offset);
    table->slots = (const void *)(base + s[TABLE_SLOTS].offset);
    table->bitmaps = (const void *)(base + s[TABLE_BITMAPS].offset);
    table->postings = (const void *)(base + s[TABLE_POSTINGS].offset);
    table->hours = (const void *)(base + s[TABLE_HOURS].offset);
    table->zones = (const void *)(base + s[TABLE_ZONES].offset);
    table->weights = (const void *)(base + s[TABLE_WEIGHTS].offset);
    table->ads = (const void *)(base + s[TABLE_ADS].offset);
    table->campaigns = (const void *)(base + s[TABLE_CAMPAIGNS].offset);
    table->names = (const void *)(base + s[TABLE_NAMES].offset);
    table->ids = (const void *)(base + s[TABLE_IDS].offset);
    table->strings = base + s[TABLE_STRINGS].offset;
    table->markup = base + s[TABLE_MARKUP].offset;
    table->ad_count = header->ad_count;
    table->value_count = (uint32_t)items(header, TABLE_VALUES);
    table->slot_mask = (uint32_t)(items(header, TABLE_SLOTS) - 1);
    table->list_set_count = header->ad_count ? (uint32_t)(items(header, TABLE_LIST_AT) - 1) : 0;
    table->bitmap_count =
        header->bitmap_words ? (uint32_t)(items(header, TABLE_BITMAPS) / header->bitmap_words) : 0;
    table->posting_count = (uint32_t)items(header, TABLE_POSTINGS);
    table->hours_count = (uint32_t)items(header, TABLE_HOURS);
    table->zone_count = (uint32_t)items(header, TABLE_ZONES);
    table->campaign_count = (uint32_t)items(header, TABLE_CAMPAIGNS);
}

int table_map(struct table *table, int fd, char *error, size_t error_size) {
    struct opening opening = {.error = error, .error_size = error_size};
    struct stat status;
    memset(table, 0, sizeof *table);
    if (fstat(fd, &status) != 0)
        return refuse(&opening, "%s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return refuse(&opening, "not a file");
    if ((uint64_t)status.st_size < sizeof(struct table_header))
        return refuse(&opening, "not an ad table (%lld bytes)", (long long)status.st_size);
    opening.file_bytes = (size_t)status.st_size;
    void *mapping = mmap(NULL, opening.file_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED)
        return refuse(&opening, "%s", strerror(errno));
    opening.header = mapping;
    if (check_header(&opening) != 0 || check_extents(&opening) != 0 || check_counts(&opening) != 0 ||
        check_items(&opening) != 0) {
        munmap(mapping, opening.file_bytes);
        return -1;
    }
    fill(table, mapping);
    table->mapping = mapping;
    table->mapped_bytes = opening.file_bytes;
    return 0;
}

void table_unmap(struct table *table) {
    if (table->mapping)
        munmap(table->mapping, table->mapped_bytes);
    memset(table, 0, sizeof *table);
}

uint32_t table_find(const struct table *table, uint64_t hash) {
    for (uint64_t slot = hash;; slot++) {
        uint32_t value = table->slots[slot & table->slot_mask];
        if (value == TABLE_NONE || table->values[value].hash == hash)
            return value;
    }
}

uint32_t table_find_ad(const struct table *table, struct str id) {
    uint64_t hash = hash_bytes(id, 0);
    uint32_t low = 0, high = table->ad_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->ids[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < table->ad_count && table->ids[low].hash == hash; low++) {
        uint32_t record = table->ids[low].record;
        if (str_eq(table_text(table, table->ads[record].id), id))
            return record;
    }
    return TABLE_NONE;
}

uint64_t table_hot_bytes(const struct table *table) {
    uint64_t bytes = 0;
    for (int i = 0; i <= TABLE_WEIGHTS; i++)
        bytes += table->header->sections[i].bytes;
    return bytes;
}
