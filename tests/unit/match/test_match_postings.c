/* Many rare values in one request: each ad that names one of them is found once, however often it is met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/prng.h"
#include "bench/match_table.h"
#include "match/match.h"

#define ADS      100000u /* a group of eight blocks and more */
#define KEYWORDS 2000u   /* rare: 6 * ADS / KEYWORDS ads each */
#define OF_AN_AD 6

static uint64_t keywords[KEYWORDS];
static uint16_t named[ADS][OF_AN_AD];

static void make_table(struct table *table) {
    static const uint32_t number = 0;
    struct table_index *index = table_index_create();
    const struct match_table_parts parts = {.campaign_count = 1};
    uint64_t size = target_hash(TARGET_SIZE, STR("1x1")), values[OF_AN_AD];
    char error[TABLE_ERROR_BYTES];
    struct prng prng;
    prng_seed(&prng, 1);
    assert_non_null(index);
    for (uint32_t i = 0; i < ADS; i++) {
        struct table_index_ad ad = {.size_numbers = &number};
        ad.record = (struct table_record){
            .price = ADS - i, .ends = UINT32_MAX, .media = TABLE_BANNER, .flags = TABLE_SECURE};
        for (int j = 0; j < OF_AN_AD; j++) {
            named[i][j] = (uint16_t)(prng_next(&prng) % KEYWORDS);
            values[j] = keywords[named[i][j]];
        }
        ad.values[TARGET_SIZE] = &size;
        ad.value_counts[TARGET_SIZE] = 1;
        ad.values[TARGET_KEYWORD] = values;
        ad.value_counts[TARGET_KEYWORD] = OF_AN_AD;
        assert_int_equal(table_index_add(index, &ad), 0);
    }
    if (match_table_map(index, &parts, table, error, sizeof error) != 0)
        fail_msg("%s", error);
}

static uint32_t count_wanted(uint32_t first, uint32_t count) {
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < ADS; i++) {
        int names = 0;
        for (int j = 0; j < OF_AN_AD; j++)
            names |= named[i][j] >= first && named[i][j] < first + count;
        wanted += (uint32_t)names;
    }
    return wanted;
}

static void each_ad_once(void **state) {
    (void)state;
    static struct match_hit hits[ADS];
    uint64_t size = target_hash(TARGET_SIZE, STR("1x1"));
    struct match_request request = {.utc_offset = MATCH_NO_OFFSET, .connection = 255};
    struct match_imp imp = {.sizes = {&size, 1}, .position = 255};
    struct table table;
    for (uint32_t i = 0; i < KEYWORDS; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "k%u", i);
        keywords[i] = target_hash(TARGET_KEYWORD, (struct str){text, (size_t)n});
    }
    make_table(&table);
    struct matcher *matcher = matcher_create(&table);
    assert_non_null(matcher);
    for (uint32_t count = 1; count <= MATCH_MOST_VALUES; count *= 2) {
        request.values[TARGET_KEYWORD] = (struct match_hashes){keywords + 7, count};
        match_begin(matcher, &request);
        uint32_t found = match_all(matcher, &imp, hits, ADS);
        assert_int_equal(found, count_wanted(7, count));
        for (uint32_t i = 1; i < found; i++)
            assert_true(hits[i].record > hits[i - 1].record);
    }
    matcher_destroy(matcher);
    table_unmap(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_ad_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
