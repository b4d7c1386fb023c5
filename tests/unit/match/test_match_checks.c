/* Each rule by itself: one ad, one request, and what about them makes the ad fit or not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "text_table.h"

#define TUESDAY_NOON 1700568000 /* 2023-11-21 12:00 UTC */

static struct text_ad ad;
static struct text_request request;
static struct match_hit hit;
static uint16_t rates[2];

static int reset(void **state) {
    (void)state;
    rates[0] = rates[1] = MATCH_RATE_FULL;
    ad = (struct text_ad){.in[TARGET_SIZE] = {{"300x250"}, 1},
                          .price = 0.002,
                          .secure = true,
                          .ends = UINT32_MAX,
                          .all_hours = true};
    request = (struct text_request){.sizes = {{"300x250"}, 1},
                                    .utc_offset = MATCH_NO_OFFSET,
                                    .now = TUESDAY_NOON,
                                    .connection = 255,
                                    .position = 255,
                                    .cattax = 1};
    return 0;
}

/* Whether the ad fits, by all three ways, which agree. */
static bool fits(void) {
    static struct text_hashed hashed;
    struct match_hit all, scanned;
    struct table table;
    assert_int_equal(text_table(&ad, 1, NULL, &table), 0);
    struct matcher *matcher = matcher_create(&table);
    assert_non_null(matcher);
    matcher_set_rates(matcher, rates, 2);
    text_hash_request(&hashed, &request);
    match_begin(matcher, &hashed.request);
    uint32_t found = match_top(matcher, &hashed.imp, 1, &hit);
    assert_int_equal(match_all(matcher, &hashed.imp, &all, 1), found);
    assert_int_equal(match_scan(matcher, &hashed.imp, 1, &scanned), found);
    if (found)
        assert_true(hit.score == all.score && hit.score == scanned.score && hit.deal == all.deal &&
                    hit.size == all.size);
    assert_int_equal(match_top(matcher, &hashed.imp, 0, &all), 0);
    matcher_destroy(matcher);
    table_unmap(&table);
    return found == 1;
}

static void the_first_size_it_has(void **state) {
    (void)state;
    assert_true(fits());
    assert_int_equal(hit.size, 0);
    request.sizes = (struct texts){{"728x90", "unknown", "300x250", "300x250"}, 4};
    assert_true(fits());
    assert_int_equal(hit.size, 2);
    request.sizes = (struct texts){{"728x90"}, 1};
    assert_false(fits());
    request.sizes.count = 0;
    assert_false(fits());
}

/* What a restriction needs: a value in common; nothing known of the request fails it. */
static void restrictions(void **state) {
    static const enum target targets[] = {TARGET_COUNTRY,   TARGET_REGION,   TARGET_DEVICE_TYPE,
                                          TARGET_OS,        TARGET_LANGUAGE, TARGET_CATEGORY,
                                          TARGET_INVENTORY, TARGET_KEYWORD,  TARGET_SEGMENT};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct texts *mine = &ad.in[targets[i]], *theirs = &request.is[targets[i]];
        reset(state);
        *mine = (struct texts){{"x", "y"}, 2};
        assert_false(fits());
        *theirs = (struct texts){{"z"}, 1};
        assert_false(fits());
        *theirs = (struct texts){{"z", "y"}, 2};
        assert_true(fits());
        mine->count = 0;
        assert_true(fits());
    }
}

static void exclusions(void **state) {
    static const enum target targets[] = {TARGET_CATEGORY, TARGET_INVENTORY, TARGET_SEGMENT};
    struct texts *const lists[] = {&ad.not_category, &ad.not_inventory, &ad.not_segment};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        reset(state);
        *lists[i] = (struct texts){{"x", "y"}, 2};
        assert_true(fits());
        request.is[targets[i]] = (struct texts){{"z"}, 1};
        assert_true(fits());
        request.is[targets[i]] = (struct texts){{"z", "y"}, 2};
        assert_false(fits());
    }
}

static void parents_of_categories_and_domains(void **state) {
    (void)state;
    ad.in[TARGET_CATEGORY] = (struct texts){{"1:IAB1"}, 1};
    request.is[TARGET_CATEGORY] = (struct texts){{"1:IAB1-3"}, 1};
    assert_true(fits());
    ad.in[TARGET_INVENTORY] = (struct texts){{"domain:b.com"}, 1};
    request.is[TARGET_INVENTORY] = (struct texts){{"domain:a.b.com"}, 1};
    assert_true(fits());
    request.is[TARGET_INVENTORY] = (struct texts){{"domain:ab.com"}, 1};
    assert_false(fits());
}

static void start_and_end(void **state) {
    (void)state;
    ad.starts = request.now;
    ad.ends = request.now + 1;
    assert_true(fits());
    request.now--;
    assert_false(fits());
    request.now += 2;
    assert_false(fits());
}

