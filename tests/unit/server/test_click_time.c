/* Times of events: what is read, what is refused, and what a wrong clock makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "clickstream/click_time.h"

#define S INT64_C(1000000)

static void times_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.5Z", -S / 2},
        {"2000-02-29T12:00Z", 951825600 * S},
        {"2026-11-25T10:30:00.123Z", 1795602600 * S + 123000},
        {"2026-11-25T10:30:00.123456789Z", 1795602600 * S + 123456},
        {"2026-11-25T10:30:00,5", 1795602600 * S + 500000},
        {"2026-11-25 10:30:00+00:00", 1795602600 * S},
        {"2026-11-25t12:30:00+0200", 1795602600 * S},
        {"2026-11-25T05:00:00-05:30", 1795602600 * S},
        {"2026-11-25T12:30:00+02", 1795602600 * S},
        {"2100-01-01T00:00:00.000Z", 4102444800 * S},
        {"9999-12-31T23:59:60Z", 253402300800 * S},
        {"0000-01-01", -62167219200 * S},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t us = 7;
        if (!click_time_parse(str_from(cases[i].text), &us) || us != cases[i].us)
            fail_msg("%s is %lld", cases[i].text, (long long)us);
    }
}

static void others_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "2026",
        "2026-11",
        "2026-1-25",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2100-02-29",
        "2026-11-31",
        "2026-11-00",
        "2026-11-25T",
        "2026-11-25T10",
        "2026-11-25T24:00Z",
        "2026-11-25T10:60Z",
        "2026-11-25T10:30:61Z",
        "2026-11-25T10:30:00.Z",
        "2026-11-25T10:30:00Zz",
        "2026-11-25T10:30:00+24:00",
        "2026-11-25T10:30:00+02:",
        "2026-11-25T10:30:00+02:0",
        "2026-11-25T10:30:00+2",
        "2026-11-25X10:30:00Z",
        "-026-11-25",
        "1764066600000",
        "20261125T103000Z",
        "yesterday",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        int64_t us;
        if (click_time_parse(str_from(texts[i]), &us))
            fail_msg("%s was read", texts[i]);
    }
}

/* Every prefix of a good one is read without looking behind its end, and is good or not. */
static void no_byte_behind_the_end_is_read(void **state) {
    (void)state;
    static const char text[] = "2026-11-25T10:30:00.123+02:00";
    unsigned good = 0;
    for (size_t n = 0; n < sizeof text; n++) {
        char exact[sizeof text];
        memset(exact, '9', sizeof exact);
        memcpy(exact, text, n);
        int64_t us;
        good += click_time_parse((struct str){exact, n}, &us);
    }
    /* The date, to the minute, to the second, three fractions, and the zone's hours and minutes. */
    assert_int_equal(good, 8);
}

static void a_wrong_clock_is_cancelled(void **state) {
    (void)state;
    const int64_t now = 1795602600 * S, none = CLICK_TIME_NONE;
    /* Sent 10 s after it happened: so by our clock 10 s ago, whatever the sender's says. */
    assert_true(click_time_correct(now, now, now - 10 * S) == now - 10 * S);
    assert_true(click_time_correct(now, 10 * S, 0) == now - 10 * S);
    assert_true(click_time_correct(now, 4102444810 * S, 4102444800 * S) == now - 10 * S);
    /* Without sentAt it is believed, but not into the future. */
    assert_true(click_time_correct(now, none, now - 5) == now - 5);
    assert_true(click_time_correct(now, none, 4102444800 * S) == now);
    assert_true(click_time_correct(now, none, none) == now);
    assert_true(click_time_correct(now, now, none) == now);
    /* Sent before it happened. */
    assert_true(click_time_correct(now, 0, 10 * S) == now);
    /* The widest that can be written. */
    assert_true(click_time_correct(now, 253402300800 * S, -62167219200 * S) ==
                now - (253402300800 + 62167219200) * S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(no_byte_behind_the_end_is_read),
        cmocka_unit_test(a_wrong_clock_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
