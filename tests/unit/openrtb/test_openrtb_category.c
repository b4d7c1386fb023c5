/* Which category lies below which. */
#include "openrtb_fixture.h"

static void taxonomy_1_knows_what_lies_below(void **state) {
    (void)state;
    assert_true(openrtb_category_covers(1, STR("IAB1"), STR("IAB1")));
    assert_true(openrtb_category_covers(1, STR("IAB1"), STR("IAB1-3")));
    assert_true(openrtb_category_covers(1, STR("IAB25"), STR("IAB25-WS1")));
    assert_false(openrtb_category_covers(1, STR("IAB1"), STR("IAB10")));
    assert_false(openrtb_category_covers(1, STR("IAB1"), STR("IAB10-1")));
    assert_false(openrtb_category_covers(1, STR("IAB1-3"), STR("IAB1")));
    assert_false(openrtb_category_covers(1, STR("IAB1-1"), STR("IAB1-10")));
    assert_false(openrtb_category_covers(1, STR(""), STR("-1")));
}

static void others_are_compared_as_they_are(void **state) {
    (void)state;
    assert_true(openrtb_category_covers(6, STR("150"), STR("150")));
    assert_false(openrtb_category_covers(6, STR("150"), STR("151")));
    assert_false(openrtb_category_covers(2, STR("IAB1"), STR("IAB1-3")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taxonomy_1_knows_what_lies_below),
        cmocka_unit_test(others_are_compared_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
