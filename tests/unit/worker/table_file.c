/* Ads made up, written as lines, built; see table_file.h. */
#include "table_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "builder/table_build.h"

const char *const table_file_countries[TABLE_FILE_COUNTRIES] = {"USA", "DEU", "FRA", "ITA"};
const char *const table_file_sizes[TABLE_FILE_SIZES] = {"300x250", "728x90", "320x50"};

/* Ads of a campaign agree about it; some campaigns have limits. */
static void write_limits(FILE *file, uint32_t campaign) {
    if (campaign % 30 == 0)
        fprintf(file, ",\"daily_budget\":%s", campaign % 60 ? "5e9" : "0.000001");
    else if (campaign % 3 == 0)
        fprintf(file, ",\"daily_budget\":%u.%06u", campaign, 123457 * (campaign % 7 + 1));
    if (campaign % 2 == 0)
        fprintf(file, ",\"frequency_cap\":{\"views\":%u,\"hours\":%u}", 1 + campaign % 5, 1 + campaign % 48);
}

static void write_ad(FILE *file, struct prng *prng, uint32_t number) {
    fprintf(file, "{\"id\":\"ad-%u\",\"campaign\":\"c%u\",\"adomain\":\"shop%u.example\",", number,
            number / 20, number % 100);
    fprintf(file, "\"crid\":\"cr%u\",\"media\":\"banner\",\"sizes\":[\"%s\"],", number,
            table_file_sizes[prng_next(prng) % TABLE_FILE_SIZES]);
    fprintf(file, "\"adm\":\"%0*u\",\"bid\":\"%s\",\"price\":%.4f", 20 + (int)(prng_next(prng) % 300), number,
            prng_next(prng) % 2 ? "cpm" : "cpc", 0.01 + prng_exponential(prng, 1));
    if (prng_next(prng) % 4)
        fprintf(file, ",\"targeting\":{\"countries\":[\"%s\"]}",
                table_file_countries[prng_next(prng) % TABLE_FILE_COUNTRIES]);
    write_limits(file, number / 20);
    fputs("}\n", file);
}

int table_file(uint32_t ads, uint64_t seed) {
    char input[] = "/tmp/slimbid-ads-XXXXXX", output[] = "/tmp/slimbid-table-XXXXXX", error[512];
    struct prng prng;
    struct table_build_result result;
    prng_seed(&prng, seed);
    FILE *file = fdopen(mkstemp(input), "w");
    assert_non_null(file);
    for (uint32_t i = 0; i < ads; i++)
        write_ad(file, &prng, i);
    assert_int_equal(fclose(file), 0);
    close(mkstemp(output));
    const struct table_build_options options = {.input = input,
                                                .output = output,
                                                .currency = "USD",
                                                .weight_bits = 10,
                                                .cross_bits = 10,
                                                .strict = true,
                                                .quiet = true};
    if (table_build(&options, &result, error, sizeof error) != 0)
        fail_msg("%s", error);
    int fd = open(output, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    unlink(input);
    unlink(output);
    return fd;
}
