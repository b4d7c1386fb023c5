/* How slimbid-ledger writes amounts, days and ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ledger_print.h"

static void is(struct buf *out, const char *wanted) {
    buf_add_char(out, '\0');
    assert_false(out->failed);
    assert_string_equal(out->p, wanted);
    buf_clear(out, 4096);
}

static void amounts_are_exact(void **state) {
    static const struct {
        int64_t nanos;
        const char *text;
    } cases[] = {{0, "0"},
                 {1, "0.000000001"},
                 {-1, "-0.000000001"},
                 {1500000000, "1.5"},
                 {-2000000000, "-2"},
                 {1234567890123, "1234.567890123"},
                 {INT64_MAX, "9223372036.854775807"},
                 {INT64_MIN, "-9223372036.854775808"}};
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ledger_print_nanos(&out, cases[i].nanos);
        is(&out, cases[i].text);
    }
    buf_cleanup(&out);
}

static void days_are_dates(void **state) {
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    ledger_print_day(&out, 20000);
    is(&out, "2024-10-04");
    ledger_print_time(&out, INT64_C(20000) * 86400 + 3661);
    is(&out, "2024-10-04T01:01:01Z");
    ledger_print_time(&out, INT64_MAX); /* in no calendar */
    is(&out, "9223372036854775807");
    buf_cleanup(&out);
}

static void ids_are_text_whatever_they_hold(void **state) {
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    ledger_print_id(&out, STR("caf\xc3\xa9 \"1\""));
    is(&out, "\"caf\xc3\xa9 \\\"1\\\"\"");
    ledger_print_id(&out, STR("cut \xc3"));
    is(&out, "\"cut ?\"");
    ledger_print_id(&out, STR("\xff\xfe\n"));
    is(&out, "\"??\\n\"");
    ledger_print_id(&out, (struct str){NULL, 0});
    is(&out, "\"\"");
    buf_cleanup(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_exact),
        cmocka_unit_test(days_are_dates),
        cmocka_unit_test(ids_are_text_whatever_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
