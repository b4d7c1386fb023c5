/* Names in the loop: found in /etc/hosts without a name server, numeric hosts told apart, clean at any time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/loop.h"
#include "outbound/resolver.h"

static void on_limit(void *ctx) {
    loop_stop(ctx);
}

static void run_ms(struct loop *loop, uint64_t ms) {
    struct timer timer;
    timer_init(&timer, loop, on_limit, loop);
    assert_int_equal(timer_arm(&timer, loop_now(loop) + ms * 1000), 0);
    assert_int_equal(loop_run(loop), 0);
}

static void localhost_is_found(void **state) {
    (void)state;
    struct loop *loop = loop_create();
    struct resolver *resolver = resolver_create(loop);
    assert_non_null(resolver);
    struct resolver_name *name = resolver_watch(resolver, "localhost", 1000000);
    assert_non_null(name);
    run_ms(loop, 20);
    uint32_t version = 0;
    const char *addresses = resolver_addresses(name, &version);
    assert_non_null(addresses);
    assert_true(strstr(addresses, "127.0.0.1") || strstr(addresses, "[::1]"));
    assert_int_equal(version, 1);
    run_ms(loop, 1100); /* a refresh that finds the same changes nothing */
    assert_non_null(resolver_addresses(name, &version));
    assert_int_equal(version, 1);
    resolver_unwatch(name);
    resolver_destroy(resolver);
    loop_destroy(loop);
}

static void unknown_has_no_address(void **state) {
    (void)state;
    struct loop *loop = loop_create();
    struct resolver *resolver = resolver_create(loop);
    struct resolver_name *name = resolver_watch(resolver, "no-such-host.invalid", 1000000);
    assert_non_null(name);
    uint32_t version = 7;
    assert_null(resolver_addresses(name, &version));
    assert_int_equal(version, 0);
    run_ms(loop, 30);
    resolver_unwatch(name); /* its query may be under way */
    run_ms(loop, 30);
    resolver_destroy(resolver);
    run_ms(loop, 30);
    loop_destroy(loop);
}

static void numeric_hosts(void **state) {
    (void)state;
    assert_true(resolver_is_numeric("127.0.0.1"));
    assert_true(resolver_is_numeric("[::1]"));
    assert_true(resolver_is_numeric("2001:db8::1"));
    assert_false(resolver_is_numeric("localhost"));
    assert_false(resolver_is_numeric("1.2.3"));
    assert_false(resolver_is_numeric("[::1"));
    assert_false(resolver_is_numeric(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(localhost_is_found),
        cmocka_unit_test(unknown_has_no_address),
        cmocka_unit_test(numeric_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