/* The ad runs on Tuesday from 12 to 13. */
static void hours(void **state) {
    (void)state;
    ad.all_hours = false;
    ad.hours[24 + 12] = true;
    assert_true(fits());
    request.now += 3600;
    assert_false(fits());
    request.utc_offset = -60;
    assert_true(fits());
    request.utc_offset = -720;
    assert_false(fits());
    request.utc_offset = MATCH_NO_OFFSET;
    ad.zone = "Asia/Kolkata"; /* 5:30 ahead */
    assert_false(fits());
    request.now = TUESDAY_NOON - 5 * 3600;
    assert_true(fits());
    request.utc_offset = 300; /* the user's own counts for more */
    assert_true(fits());
    request.utc_offset = 0;
    assert_false(fits());
}

static void secure(void **state) {
    (void)state;
    request.secure = true;
    assert_true(fits());
    ad.secure = false;
    assert_false(fits());
    request.secure = false;
    assert_true(fits());
    ad.secure_only = true;
    assert_false(fits());
}

static void positions_and_connections(void **state) {
    (void)state;
    ad.positions = 1u << 3 | 1u;
    assert_false(fits());
    request.position = 1;
    assert_false(fits());
    request.position = 3;
    assert_true(fits());
    ad.connections = 1u << 15;
    assert_false(fits());
    request.connection = 2;
    assert_false(fits());
    request.connection = 15;
    assert_true(fits());
    request.position = 0;
    assert_true(fits());
}

static void blocked_advertisers(void **state) {
    (void)state;
    request.badv = (struct texts){{"b.com"}, 1};
    assert_true(fits());
    ad.domain = "a.b.com";
    assert_false(fits());
    request.badv.items[0] = "x.a.b.com";
    assert_true(fits());
    request.badv.items[0] = "a.b.com";
    assert_false(fits());
    ad.domain = "ab.com";
    assert_true(fits());
}

static void blocked_categories(void **state) {
    (void)state;
    request.bcat = (struct texts){{"1:IAB1"}, 1};
    assert_true(fits());
    ad.own = (struct texts){{"1:IAB1-3"}, 1};
    ad.cattax = 1;
    assert_false(fits());
    request.bcat.items[0] = "1:IAB1-4";
    assert_true(fits());
    ad.own.items[0] = "2:10";
    ad.cattax = 2;
    assert_false(fits()); /* nobody can tell */
    request.bcat.count = 0;
    assert_true(fits());
    ad.own.count = 0;
    request.bcat.count = 1;
    assert_true(fits());
}

static void blocked_creatives_languages_and_attributes(void **state) {
    (void)state;
    request.bcrid = (struct texts){{"c2", "c1"}, 2};
    assert_true(fits());
    ad.crid = "c1";
    assert_false(fits());
    ad.crid = "c3";
    assert_true(fits());
    request.wlang = (struct texts){{"de", "en"}, 2};
    assert_true(fits());
    ad.language = "en";
    assert_true(fits());
    ad.language = "fr";
    assert_false(fits());
    request.wlang.count = 0;
    assert_true(fits());
    ad.attr = 1u << 13;
    request.battr = 1u << 12;
    assert_true(fits());
    request.battr |= 1u << 13;
    assert_false(fits());
}

/* Rate 0 is never and the full one always, whatever is drawn; one above what is drawn is the first that lets
 * it take part. */
static void rates_of_campaigns(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        request.salt = (uint64_t)i * UINT64_C(0x123456789abcdef1);
        ad.campaign = 1;
        uint16_t drawn = (uint16_t)(target_cross((uint32_t)reference_campaign(1), request.salt) >> 48);
        rates[1] = 0;
        assert_false(fits());
        rates[1] = drawn;
        assert_int_equal(fits(), drawn == MATCH_RATE_FULL);
        rates[1] = (uint16_t)(drawn + (drawn < MATCH_RATE_FULL));
        assert_true(fits());
        rates[1] = MATCH_RATE_FULL;
        assert_true(fits());
        rates[1] = 0;
        ad.campaign = 2; /* beyond what is known of */
        assert_true(fits());
    }
}

/* Of many requests each campaign has its share, and two of them theirs independently. */
static void rates_are_shares(void **state) {
    (void)state;
    enum { REQUESTS = 20000 };
    int both = 0, first = 0, second = 0;
    for (uint64_t salt = 0; salt < REQUESTS; salt++) {
        bool a = target_cross((uint32_t)reference_campaign(1), salt) >> 48 < 16384;
        bool b = target_cross((uint32_t)reference_campaign(2), salt) >> 48 < 32768;
        first += a;
        second += b;
        both += a && b;
    }
    assert_in_range(first, REQUESTS / 4 - 300, REQUESTS / 4 + 300);
    assert_in_range(second, REQUESTS / 2 - 300, REQUESTS / 2 + 300);
    assert_in_range(both, REQUESTS / 8 - 300, REQUESTS / 8 + 300);
}

