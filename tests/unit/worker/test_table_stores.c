/* What the builder keeps while it reads: texts, creatives, items by key, bytes on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "builder/creatives.h"
#include "builder/region.h"
#include "builder/texts.h"
#include "builder/uniques.h"

static void a_region_grows_in_place_up_to_its_cap(void **state) {
    (void)state;
    struct region region;
    assert_int_equal(region_init(&region, 3u << 20), 0);
    char *p = region.p;
    static char block[1u << 20];
    for (int i = 0; i < 3; i++)
        assert_int_equal(region_add(&region, block, sizeof block), 0);
    assert_int_equal(region_add(&region, block, 1), -1);
    assert_ptr_equal(region.p, p);
    assert_int_equal(region.n, 3u << 20);
    region_cleanup(&region);
    region_cleanup(&region);
}

static void equal_texts_stand_once(void **state) {
    (void)state;
    struct texts texts;
    struct table_text first[20000], again, none;
    char text[32];
    assert_int_equal(texts_init(&texts), 0);
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(text, sizeof text, "t%d", i);
        assert_int_equal(texts_add(&texts, (struct str){text, (size_t)n}, &first[i]), 0);
    }
    size_t bytes = texts.bytes.n;
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(text, sizeof text, "t%d", i);
        assert_int_equal(texts_add(&texts, (struct str){text, (size_t)n}, &again), 0);
        assert_int_equal(again.at, first[i].at);
        assert_true(str_eq(texts_view(&texts, again), (struct str){text, (size_t)n}));
    }
    assert_int_equal(texts.bytes.n, bytes);
    assert_int_equal(texts_add(&texts, STR(""), &none), 0);
    assert_int_equal(none.n, 0);
    texts_freeze(&texts);
    texts_cleanup(&texts);
    texts_cleanup(&texts);
}

static void bytes_come_back_from_buffer_and_disk(void **state) {
    (void)state;
    struct spool spool;
    size_t n = 3 * SPOOL_BUFFER_BYTES + 5;
    char *bytes = malloc(n), *back = malloc(n);
    struct prng prng;
    assert_true(bytes && back);
    prng_seed(&prng, 3);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)prng_next(&prng);
    assert_int_equal(spool_init(&spool, "."), 0);
    for (size_t at = 0; at < n;) {
        size_t part = prng_next(&prng) % 70000;
        part = part < n - at ? part : n - at;
        assert_int_equal(spool_add(&spool, bytes + at, part), 0);
        at += part;
    }
    assert_int_equal(spool.n, n);
    for (int i = 0; i < 2000; i++) {
        size_t at = prng_next(&prng) % n, part = prng_next(&prng) % (n - at + 1);
        part = i % 2 ? part : part % 300;
        assert_int_equal(spool_read(&spool, at, back, part), 0);
        assert_memory_equal(back, bytes + at, part);
    }
    assert_int_equal(spool_read(&spool, 0, back, n), 0);
    assert_memory_equal(back, bytes, n);
    free(bytes);
    free(back);
    spool_cleanup(&spool);
    spool_cleanup(&spool);
    assert_int_equal(spool_init(&spool, "/nowhere"), -1);
}

static void equal_creatives_stand_once(void **state) {
    (void)state;
    struct creatives creatives;
    uint64_t at[9000], again = 0;
    char text[400];
    assert_int_equal(creatives_init(&creatives, "."), 0);
    for (int i = 0; i < 9000; i++) {
        int n = snprintf(text, sizeof text, "<p>%0*d</p>", i % 300 + 1, i);
        assert_int_equal(creatives_add(&creatives, (struct str){text, (size_t)n}, &at[i]), 0);
    }
    uint64_t bytes = creatives.spool.n;
    for (int i = 0; i < 9000; i++) {
        int n = snprintf(text, sizeof text, "<p>%0*d</p>", i % 300 + 1, i);
        assert_int_equal(creatives_add(&creatives, (struct str){text, (size_t)n}, &again), 0);
        assert_true(again == at[i]);
    }
    assert_true(creatives.spool.n == bytes);
    creatives_freeze(&creatives);
    creatives_cleanup(&creatives);
    creatives_cleanup(&creatives);
}

static void items_are_numbered_as_they_came(void **state) {
    (void)state;
    struct item {
        uint64_t key;
        uint32_t value, zero;
    };
    struct uniques uniques;
    uint32_t number = 0;
    assert_int_equal(uniques_init(&uniques, sizeof(struct item), sizeof(uint64_t), 1000), 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct item item = {i * UINT64_C(7919), i, 0};
        assert_int_equal(uniques_add(&uniques, &item, &number), 0);
        assert_int_equal(number, i);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        struct item item = {i * UINT64_C(7919), 5, 0};
        assert_int_equal(uniques_add(&uniques, &item, &number), 0);
        assert_int_equal(number, i);
        const struct item *found = uniques_find(&uniques, &item);
        assert_non_null(found);
        assert_int_equal(found->value, i);
    }
    struct item more = {3, 0, 0};
    assert_null(uniques_find(&uniques, &more));
    assert_int_equal(uniques_add(&uniques, &more, &number), -1);
    uniques_cleanup(&uniques);
    uniques_cleanup(&uniques);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_grows_in_place_up_to_its_cap), cmocka_unit_test(equal_texts_stand_once),
        cmocka_unit_test(bytes_come_back_from_buffer_and_disk),  cmocka_unit_test(equal_creatives_stand_once),
        cmocka_unit_test(items_are_numbered_as_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
