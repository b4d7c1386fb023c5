/* Sizing: figures move as loads and limits do, and hold what the server charges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory_costs.h"
#include "budget/memory_size.h"

#define MIB (UINT64_C(1) << 20)

static struct memory_load usual(void) {
    return (struct memory_load){.limit = 256 * MIB,
                                .front_ends = 1,
                                .workers = 1,
                                .ads = 100000,
                                .clients = 500,
                                .most_clients = 4096,
                                .partners = 4,
                                .partner_ms = 100,
                                .tmax_ms = 500,
                                .rate = 1000};
}

static struct memory_size of(const struct memory_load *load) {
    struct memory_size size;
    memory_size(load, &size);
    return size;
}

static void parts_fit_the_limit(void **state) {
    (void)state;
    struct memory_load load = usual();
    for (load.limit = 48 * MIB; load.limit <= 4096 * MIB; load.limit *= 2) {
        struct memory_size size = of(&load);
        assert_true(size.margin + size.idle + size.table + size.shares <= load.limit);
        assert_true(size.connections * size.connection_bytes <= size.shares);
        assert_true(size.auctions * size.auction_bytes + load.clients * size.connection_bytes <= size.shares);
    }
}

static void what_fits_is_not_shed(void **state) {
    (void)state;
    struct memory_load load = usual();
    struct memory_size size = of(&load);
    assert_true(size.auctions > size.auctions_wanted);
    assert_int_equal(size.auctions_wanted, 100);
    assert_true(size.shed == 0);
}

static void what_does_not_fit_is(void **state) {
    (void)state;
    struct memory_load load = usual();
    load.limit = 64 * MIB;
    load.partner_ms = 200;
    load.rate = 3000;
    struct memory_size some = of(&load);
    assert_true(some.shed > 0 && some.shed < 1);
    assert_true(some.rate < 3000);
    load.rate = 100000;
    assert_true(of(&load).shed > some.shed);
    load.rate = (uint32_t)some.rate;
    assert_true(of(&load).shed == 0);
}

static void more_memory_holds_more(void **state) {
    (void)state;
    struct memory_load load = usual();
    uint64_t connections = 0, auctions = 0;
    for (load.limit = 32 * MIB; load.limit <= 1024 * MIB; load.limit *= 2) {
        struct memory_size size = of(&load);
        assert_true(size.auctions >= auctions);
        auctions = size.auctions;
        connections = size.connections;
    }
    assert_true(connections > 1000 && auctions > 1000);
}

static void tls_costs_more(void **state) {
    (void)state;
    struct memory_load load = usual();
    struct memory_size plain = of(&load);
    load.tls = true;
    struct memory_size tls = of(&load);
    assert_true(tls.call_bytes - plain.call_bytes == MEMORY_TLS_CONNECTION + MEMORY_TLS_TRANSFER_BYTES -
                                                         MEMORY_PLAIN_CONNECTION -
                                                         MEMORY_PLAIN_TRANSFER_BYTES);
    assert_true(tls.auctions < plain.auctions);
}

static void a_container_too_small_holds_next_to_nothing(void **state) {
    (void)state;
    struct memory_load load = usual();
    load.limit = 4 * MIB;
    struct memory_size size = of(&load);
    assert_int_equal(size.table, 0);
    assert_in_range(size.connections, 1, 100);
    assert_in_range(size.auctions, 0, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_fit_the_limit),  cmocka_unit_test(what_fits_is_not_shed),
        cmocka_unit_test(what_does_not_fit_is), cmocka_unit_test(more_memory_holds_more),
        cmocka_unit_test(tls_costs_more),       cmocka_unit_test(a_container_too_small_holds_next_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
