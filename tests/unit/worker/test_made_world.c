/* Made-up ads, requests and weights: the same again, accepted by their readers, skewed as they should be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../scratch_file.h"
#include "base/arena.h"
#include "builder/ad.h"
#include "builder/weights.h"
#include "generate/made_ad.h"
#include "generate/made_request.h"
#include "generate/made_weights.h"
#include "openrtb/openrtb_request.h"

enum { ADS = 20000, REQUESTS = 3000 };

static struct str ad_line(const struct world *world, uint64_t number, struct buf *line) {
    buf_clear(line, SIZE_MAX);
    made_ad(world, number, line);
    assert_false(line->failed);
    assert_int_equal(line->p[line->n - 1], '\n');
    return (struct str){line->p, line->n - 1};
}

static void the_same_seed_makes_the_same(void **state) {
    (void)state;
    struct world world, again, other;
    struct buf a, b, c;
    buf_init(&a, 1u << 16);
    buf_init(&b, 1u << 16);
    buf_init(&c, 1u << 16);
    world_init(&world, 7, ADS);
    world_init(&again, 7, ADS);
    world_init(&other, 8, ADS);
    size_t differ = 0;
    for (uint64_t i = 0; i < 300; i++) { /* in any order, too */
        struct str first = ad_line(&world, i, &a);
        assert_true(str_eq(first, ad_line(&again, i, &b)));
        differ += !str_eq(first, ad_line(&other, i, &c));
        ad_line(&world, 299 - i, &c);
        buf_clear(&a, SIZE_MAX);
        buf_clear(&b, SIZE_MAX);
        made_request(&world, i, &a);
        made_request(&again, i, &b);
        assert_true(str_eq(buf_view(&a), buf_view(&b)));
    }
    assert_true(differ > 290);
    buf_cleanup(&a);
    buf_cleanup(&b);
    buf_cleanup(&c);
}

struct shares {
    size_t banner, by_click, country, device, category, inventory, segment, markup_bytes;
    double click_worth, view_price; /* sums of logarithms */
    double budget[ADS / 25 + 2];    /* by campaign: 0: not seen, -1: none */
    uint32_t frequency[ADS / 25 + 2];
    uint32_t of_campaign[ADS / 25 + 2];
};

static void count(struct shares *s, const struct ad *ad) {
    uint32_t campaign = (uint32_t)strtoul(ad->campaign.p + 1, NULL, 10);
    assert_in_range(campaign, 1, ADS / 25 + 1);
    s->of_campaign[campaign]++;
    double budget = ad->daily_budget > 0 ? ad->daily_budget : -1;
    if (s->of_campaign[campaign] == 1) {
        s->budget[campaign] = budget;
        s->frequency[campaign] = ad->frequency;
    }
    assert_true(s->budget[campaign] == budget && s->frequency[campaign] == ad->frequency);
    s->banner += ad->media == TABLE_BANNER;
    s->by_click += ad->by_click;
    s->country += ad->lists[TABLE_LIST_IN + TARGET_COUNTRY].count > 0;
    s->device += ad->lists[TABLE_LIST_IN + TARGET_DEVICE_TYPE].count > 0;
    s->category += ad->lists[TABLE_LIST_IN + TARGET_CATEGORY].count > 0;
    s->inventory += ad->lists[TABLE_LIST_IN + TARGET_INVENTORY].count > 0;
    s->segment += ad->lists[TABLE_LIST_IN + TARGET_SEGMENT].count > 0;
    s->markup_bytes += ad->adm.n;
    if (ad->by_click)
        s->click_worth += log(ad->price * 0.002 * 1000);
    else
        s->view_price += log(ad->price);
}

