/* Lays tables out in memory; see match_table.h. */
#include "bench/match_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32c.h"

#define CAMPAIGN_BYTES sizeof(struct table_campaign)

/* A file that is being made: its header, its sections so far. */
struct file {
    int fd;
    uint64_t end;
    struct table_header header;
};

static int put(struct file *file, enum table_section section, const void *p, size_t n) {
    struct table_extent *extent = &file->header.sections[section];
    file->end = (file->end + TABLE_ALIGN - 1) / TABLE_ALIGN * TABLE_ALIGN;
    *extent = (struct table_extent){.offset = file->end, .bytes = n, .crc32c = crc32c(0, p, n)};
    for (size_t done = 0; done < n;) {
        ssize_t wrote = pwrite(file->fd, (const char *)p + done, n - done, (off_t)(file->end + done));
        if (wrote < 0)
            return -1;
        done += (size_t)wrote;
    }
    file->end += n;
    return ftruncate(file->fd, (off_t)file->end);
}

/* Empty ones where there are none. NULL: no memory. */
static struct table_campaign *copy_campaigns(const struct match_table_parts *parts) {
    struct table_campaign *campaigns = calloc((size_t)parts->campaign_count + 1, CAMPAIGN_BYTES);
    if (campaigns && parts->campaigns)
        memcpy(campaigns, parts->campaigns, parts->campaign_count * CAMPAIGN_BYTES);
    return campaigns;
}

/* The ads in the table's order, empty ones where there are none. NULL: no memory. */
static struct table_ad *order_ads(const struct match_table_parts *parts, const uint32_t *order,
                                  uint32_t count) {
    struct table_ad *ads = calloc(count ? count : 1, sizeof *ads);
    for (uint32_t i = 0; ads && parts->ads && i < count; i++)
        ads[i] = parts->ads[order[i]];
    return ads;
}

static int put_weights(struct file *file, const struct match_table_parts *parts) {
    static const float none[2 + 2 * TABLE_CROSSES];
    const float *weights = parts->weight_bits ? parts->weights : none;
    struct table_header *header = &file->header;
    header->weight_bits = parts->weight_bits ? parts->weight_bits : 1;
    header->cross_bits = parts->weight_bits ? parts->cross_bits : 1;
    size_t own = (size_t)1 << header->weight_bits, cross = (size_t)1 << header->cross_bits;
    for (size_t i = 0; i < TABLE_CROSSES; i++)
        for (size_t j = 0; j < cross; j++)
            if (weights[own + i * cross + j] > header->cross_max[i])
                header->cross_max[i] = weights[own + i * cross + j];
    return put(file, TABLE_WEIGHTS, weights, (own + TABLE_CROSSES * cross) * sizeof *weights);
}

static int put_hours_and_zones(struct file *file, const struct match_table_parts *parts) {
    struct table_hours *hours = calloc((size_t)parts->hours_count + 1, sizeof *hours);
    struct table_zone *zones = calloc((size_t)parts->zone_count + 1, sizeof *zones);
    int result = -1;
    if (hours && zones) {
        hours[0] = (struct table_hours){{UINT64_MAX, UINT64_MAX, (UINT64_C(1) << 40) - 1}};
        memcpy(zones[0].name, "UTC", 3);
        if (parts->hours_count)
            memcpy(hours + 1, parts->hours, parts->hours_count * sizeof *hours);
        if (parts->zone_count)
            memcpy(zones + 1, parts->zones, parts->zone_count * sizeof *zones);
        result = put(file, TABLE_HOURS, hours, (parts->hours_count + 1) * sizeof *hours);
        if (result == 0)
            result = put(file, TABLE_ZONES, zones, (parts->zone_count + 1) * sizeof *zones);
    }
    free(hours);
    free(zones);
    return result;
}

static int put_cold(struct file *file, const struct match_table_parts *parts,
                    const struct table_index_section *sections, const uint32_t *order) {
    uint32_t ads = file->header.ad_count;
    struct table_ad *ordered = order_ads(parts, order, ads);
    size_t values = sections[TABLE_VALUES].n / sizeof(struct table_value);
    void *names = calloc(values + 1, sizeof(struct table_text));
    struct table_campaign *campaigns = copy_campaigns(parts);
    struct table_id *ids = calloc((size_t)ads + 1, sizeof *ids);
    int result = -1;
    for (uint32_t i = 0; ids && i < ads; i++)
        ids[i] = (struct table_id){.hash = i, .record = i};
    if (ordered && names && campaigns && ids &&
        put(file, TABLE_LIST_AT, sections[TABLE_LIST_AT].p, sections[TABLE_LIST_AT].n) == 0 &&
        put(file, TABLE_ADS, ordered, ads * sizeof *ordered) == 0 &&
        put(file, TABLE_CAMPAIGNS, campaigns, parts->campaign_count * CAMPAIGN_BYTES) == 0 &&
        put(file, TABLE_NAMES, names, values * sizeof(struct table_text)) == 0 &&
        put(file, TABLE_IDS, ids, ads * sizeof *ids) == 0 &&
        put(file, TABLE_STRINGS, parts->strings, parts->string_bytes) == 0)
        result = put(file, TABLE_MARKUP, NULL, 0);
    free(ordered);
    free(names);
    free(campaigns);
    free(ids);
    return result;
}

static int put_header(struct file *file) {
    struct table_header *header = &file->header;
    memcpy(header->magic, TABLE_MAGIC, sizeof header->magic);
    memcpy(header->currency, "USD", 4);
    header->version = TABLE_VERSION;
    header->file_bytes = file->end;
    header->header_crc32c = crc32c(0, header, sizeof *header);
    return pwrite(file->fd, header, sizeof *header, 0) == (ssize_t)sizeof *header ? 0 : -1;
}

static int put_all(struct file *file, struct table_index *index, const struct match_table_parts *parts) {
    struct table_index_section sections[TABLE_SECTIONS];
    const uint32_t *order;
    file->end = sizeof file->header;
    if (table_index_finish(index, &file->header, sections, &order) != 0)
        return -1;
    for (int i = TABLE_BLOCKS; i <= TABLE_POSTINGS; i++)
        if (put(file, (enum table_section)i, sections[i].p, sections[i].n) != 0)
            return -1;
    if (put_hours_and_zones(file, parts) != 0 || put_weights(file, parts) != 0 ||
        put_cold(file, parts, sections, order) != 0)
        return -1;
    return put_header(file);
}

int match_table_map(struct table_index *index, const struct match_table_parts *parts, struct table *table,
                    char *error, size_t error_size) {
    struct file file = {.fd = memfd_create("ads.tbl", MFD_CLOEXEC)};
    int result = -1;
    memset(table, 0, sizeof *table);
    if (file.fd >= 0 && put_all(&file, index, parts) == 0)
        result = table_map(table, file.fd, error, error_size);
    else
        snprintf(error, error_size, "%s", strerror(errno));
    if (file.fd >= 0)
        close(file.fd);
    table_index_destroy(index);
    return result;
}
