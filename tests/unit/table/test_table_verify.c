/* Every kind of wrong field in a table's file is refused, its CRCs being right; and each flipped bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "table_fixture.h"

static struct table_image good;
static struct table table; /* of the good image: where things are */

static int setup(void **state) {
    (void)state;
    good = table_image_full();
    table_image_map_good(&good, &table);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    table_unmap(&table);
    table_image_free(&good);
    return 0;
}

/* Whether the image is refused; the reason in error. */
static bool is_refused(const struct table_image *image, char *error, size_t error_size) {
    struct table mapped;
    error[0] = '\0';
    if (table_image_map(image, &mapped, error, error_size) != 0)
        return true;
    int result = table_verify(&mapped, error, error_size);
    table_unmap(&mapped);
    return result != 0;
}

/* The good table with n bytes at that place changed. */
static void assert_refused(const void *place, const void *bytes, size_t n, const char *reason) {
    char error[TABLE_ERROR_BYTES];
    size_t at = (size_t)((const char *)place - (const char *)table.header);
    struct table_image image = {malloc(good.n), good.n};
    assert_non_null(image.p);
    memcpy(image.p, good.p, good.n);
    assert_true(at + n <= good.n);
    memcpy(image.p + at, bytes, n);
    table_image_seal(&image);
    if (!is_refused(&image, error, sizeof error))
        fail_msg("not refused: %s", reason);
    if (!strstr(error, reason))
        fail_msg("\"%s\" instead of \"%s\"", error, reason);
    table_image_free(&image);
}

/* field: an lvalue of the good table. */
#define REFUSED(field, value, reason)                                                                        \
    do {                                                                                                     \
        __typeof__(field) value_ = (value);                                                                  \
        assert_refused(&(field), &value_, sizeof value_, (reason));                                          \
    } while (0)

static void fields_of_the_header_are_checked(void **state) {
    (void)state;
    const struct table_header *header = table.header;
    REFUSED(header->magic[0], 'S', "not an ad table");
    REFUSED(header->version, TABLE_VERSION + 1, "header.version: 3, this program reads 2");
    REFUSED(header->file_bytes, header->file_bytes + 1, "cut or grown");
    REFUSED(header->ad_count, 301, "records");
    REFUSED(header->ad_count, TABLE_MOST_ADS + 1, "header.ad_count");
    REFUSED(header->block_count, 2, "header.block_count");
    REFUSED(header->bitmap_words, 64, "header.bitmap_words");
    REFUSED(header->any_bitmap[TARGET_OS], table.bitmap_count, "header.any_bitmap[os]");
    REFUSED(header->weight_bits, 0, "header.weight_bits");
    REFUSED(header->weight_bits, 29, "header.weight_bits");
    REFUSED(header->weight_bits, 5, "sections.weights");
    REFUSED(header->cross_bits, 0, "header.cross_bits");
    REFUSED(header->cross_bits, 29, "header.cross_bits");
    REFUSED(header->cross_max[1], 0.5f, "header.cross_max[1]");
    REFUSED(header->currency[0], 'u', "header.currency");
    REFUSED(header->currency[3], 'X', "header.currency");
}

static void extents_are_checked(void **state) {
    (void)state;
    const struct table_extent *sections = table.header->sections;
    for (int i = 0; i < TABLE_SECTIONS; i++) {
        REFUSED(sections[i].offset, sections[i].offset + TABLE_ALIGN, "offset");
        REFUSED(sections[i].offset, sections[i].offset - 1, "offset");
        REFUSED(sections[i].bytes, UINT64_MAX, "bytes");
        if (i != TABLE_STRINGS) /* another 0 behind the last text is no harm */
            REFUSED(sections[i].bytes, sections[i].bytes + 1, "");
        REFUSED(sections[i].zero, 1, "zero");
    }
    REFUSED(sections[TABLE_SLOTS].bytes, sections[TABLE_SLOTS].bytes - 4, "sections.slots");
    REFUSED(sections[TABLE_BITMAPS].bytes, sections[TABLE_BITMAPS].bytes - 8, "sections.bitmaps");
}

