/* Mapping a table and looking things up in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "table_fixture.h"

static void every_value_and_ad_is_found(void **state) {
    (void)state;
    struct table_image image = table_image_full();
    struct table table;
    table_image_map_good(&image, &table);
    assert_int_equal(table.ad_count, 300);
    for (uint32_t i = 0; i < table.value_count; i++) {
        table_prefetch(&table, table.values[i].hash);
        assert_int_equal(table_find(&table, table.values[i].hash), i);
        assert_int_equal(target_hash(table.values[i].target, table_text(&table, table.names[i])),
                         table.values[i].hash);
    }
    for (uint32_t i = 0; i < table.ad_count; i++)
        assert_int_equal(table_find_ad(&table, table_text(&table, table.ads[i].id)), i);
    assert_int_equal(table_find(&table, target_hash(TARGET_COUNTRY, STR("FRA"))), TABLE_NONE);
    assert_int_equal(table_find_ad(&table, STR("a300")), TABLE_NONE);
    assert_int_equal(table_find_ad(&table, STR("")), TABLE_NONE);
    table_unmap(&table);
    table_unmap(&table);
    table_image_free(&image);
}

static void an_empty_table_is_a_table(void **state) {
    (void)state;
    struct table_image image = table_image_build("\n\n");
    struct table table;
    table_image_map_good(&image, &table);
    assert_int_equal(table.ad_count, 0);
    assert_int_equal(table.header->block_count, 0);
    assert_int_equal(table_find(&table, 1), TABLE_NONE);
    assert_int_equal(table_find_ad(&table, STR("a")), TABLE_NONE);
    table_unmap(&table);
    table_image_free(&image);
}

static void sections_are_ordered_by_heat(void **state) {
    (void)state;
    struct table_image image = table_image_full();
    struct table table;
    uint64_t hot = 0;
    table_image_map_good(&image, &table);
    for (int i = TABLE_BLOCKS; i <= TABLE_WEIGHTS; i++)
        hot += table.header->sections[i].bytes;
    assert_int_equal(table_hot_bytes(&table), hot);
    assert_string_equal(table_section_name(TABLE_BLOCKS), "blocks");
    assert_string_equal(table_section_name(TABLE_MARKUP), "markup");
    table_unmap(&table);
    table_image_free(&image);
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    char error[TABLE_ERROR_BYTES];
    struct table table;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(table_map(&table, ends[0], error, sizeof error), -1);
    assert_string_equal(error, "not a file");
    assert_int_equal(table_map(&table, -1, error, sizeof error), -1);
    assert_null(table.mapping);
    close(ends[0]);
    close(ends[1]);
    assert_string_equal(target_name(TARGET_SIZE), "size");
    assert_string_equal(target_name(TARGET_CITY), "city");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_and_ad_is_found),
        cmocka_unit_test(an_empty_table_is_a_table),
        cmocka_unit_test(sections_are_ordered_by_heat),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
