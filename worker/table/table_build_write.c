/* Writes the table's sections once all ads are in; see table_build_state.h. */
#include <errno.h>
#include <stdlib.h>

#include "table_build_state.h"

#define COPY_BYTES ((size_t)1 << 20)

/* A section that lies in memory. */
static int put(struct build *build, enum table_section section, const void *p, size_t n) {
    if (table_writer_section(&build->writer, section) != 0)
        return -1;
    return table_writer_add(&build->writer, p, n);
}

static int fail_disk(struct build *build) {
    return build_fail(build, "%s: %s", build->writer.directory, strerror(errno));
}

static int put_hot(struct build *build, const struct table_index_section *sections) {
    size_t count = 0;
    for (int i = TABLE_BLOCKS; i <= TABLE_POSTINGS; i++)
        if (put(build, (enum table_section)i, sections[i].p, sections[i].n) != 0)
            return -1;
    if (put(build, TABLE_HOURS, build->hours.items.p, build->hours.items.n) != 0 ||
        put(build, TABLE_ZONES, build->zones.items.p, build->zones.items.n) != 0)
        return -1;
    const float *weights = weights_section(build->weights, &build->writer.header, &count);
    return put(build, TABLE_WEIGHTS, weights, count * sizeof *weights);
}

/* Cold records in the table's order; ids as they come by, for their own section. */
static int put_ads(struct build *build, const uint32_t *order, struct table_id *ids) {
    if (table_writer_section(&build->writer, TABLE_ADS) != 0)
        return -1;
    for (uint32_t i = 0; i < build->writer.header.ad_count; i++) {
        struct table_ad ad;
        if (spool_read(&build->cold, (uint64_t)order[i] * sizeof ad, &ad, sizeof ad) != 0)
            return fail_disk(build);
        if (table_writer_add(&build->writer, &ad, sizeof ad) != 0)
            return -1;
        ids[i] = (struct table_id){hash_bytes(texts_view(&build->texts, ad.id), 0), i, 0};
    }
    return 0;
}

static int put_campaigns(struct build *build) {
    if (table_writer_section(&build->writer, TABLE_CAMPAIGNS) != 0)
        return -1;
    for (uint32_t i = 0; i < build->campaigns.count; i++) {
        const struct build_campaign *campaign = uniques_at(&build->campaigns, i);
        if (table_writer_add(&build->writer, &campaign->campaign, sizeof campaign->campaign) != 0)
            return -1;
    }
    return 0;
}

static int put_names(struct build *build, const struct table_index_section *values) {
    const struct table_value *value = values->p;
    if (table_writer_section(&build->writer, TABLE_NAMES) != 0)
        return -1;
    for (size_t i = 0; i < values->n / sizeof *value; i++) {
        const struct build_name *name = uniques_find(&build->names, &value[i].hash);
        if (!name)
            return build_fail(build, "values[%zu]: has no name", i);
        if (table_writer_add(&build->writer, &name->text, sizeof name->text) != 0)
            return -1;
    }
    return 0;
}

static int by_hash(const void *a, const void *b) {
    const struct table_id *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->record < y->record ? -1 : 1;
}

static int put_ids(struct build *build, struct table_id *ids) {
    size_t count = build->writer.header.ad_count;
    qsort(ids, count, sizeof *ids, by_hash);
    return put(build, TABLE_IDS, ids, count * sizeof *ids);
}

static int put_markup(struct build *build) {
    const struct spool *spool = &build->creatives.spool;
    int result = table_writer_section(&build->writer, TABLE_MARKUP);
    char *bytes = malloc(COPY_BYTES);
    if (!bytes)
        result = build_fail(build, "out of memory");
    for (uint64_t at = 0; result == 0 && at < spool->n;) {
        size_t n = spool->n - at < COPY_BYTES ? (size_t)(spool->n - at) : COPY_BYTES;
        result = spool_read(spool, at, bytes, n) != 0 ? fail_disk(build)
                                                      : table_writer_add(&build->writer, bytes, n);
        at += n;
    }
    free(bytes);
    return result;
}

static int put_cold(struct build *build, const struct table_index_section *sections, const uint32_t *order) {
    struct table_id *ids = malloc((size_t)build->writer.header.ad_count * sizeof *ids + 1);
    if (!ids)
        return build_fail(build, "out of memory");
    int result = put(build, TABLE_LIST_AT, sections[TABLE_LIST_AT].p, sections[TABLE_LIST_AT].n);
    if (result == 0)
        result = put_ads(build, order, ids);
    if (result == 0)
        result = put_campaigns(build);
    if (result == 0)
        result = put_names(build, &sections[TABLE_VALUES]);
    if (result == 0)
        result = put_ids(build, ids);
    free(ids);
    if (result == 0)
        result = put(build, TABLE_STRINGS, build->texts.bytes.p, build->texts.bytes.n);
    return result == 0 ? put_markup(build) : -1;
}

int build_write(struct build *build) {
    struct table_index_section sections[TABLE_SECTIONS] = {{NULL, 0}};
    const uint32_t *order = NULL;
    struct table_header *header = &build->writer.header;
    texts_freeze(&build->texts);
    creatives_freeze(&build->creatives);
    region_cleanup(&build->ids);
    if (table_index_finish(build->index, header, sections, &order) != 0)
        return build_fail(build, "out of memory");
    header->created_unix = build->options->created_unix;
    memcpy(header->currency, build->options->currency, sizeof header->currency);
    return put_hot(build, sections) != 0 || put_cold(build, sections, order) != 0 ? -1 : 0;
}