static void weights_and_values_are_checked(void **state) {
    (void)state;
    const struct table_value *values = table.values;
    uint32_t last = table.value_count - 1, rare = 0; /* the last is an advertiser's domain */
    while (values[rare].bitmap != TABLE_NONE || values[rare].postings == 0)
        rare++;
    assert_int_equal(values[last].target, TARGET_ADVERTISER);
    REFUSED(table.weights[1], NAN, "weights[1]");
    REFUSED(table.weights[2], 101.0f, "weights[2]");
    REFUSED(values[0].hash, values[0].hash + 1, "values[0].hash");
    REFUSED(values[1].hash, values[0].hash, "values[1].hash");
    REFUSED(values[0].bitmap, table.bitmap_count, "values[0].bitmap");
    REFUSED(values[rare].posting, table.posting_count, "].posting");
    REFUSED(values[rare].postings, UINT32_MAX, "].posting");
    REFUSED(values[rare].ads, values[rare].ads + 1, "].ads");
    REFUSED(values[0].ads, 301, "values[0].ads");
    REFUSED(values[0].target, TARGETS, "values[0].target");
    REFUSED(values[0].target, TARGET_CREATIVE, "values[0].target");
    REFUSED(values[rare].number, 7, "].number");
    REFUSED(values[last].number, last, "].number");
    REFUSED(values[last].number, 0, "].number");
    REFUSED(values[last].bitmap, 0, "].bitmap");
    REFUSED(table.postings[values[rare].posting], 300, "postings[");
}

static void slots_and_bitmaps_are_checked(void **state) {
    (void)state;
    uint32_t used = 0, empty = 0;
    while (table.slots[used] == TABLE_NONE)
        used++;
    while (table.slots[empty] != TABLE_NONE)
        empty++;
    REFUSED(table.slots[used], table.value_count, "slots[");
    REFUSED(table.slots[used], TABLE_NONE, "slots: hold");
    REFUSED(table.slots[empty], 0, "slots: hold");
    REFUSED(table.slots[used], (table.slots[used] + 1) % table.value_count, "not found by its slot");
    REFUSED(table.bitmaps[300 / 64], table.bitmaps[300 / 64] | UINT64_C(1) << 63, "bits beyond the last ad");
    REFUSED(table.bitmaps[127], UINT64_C(1), "bits beyond the last ad");
}

static void lists_are_checked(void **state) {
    (void)state;
    const uint32_t *lists = table.lists, sets = table.list_set_count;
    REFUSED(lists[0], lists[0] & ~1u, "lists[0]: bits");
    REFUSED(lists[0], lists[0] | 1u << TABLE_LISTS_MOST, "lists[0]: bits");
    REFUSED(lists[1], 0, "ascending values");
    REFUSED(lists[1], UINT32_MAX, "ascending values");
    REFUSED(lists[2], table.value_count, "ascending values");
    REFUSED(lists[2], table.value_count - 1, "ascending values"); /* of another attribute */
    REFUSED(table.list_at[0], 1, "list_at");
    REFUSED(table.list_at[1], 0, "list_at[1]");
    REFUSED(table.list_at[1], table.list_at[1] - 1, "");
    REFUSED(table.list_at[sets], table.list_at[sets] + 1, "list_at");
}

static void hours_and_zones_are_checked(void **state) {
    (void)state;
    assert_true(table.zone_count == 2 && table.hours_count > 1);
    REFUSED(table.hours[0].words[1], 0, "hours[0]");
    REFUSED(table.hours[1].words[2], UINT64_MAX, "hours[1]");
    REFUSED(table.zones[0].name[0], 'X', "zones[0]");
    REFUSED(table.zones[1].name[0], '/', "zones[1]");
    REFUSED(table.zones[1].name[0], '\0', "zones[1]");
    REFUSED(table.zones[1].name[2], '.', "zones[1]");
    REFUSED(table.zones[1].name[47], 'x', "zones[1]");
}