#define ASSERT_SHARE(n, least, most)                                                                         \
    do {                                                                                                     \
        double share_ = (double)(n) / ADS;                                                                   \
        if (share_ < (least) || share_ > (most))                                                             \
            fail_msg("%s is %.3f of all", #n, share_);                                                       \
    } while (0)

static int by_value(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void ads_are_what_the_builder_reads(void **state) {
    (void)state;
    static struct shares s;
    static uint64_t markups[ADS];
    char error[AD_ERROR_BYTES];
    struct ad_reader *reader = ad_reader_create();
    struct ad ad;
    struct world world;
    struct buf line;
    assert_non_null(reader);
    buf_init(&line, 1u << 16);
    world_init(&world, 1, ADS);
    for (uint64_t i = 0; i < ADS; i++) {
        if (ad_read(reader, ad_line(&world, i, &line), &ad, error, sizeof error) != 0)
            fail_msg("ad %u: %s", (unsigned)i, error);
        markups[i] = hash_bytes(ad.adm, 0);
        count(&s, &ad);
    }
    ASSERT_SHARE(s.banner, 0.77, 0.83);
    ASSERT_SHARE(s.by_click, 0.74, 0.86);
    ASSERT_SHARE(s.country, 0.9, 0.99);
    ASSERT_SHARE(s.device, 0.7, 0.85);
    ASSERT_SHARE(s.category, 0.4, 0.6);
    ASSERT_SHARE(s.inventory, 0.15, 0.35);
    ASSERT_SHARE(s.segment, 0.25, 0.4);
    assert_true(s.markup_bytes / ADS >= 300 && s.markup_bytes / ADS <= 420);
    /* A click's price times 0.2 % and a view's are alike. */
    assert_true(fabs(s.click_worth / (double)s.by_click - s.view_price / (double)(ADS - s.by_click)) < 0.3);
    /* Campaigns follow Zipf: the first has about 1 / sum(k^-0.8) = 6.6 % of the ads and twice the third's. */
    ASSERT_SHARE(s.of_campaign[1], 0.06, 0.075);
    assert_true(s.of_campaign[1] > 1.8 * s.of_campaign[3] && s.of_campaign[1] < 3.2 * s.of_campaign[3]);
    qsort(markups, ADS, sizeof markups[0], by_value);
    size_t shared = 0;
    for (size_t i = 0; i < ADS; i++)
        shared += (i > 0 && markups[i] == markups[i - 1]) || (i + 1 < ADS && markups[i] == markups[i + 1]);
    ASSERT_SHARE(shared, 0.28, 0.42);
    buf_cleanup(&line);
    ad_reader_destroy(reader);
}

static void requests_are_valid(void **state) {
    (void)state;
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_parse_limits limits;
    struct openrtb_request request;
    struct openrtb_error error;
    struct world world;
    struct buf line;
    size_t phones = 0, china = 0;
    arena_pool_init(&pool, 16);
    arena_init(&arena, &pool, 1u << 20);
    openrtb_parse_limits_default(&limits);
    buf_init(&line, 1u << 16);
    world_init(&world, 1, ADS);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        buf_clear(&line, SIZE_MAX);
        made_request(&world, i, &line);
        assert_false(line.failed);
        if (openrtb_request_parse(buf_view(&line), &limits, &arena, &request, &error) != 0)
            fail_msg("request %u: %s %s", (unsigned)i, error.path, error.reason);
        phones += request.device_type == 4;
        china += str_eq(request.geo_country, STR("CHN"));
        arena_reset(&arena);
    }
    assert_in_range(phones, REQUESTS * 54 / 100, REQUESTS * 62 / 100);
    assert_in_range(china, REQUESTS * 19 / 100, REQUESTS * 26 / 100);
    buf_cleanup(&line);
    arena_reset(&arena);
    arena_pool_cleanup(&pool);
}

static void weights_are_read_by_the_builder(void **state) {
    (void)state;
    struct scratch_file file;
    struct world world;
    char error[300];
    world_init(&world, 1, ADS);
    scratch_file_write(&file, "", 0);
    FILE *out = fopen(file.path, "w");
    assert_non_null(out);
    made_weights(&world, out);
    assert_int_equal(fclose(out), 0);
    struct weights *weights = weights_load(file.path, 18, 16, error, sizeof error);
    if (!weights)
        fail_msg("%s", error);
    weights_destroy(weights);
    scratch_file_remove(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_makes_the_same),
        cmocka_unit_test(ads_are_what_the_builder_reads),
        cmocka_unit_test(requests_are_valid),
        cmocka_unit_test(weights_are_read_by_the_builder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
