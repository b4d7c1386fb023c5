/* Offsets of zones: the machine's database against libc, files made here, and rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/prng.h"
#include "match/match_tz_rule.h"
#include "match/match_zone.h"

#define DAY 86400

static const char *const zones[] = {"Europe/Berlin",    "America/New_York",    "America/Sao_Paulo",
                                    "Asia/Kolkata",     "Australia/Lord_Howe", "Asia/Kathmandu",
                                    "Pacific/Apia",     "Africa/Casablanca",   "Etc/GMT+11",
                                    "America/St_Johns", "Europe/Dublin",       "UTC"};

static int32_t libc_offset(const char *zone, int64_t now) {
    time_t t = now;
    struct tm tm;
    setenv("TZ", zone, 1);
    tzset();
    localtime_r(&t, &tm);
    return (int32_t)tm.tm_gmtoff;
}

/* From 1970 to 2100: transitions listed in the files, and those that their rules tell. */
static void zones_are_as_libc_has_them(void **state) {
    struct prng prng;
    (void)state;
    prng_seed(&prng, 1);
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        for (int j = 0; j < 150; j++) {
            struct match_zone zone = {0};
            int64_t now = (int64_t)(prng_double(&prng) * 130 * 365.25 * DAY);
            int32_t offset = match_zone_offset(&zone, MATCH_ZONE_DIRECTORY, str_from(zones[i]), now);
            assert_int_equal(offset, libc_offset(zones[i], now));
            assert_true(zone.from <= now && now < zone.until && zone.until - zone.from <= 2 * DAY);
            assert_int_equal(libc_offset(zones[i], zone.until - 1), offset);
            assert_int_equal(libc_offset(zones[i], zone.from), offset);
        }
    }
}

/* Second by second around the two changes of 2024, asked in order and back. */
static void what_is_known_ends_with_a_transition(void **state) {
    static const int64_t changes[] = {1711846800, 1729990800};
    struct match_zone zone = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        for (int64_t now = changes[i] - 3; now < changes[i] + 3; now++)
            assert_int_equal(match_zone_offset(&zone, MATCH_ZONE_DIRECTORY, STR("Europe/Berlin"), now),
                             libc_offset("Europe/Berlin", now));
        for (int64_t now = changes[i] + 3; now > changes[i] - 3; now--)
            assert_int_equal(match_zone_offset(&zone, MATCH_ZONE_DIRECTORY, STR("Europe/Berlin"), now),
                             libc_offset("Europe/Berlin", now));
    }
}

static void unknown_zones_are_utc(void **state) {
    static const char *const unknown[] = {
        "",       "Nowhere/At_All", "/etc/passwd",     "../../../etc/passwd",
        "Europe", "tzdata.zi",      "Europe/Berlin\n", "zone.tab"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        struct match_zone zone = {0};
        assert_int_equal(match_zone_offset(&zone, MATCH_ZONE_DIRECTORY, str_from(unknown[i]), 1700000000), 0);
        assert_true(zone.until > 1700000000);
    }
    struct match_zone zone = {0};
    assert_int_equal(match_zone_offset(&zone, "/nowhere", STR("Europe/Berlin"), 1700000000), 0);
}

/* A file cut anywhere, and one with any byte changed, gives some offset and no harm. */
static void damaged_files_do_no_harm(void **state) {
    char directory[] = "/tmp/zonesXXXXXX", path[64];
    unsigned char bytes[8192];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/Zone", directory);
    FILE *file = fopen(MATCH_ZONE_DIRECTORY "/Europe/Berlin", "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t i = 0; i < 2 * n; i += i % n < 100 ? 1 : 7) {
        struct match_zone zone = {0};
        file = fopen(path, "wb");
        assert_non_null(file);
        bytes[i % n] ^= (unsigned char)(i < n ? 0 : 0xff);
        fwrite(bytes, 1, i < n ? i : n, file);
        bytes[i % n] ^= (unsigned char)(i < n ? 0 : 0xff);
        fclose(file);
        int32_t offset = match_zone_offset(&zone, directory, STR("Zone"), 1700000000);
        assert_true(offset > -2 * DAY && offset < 2 * DAY);
    }
    unlink(path);
    rmdir(directory);
}

static void rules_are_as_libc_has_them(void **state) {
    static const char *const rules[] = {"CET-1CEST,M3.5.0,M10.5.0/3",
                                        "EST5EDT,M3.2.0,M11.1.0",
                                        "<-03>3",
                                        "IST-5:30",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                        "NZST-12NZDT,M9.5.0,M4.1.0/3",
                                        "AAA3BBB,J60/0,J300/2:30:15",
                                        "AAA-3BBB,59/1,299/23",
                                        "IST-1GMT0,M10.5.0,M3.5.0/1",
                                        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"};
    struct prng prng;
    (void)state;
    prng_seed(&prng, 2);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        for (int j = 0; j < 200; j++) {
            struct match_zone zone;
            int64_t now = (int64_t)(prng_double(&prng) * 130 * 365.25 * DAY);
            assert_true(match_tz_rule(str_from(rules[i]), now, &zone));
            assert_int_equal(zone.offset, libc_offset(rules[i], now));
            assert_true(zone.from <= now && now < zone.until);
        }
    }
}

static void texts_that_are_no_rules_are_refused(void **state) {
    static const char *const wrong[] = {"",
                                        "A",
                                        "AB1",
                                        "ABC",
                                        "ABC200",
                                        "<AB",
                                        "ABC1DEF",
                                        "ABC1DEF,M3.5.0",
                                        "ABC1DEF,M13.1.0,M1.1.0",
                                        "ABC1DEF,M0.1.0,M1.1.0",
                                        "ABC1DEF,M1.6.0,M1.1.0",
                                        "ABC1DEF,M1.1.7,M1.1.0",
                                        "ABC1DEF,J0,J5",
                                        "ABC1DEF,366,5",
                                        "ABC1DEF,M3.5.0,M10.5.0/",
                                        "ABC1DEF,M3.5.0,M10.5.0x",
                                        "ABC1:60",
                                        "ABC1DEF,M3.5.0/168,M10.5.0",
                                        "ABC99999999999999999999"};
    struct match_zone zone;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(match_tz_rule(str_from(wrong[i]), 1700000000, &zone));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_are_as_libc_has_them), cmocka_unit_test(what_is_known_ends_with_a_transition),
        cmocka_unit_test(unknown_zones_are_utc),      cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(rules_are_as_libc_has_them), cmocka_unit_test(texts_that_are_no_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