static void records_are_checked(void **state) {
    (void)state;
    const struct table_record *r = table.records;
    unsigned char packed = 0;
    REFUSED(r[5].price, 0.0, "records[5].price");
    REFUSED(r[5].price, NAN, "records[5].price");
    REFUSED(r[5].price, INFINITY, "records[5].price");
    REFUSED(r[5].z, NAN, "records[5].z");
    REFUSED(r[5].z, 101.0f, "records[5].z");
    REFUSED(r[5].lists, r[5].lists + 1, "records[5].lists");
    REFUSED(r[5].lists, UINT32_MAX, "records[5].lists");
    REFUSED(r[5].campaign, table.campaign_count, "records[5].campaign");
    REFUSED(r[5].campaign_key, r[5].campaign_key + 1, "records[5].campaign_key");
    REFUSED(r[5].advertiser, table.value_count, "records[5].advertiser");
    REFUSED(r[5].advertiser, 0, "records[5].advertiser");
    REFUSED(r[5].language, table.value_count - 1, "records[5].language");
    REFUSED(r[5].ends, 0, "records[5].ends");
    REFUSED(r[5].attr, 1, "records[5].attr");
    REFUSED(r[5].hours, (uint16_t)table.hours_count, "records[5].hours");
    REFUSED(r[5].zone, (uint16_t)table.zone_count, "records[5].zone");
    REFUSED(r[5].held, (uint16_t)(r[5].held ^ 2), "records[5].held");
    REFUSED(r[5].cattax, 0, "records[5].cattax");
    REFUSED(r[5].own, r[5].own ^ 1, "records[5].own");
    packed = (unsigned char)(*((const unsigned char *)&r[5].language - 2) ^ 1);
    assert_refused((const char *)&r[5].language - 2, &packed, 1, "records[5].excluded");
    for (packed = 0; packed < 0x10; packed++) /* no medium, all flags */
        assert_refused((const char *)&r[5].cattax - 1, &packed, 1, "records[5].");
    packed = 0x1f;
    assert_refused((const char *)&r[5].cattax - 1, &packed, 1, "records[5].flags");
    packed = 0x40;
    assert_refused((const char *)&r[5].cattax - 1, &packed, 1, "records[5].media");
}

static void blocks_are_checked(void **state) {
    (void)state;
    REFUSED(table.blocks[0].click, table.blocks[0].click * 0.999, "blocks[0]");
    REFUSED(table.blocks[0].click_price, 0.0, "blocks[0]");
    REFUSED(table.blocks[0].view, NAN, "blocks[0]");
    REFUSED(table.blocks[0].click, INFINITY, "blocks[0]");
}

static void cold_records_are_checked(void **state) {
    (void)state;
    const struct table_ad *ad = &table.ads[7];
    uint32_t beyond = (uint32_t)table.header->sections[TABLE_STRINGS].bytes;
    REFUSED(ad->id.n, 0, "ads[7].id");
    REFUSED(ad->id.at, beyond, "ads[7].id");
    REFUSED(ad->crid.at, beyond, "ads[7].crid");
    REFUSED(ad->crid.n, TABLE_ID_BYTES + 1, "ads[7].crid");
    REFUSED(ad->adomain.at, UINT32_MAX, "ads[7].adomain");
    REFUSED(ad->language.n, UINT32_MAX, "ads[7].language");
    REFUSED(ad->cats.n, beyond, "ads[7].cats");
    REFUSED(ad->deals.at, beyond - 1, "ads[7].deals");
    REFUSED(ad->markup_at, UINT64_MAX, "ads[7].markup_at");
    REFUSED(ad->markup_at, ad->markup_at + 4, "ads[7].markup_at"); /* inside a character */
    REFUSED(ad->markup_bytes, 4, "ads[7].markup_at");
    REFUSED(ad->markup_bytes, TABLE_ADM_BYTES + 1, "ads[7].markup_at");
    REFUSED(ad->zero, 1, "ads[7].zero");
    REFUSED(ad->price, -1.0, "ads[7].price");
    REFUSED(ad->price, INFINITY, "ads[7].price");
    REFUSED(ad->currency[1], 's', "ads[7].currency");
    REFUSED(ad->currency[3], 'S', "ads[7].currency");
    REFUSED(table.strings[ad->id.at], '\xff', "strings: not UTF-8");
    REFUSED(table.markup[ad->markup_at], '\xff', "markup: not UTF-8");
    REFUSED(table.strings[ad->id.at], 'b', "ids[");
}

