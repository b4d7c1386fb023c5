/* Random numbers that a seed repeats, and the hash: known values, distributions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/macros.h"
#include "base/prng.h"

#define DRAWS 200000

/* The authors' xoshiro256starstar.c and splitmix64.c, seed 1234567 and state {1, 2, 3, 4}. */
static void numbers_are_the_published_ones(void **state) {
    (void)state;
    static const uint64_t seeded[4] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                       4593380528125082431u};
    static const uint64_t drawn[4] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    struct prng prng;
    prng_seed(&prng, 1234567);
    assert_memory_equal(prng.s, seeded, sizeof seeded);
    prng = (struct prng){{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT_OF(drawn); i++)
        assert_true(prng_next(&prng) == drawn[i]);
}

static void a_seed_repeats(void **state) {
    (void)state;
    struct prng a, b, c;
    int equal = 0;
    prng_seed(&a, 42);
    prng_seed(&b, 42);
    prng_seed(&c, 43);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = prng_next(&a);
        assert_true(x == prng_next(&b));
        equal += x == prng_next(&c);
    }
    assert_int_equal(equal, 0);
    prng_seed(&a, 0);
    assert_true((a.s[0] | a.s[1] | a.s[2] | a.s[3]) != 0);
    prng_seed(&b, 0);
    assert_true(prng_normal(&a, 10, 3) == prng_normal(&b, 10, 3));
    assert_true(prng_exponential(&a, 5) == prng_exponential(&b, 5));
}

static void fractions_are_even(void **state) {
    (void)state;
    struct prng prng;
    int tenths[10] = {0};
    prng_seed(&prng, 7);
    for (int i = 0; i < DRAWS; i++) {
        double v = prng_double(&prng);
        assert_true(v >= 0 && v < 1);
        tenths[(int)(v * 10)]++;
    }
    for (int i = 0; i < 10; i++) /* 134 is one standard deviation */
        assert_in_range(tenths[i], DRAWS / 10 - 700, DRAWS / 10 + 700);
}

static void exponentials_have_their_mean(void **state) {
    (void)state;
    struct prng prng;
    double sum = 0;
    int above = 0;
    prng_seed(&prng, 7);
    for (int i = 0; i < DRAWS; i++) {
        double v = prng_exponential(&prng, 20);
        assert_true(v >= 0 && isfinite(v));
        sum += v;
        above += v > 20;
    }
    assert_true(fabs(sum / DRAWS - 20) < 0.25);
    assert_true(fabs((double)above / DRAWS - exp(-1)) < 0.006);
    assert_true(prng_exponential(&prng, 0) == 0);
}

static void normals_have_their_shape(void **state) {
    (void)state;
    struct prng prng;
    double sum = 0;
    double squares = 0;
    int within = 0;
    prng_seed(&prng, 7);
    for (int i = 0; i < DRAWS; i++) {
        double v = prng_normal(&prng, 100, 15);
        assert_true(isfinite(v));
        sum += v;
        squares += (v - 100) * (v - 100);
        within += fabs(v - 100) < 15;
    }
    assert_true(fabs(sum / DRAWS - 100) < 0.2);
    assert_true(fabs(sqrt(squares / DRAWS) - 15) < 0.15);
    assert_true(fabs((double)within / DRAWS - 0.6827) < 0.006);
}

static void hashes_tell_apart(void **state) {
    (void)state;
    static const char text[] = "partner/auction";
    uint64_t h = hash_bytes(STR("partner/auction"), 1);
    assert_true(h ==
                hash_bytes((struct str){text, sizeof text - 1}, 1)); /* bytes count, not where they lie */
    assert_true(h != hash_bytes(STR("partner/auction"), 2));
    assert_true(h != hash_bytes(STR("partner/auctioN"), 1));
    assert_true(h != hash_bytes(STR("partner/auction\0"), 1));
    assert_true(hash_bytes(STR(""), 1) != hash_bytes(STR(""), 2));
    assert_true(hash_bytes((struct str){NULL, 0}, 1) == hash_bytes(STR(""), 1));
    /* One changed bit changes about half of the bits. */
    int changed = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t flipped = i ^ 1;
        struct str a = {(const char *)&i, sizeof i};
        struct str b = {(const char *)&flipped, sizeof flipped};
        changed += __builtin_popcountll(hash_bytes(a, 0) ^ hash_bytes(b, 0));
    }
    assert_in_range(changed, 30000, 34000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_published_ones),
        cmocka_unit_test(a_seed_repeats),
        cmocka_unit_test(fractions_are_even),
        cmocka_unit_test(exponentials_have_their_mean),
        cmocka_unit_test(normals_have_their_shape),
        cmocka_unit_test(hashes_tell_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