static void caps(void **state) {
    (void)state;
    ad.campaign = 1;
    ad.frequency = 3;
    request.cap_count = 2;
    request.caps[0] = (struct text_cap){.campaign = 2, .views = 9};
    request.caps[1] = (struct text_cap){.campaign = 1, .views = 2};
    assert_true(fits());
    request.caps[1].views = 3;
    assert_false(fits());
    request.caps[1].views = UINT32_MAX;
    assert_false(fits());
    request.caps[1].other = true; /* the lower half of its hash alone */
    assert_true(fits());
    request.caps[1].other = false;
    ad.frequency = 0;
    assert_true(fits());
    ad.frequency = 3;
    request.cap_count = 1;
    assert_true(fits());
}

/* What counts against a campaign takes no place from others: the next best one comes. */
static void the_next_best_comes(void **state) {
    (void)state;
    static struct text_hashed hashed;
    struct text_ad ads[3];
    struct match_hit hits[3];
    struct table table;
    for (int i = 0; i < 3; i++) {
        ads[i] = ad;
        ads[i].campaign = i;
        ads[i].price = 0.003 - 0.001 * i;
        ads[i].frequency = 1;
    }
    assert_int_equal(text_table(ads, 3, NULL, &table), 0);
    struct matcher *matcher = matcher_create(&table);
    assert_non_null(matcher);
    rates[0] = 0;
    matcher_set_rates(matcher, rates, 2);
    request.cap_count = 1;
    request.caps[0] = (struct text_cap){.campaign = 1, .views = 1};
    text_hash_request(&hashed, &request);
    match_begin(matcher, &hashed.request);
    assert_int_equal(match_top(matcher, &hashed.imp, 1, hits), 1);
    assert_int_equal(hits[0].record, 2);
    assert_int_equal(match_all(matcher, &hashed.imp, hits, 3), 1);
    assert_int_equal(hits[0].record, 2);
    request.cap_count = 0;
    text_hash_request(&hashed, &request);
    match_begin(matcher, &hashed.request);
    assert_int_equal(match_top(matcher, &hashed.imp, 3, hits), 2);
    assert_int_equal(hits[0].record, 1);
    matcher_set_rates(matcher, NULL, 2);
    assert_int_equal(match_top(matcher, &hashed.imp, 3, hits), 3);
    matcher_destroy(matcher);
    table_unmap(&table);
}

static void floors(void **state) {
    (void)state;
    request.floor = 0.002;
    assert_true(fits());
    request.floor = nextafter(0.002, 1);
    assert_false(fits());
    request.floor = INFINITY;
    assert_false(fits());
}

static void deals(void **state) {
    (void)state;
    request.private_auction = true;
    assert_false(fits());
    ad.in[TARGET_DEAL] = (struct texts){{"d1", "d2"}, 2};
    assert_false(fits());
    request.deals = (struct texts){{"d3", "d2", "d1", "d1"}, 4};
    request.deal_floors[0] = 0;
    request.deal_floors[1] = 0.0015;
    request.deal_floors[2] = 0.001;
    request.deal_floors[3] = 0.001;
    request.floor = INFINITY;
    assert_true(fits());
    assert_int_equal(hit.deal, 2);
    request.private_auction = false;
    assert_true(fits());
    request.deal_floors[2] = request.deal_floors[3] = INFINITY;
    assert_true(fits());
    assert_int_equal(hit.deal, 1);
    request.deals.count = 1;
    assert_false(fits()); /* the ad is for its deals only */
    ad.in[TARGET_DEAL].count = 0;
    request.floor = 0;
    assert_true(fits());
    assert_int_equal(hit.deal, TABLE_NONE);
}

static void least_pctr(void **state) {
    (void)state;
    ad.by_click = true;
    ad.z = -3;
    assert_true(fits());
    assert_true(hit.pctr == 1 / (1 + match_exp(3)));
    assert_true(hit.score == 0.002 * hit.pctr);
    request.least_pctr = hit.pctr;
    assert_true(fits());
    request.least_pctr = nextafter(hit.pctr, 1);
    assert_false(fits());
    ad.by_click = false;
    assert_true(fits());
    assert_true(hit.pctr == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_size_it_has, reset),
        cmocka_unit_test_setup(restrictions, reset),
        cmocka_unit_test_setup(exclusions, reset),
        cmocka_unit_test_setup(parents_of_categories_and_domains, reset),
        cmocka_unit_test_setup(start_and_end, reset),
        cmocka_unit_test_setup(hours, reset),
        cmocka_unit_test_setup(secure, reset),
        cmocka_unit_test_setup(positions_and_connections, reset),
        cmocka_unit_test_setup(blocked_advertisers, reset),
        cmocka_unit_test_setup(blocked_categories, reset),
        cmocka_unit_test_setup(blocked_creatives_languages_and_attributes, reset),
        cmocka_unit_test_setup(rates_of_campaigns, reset),
        cmocka_unit_test_setup(rates_are_shares, reset),
        cmocka_unit_test_setup(caps, reset),
        cmocka_unit_test_setup(the_next_best_comes, reset),
        cmocka_unit_test_setup(floors, reset),
        cmocka_unit_test_setup(deals, reset),
        cmocka_unit_test_setup(least_pctr, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