static void campaigns_ids_and_names_are_checked(void **state) {
    (void)state;
    uint32_t limited = 0, free_of_limits = 0;
    while (table.campaigns[limited].given_budget == 0)
        limited++;
    while (table.campaigns[free_of_limits].given_budget > 0)
        free_of_limits++;
    const struct table_campaign *c = &table.campaigns[limited], *f = &table.campaigns[free_of_limits];
    REFUSED(c->id.n, 0, "].id");
    REFUSED(c->id.at, UINT32_MAX, "].id");
    REFUSED(c->daily_budget, 0.0, "].daily_budget");
    REFUSED(c->daily_budget, NAN, "].daily_budget");
    REFUSED(c->given_budget, -1.0, "].given_budget");
    REFUSED(c->given_currency[0], 'u', "].given_currency");
    REFUSED(f->given_currency[0], 'U', "].given_currency");
    REFUSED(c->frequency, 0, "].frequency");
    REFUSED(c->zero, 1, "].zero");
    REFUSED(table.ids[3].hash, table.ids[3].hash + 1, "ids[3]");
    REFUSED(table.ids[3].record, 300, "ids[3].record");
    REFUSED(table.ids[3].record, table.ids[4].record, "ids[3].hash");
    REFUSED(table.ids[3], table.ids[4], "ids[4]");
    REFUSED(table.ids[3].zero, 1, "ids[3].record");
    REFUSED(table.names[2].at, UINT32_MAX, "names[2]");
    REFUSED(table.names[2].n, 0, "names[2]");
    REFUSED(table.names[2], table.names[3], "names[2]: not the value's");
}

/* The CRCs stand for all other changes, and padding has to be 0. */
static void any_flipped_bit_is_refused(void **state) {
    (void)state;
    char error[TABLE_ERROR_BYTES];
    struct prng prng;
    prng_seed(&prng, 1);
    for (int i = 0; i < 3000; i++) {
        size_t at = i < 520 ? (size_t)i : prng_next(&prng) % good.n;
        char bit = (char)(1 << prng_next(&prng) % 8);
        good.p[at] = (char)(good.p[at] ^ bit);
        if (!is_refused(&good, error, sizeof error))
            fail_msg("a bit of byte %zu may change", at);
        good.p[at] = (char)(good.p[at] ^ bit);
    }
}

static void any_cut_or_longer_file_is_refused(void **state) {
    (void)state;
    char error[TABLE_ERROR_BYTES];
    struct prng prng;
    prng_seed(&prng, 2);
    for (int i = 0; i < 300; i++) {
        struct table_image cut = {good.p, i < 3 ? good.n - 1 - (size_t)i : prng_next(&prng) % good.n};
        assert_true(is_refused(&cut, error, sizeof error));
    }
    struct table_image longer = {malloc(good.n + 1), good.n + 1};
    assert_non_null(longer.p);
    memcpy(longer.p, good.p, good.n);
    longer.p[good.n] = 0;
    assert_true(is_refused(&longer, error, sizeof error));
    assert_non_null(strstr(error, "cut or grown"));
    table_image_free(&longer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_the_header_are_checked),
        cmocka_unit_test(extents_are_checked),
        cmocka_unit_test(weights_and_values_are_checked),
        cmocka_unit_test(slots_and_bitmaps_are_checked),
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(hours_and_zones_are_checked),
        cmocka_unit_test(records_are_checked),
        cmocka_unit_test(blocks_are_checked),
        cmocka_unit_test(cold_records_are_checked),
        cmocka_unit_test(campaigns_ids_and_names_are_checked),
        cmocka_unit_test(any_flipped_bit_is_refused),
        cmocka_unit_test(any_cut_or_longer_file_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
