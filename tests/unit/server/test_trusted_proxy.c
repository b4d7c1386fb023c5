/* Trusted proxies: blocks, and the walk through X-Forwarded-For. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/trusted_proxy.h"

static struct trusted_proxy_list *list_of(const char *const *texts, size_t count) {
    struct str items[8];
    struct str_list list = {items, count};
    assert_true(count <= COUNT_OF(items));
    for (size_t i = 0; i < count; i++)
        items[i] = str_from(texts[i]);
    struct trusted_proxy_list *made = trusted_proxy_create(&list);
    assert_non_null(made);
    return made;
}

static bool block_trusts(const char *block, const char *peer) {
    struct trusted_proxy_list *list = list_of(&block, 1);
    bool trusts = trusted_proxy_trusts(list, str_from(peer));
    trusted_proxy_destroy(list);
    return trusts;
}

static void blocks_are_valid_or_not(void **state) {
    (void)state;
    static const char *const good[] = {"10.0.0.0/8", "192.0.2.1",     "192.0.2.1/32", "0.0.0.0/0",
                                       "::/0",       "2001:db8::/32", "::1",          "::ffff:192.0.2.0/120",
                                       "::1/128",    "unix"};
    static const char *const bad[] = {"",
                                      "10.0.0.0/33",
                                      "10.0.0.1/8",
                                      "10.0.0/8",
                                      "10.0.0.0/",
                                      "/8",
                                      "::1/129",
                                      "2001:db8::1/32",
                                      "10.0.0.0/08",
                                      "10.0.0.0/8 ",
                                      "10.0.0.0/+8",
                                      "10.0.0.0/-1",
                                      "a.example",
                                      "10.0.0.0/8/8",
                                      "UNIX",
                                      "010.0.0.1",
                                      "fe80::1%eth0",
                                      "[::1]",
                                      "127.0.0.1:80"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!trusted_proxy_valid(str_from(good[i])))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (trusted_proxy_valid(str_from(bad[i])))
            fail_msg("taken: %s", bad[i]);
    assert_false(trusted_proxy_valid((struct str){NULL, 0}));
    assert_false(trusted_proxy_valid((struct str){"10.0.0.1\0junk", 13}));
}

static void blocks_cover_their_addresses(void **state) {
    (void)state;
    assert_true(block_trusts("10.0.0.0/8", "10.255.255.255"));
    assert_false(block_trusts("10.0.0.0/8", "11.0.0.0"));
    assert_true(block_trusts("192.168.4.0/22", "192.168.7.255"));
    assert_false(block_trusts("192.168.4.0/22", "192.168.8.0"));
    assert_true(block_trusts("192.0.2.1", "192.0.2.1"));
    assert_false(block_trusts("192.0.2.1", "192.0.2.2"));
    assert_true(block_trusts("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(block_trusts("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(block_trusts("unix", "unix"));
    assert_false(block_trusts("unix", "127.0.0.1"));
    assert_false(block_trusts("0.0.0.0/0", "unix"));
    assert_false(block_trusts("10.0.0.0/8", "no address"));
    assert_false(trusted_proxy_trusts(NULL, STR("10.0.0.1")));
}

/* A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d: the same address. */
static void mapped_addresses_are_ipv4(void **state) {
    (void)state;
    assert_true(block_trusts("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(block_trusts("10.0.0.0/8", "::FFFF:0a01:0203"));
    assert_true(block_trusts("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_true(block_trusts("0.0.0.0/0", "::ffff:10.1.2.3"));
    assert_false(block_trusts("0.0.0.0/0", "::1"));
    assert_false(block_trusts("::/0", "10.1.2.3"));
    assert_true(block_trusts("::/0", "2001:db8::1"));
}

static void an_untrusted_peer_is_the_client(void **state) {
    (void)state;
    static const char *const trusted[] = {"10.0.0.0/8"};
    struct trusted_proxy_list *list = list_of(trusted, 1);
    struct str forged = STR("1.2.3.4, 10.0.0.9");
    assert_true(str_eq(trusted_proxy_client(list, STR("192.0.2.1"), forged), STR("192.0.2.1")));
    assert_true(str_eq(trusted_proxy_client(NULL, STR("10.0.0.1"), forged), STR("10.0.0.1")));
    assert_true(str_eq(trusted_proxy_client(list, STR("unix"), forged), STR("unix")));
    assert_true(str_eq(trusted_proxy_client(list, STR("::ffff:192.0.2.1"), forged), STR("192.0.2.1")));
    trusted_proxy_destroy(list);
    trusted_proxy_destroy(NULL);
}

static void the_walk_ends_at_the_client(void **state) {
    (void)state;
    static const char *const trusted[] = {"10.0.0.0/8", "2001:db8:1::/48", "unix"};
    static const struct {
        const char *header, *client;
    } cases[] = {
        {"203.0.113.7", "203.0.113.7"},
        {"  203.0.113.7\t", "203.0.113.7"},
        {"1.1.1.1, 203.0.113.7", "203.0.113.7"},
        {"1.1.1.1,203.0.113.7,10.2.0.1", "203.0.113.7"},
        {"203.0.113.7, 10.2.0.1, 2001:db8:1::5", "203.0.113.7"},
        {"203.0.113.7:4711", "203.0.113.7"},
        {"2001:db8::7", "2001:db8::7"},
        {"[2001:db8::7]", "2001:db8::7"},
        {"[2001:db8::7]:443, 10.0.0.2:80, [2001:db8:1::1]:80", "2001:db8::7"},
        {"::ffff:203.0.113.7", "203.0.113.7"},
        {"203.0.113.7, ::ffff:10.0.0.3", "203.0.113.7"},
        {"::ffff:cb00:7107", "::ffff:cb00:7107"},
        {"203.0.113.7,, ,", "203.0.113.7"},
        {"10.0.0.5, 10.0.0.6", "10.0.0.5"}, /* all trusted: the leftmost */
        {"", "10.0.0.1"},
        {",", "10.0.0.1"},
        {"203.0.113.7, unknown", "10.0.0.1"},
        {"203.0.113.7, unknown, 10.0.0.6", "10.0.0.6"},
        {"203.0.113.7, _hidden", "10.0.0.1"},
        {"203.0.113.7, unix", "10.0.0.1"},
        {"203.0.113.7, [2001:db8::1", "10.0.0.1"},
        {"203.0.113.7, [2001:db8::1]x", "10.0.0.1"},
        {"203.0.113.7, []", "10.0.0.1"},
        {"203.0.113.7, :80", "10.0.0.1"},
        {"203.0.113.7 10.0.0.6", "10.0.0.1"},
        {"203.0.113.7, fe80::1%eth0", "10.0.0.1"},
        {"203.0.113.007", "10.0.0.1"},
    };
    struct trusted_proxy_list *list = list_of(trusted, COUNT_OF(trusted));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str client = trusted_proxy_client(list, STR("10.0.0.1"), str_from(cases[i].header));
        if (!str_eq(client, str_from(cases[i].client)))
            fail_msg("\"%s\": %.*s instead of %s", cases[i].header, STR_ARG(client), cases[i].client);
    }
    assert_true(str_eq(trusted_proxy_client(list, STR("10.0.0.1"), (struct str){NULL, 0}), STR("10.0.0.1")));
    assert_true(str_eq(trusted_proxy_client(list, STR("unix"), STR("203.0.113.7")), STR("203.0.113.7")));
    assert_true(str_eq(trusted_proxy_client(list, STR("unix"), STR("")), STR("unix")));
    trusted_proxy_destroy(list);
}

/* An entry with a NUL byte is no address, whatever stands before the NUL. */
static void bytes_of_any_kind_are_harmless(void **state) {
    (void)state;
    static const char *const trusted[] = {"10.0.0.0/8"};
    struct trusted_proxy_list *list = list_of(trusted, 1);
    struct str header = {"203.0.113.7\0.evil", 17};
    assert_true(str_eq(trusted_proxy_client(list, STR("10.0.0.1"), header), STR("10.0.0.1")));
    char *exact = malloc(3); /* a sanitizer sees a read behind its end */
    assert_non_null(exact);
    for (int first = 0; first < 256; first++) {
        memcpy(exact, (char[]){(char)first, '[', ':'}, 3);
        for (size_t n = 1; n <= 3; n++) {
            struct str client = trusted_proxy_client(list, STR("10.0.0.1"), (struct str){exact, n});
            assert_true(str_eq(client, STR("10.0.0.1")));
        }
    }
    free(exact);
    trusted_proxy_destroy(list);
}

static void the_walk_is_bounded(void **state) {
    (void)state;
    static const char *const trusted[] = {"10.0.0.0/8"};
    struct trusted_proxy_list *list = list_of(trusted, 1);
    char header[16 * (TRUSTED_PROXY_MAX_HOPS + 2)];
    size_t n = 0;
    for (int i = 0; i <= TRUSTED_PROXY_MAX_HOPS; i++)
        n += (size_t)snprintf(header + n, sizeof header - n, "%s10.0.1.%d", i ? "," : "", i);
    /* The walk looks at entries 64 down to 1 and stops there. */
    struct str client = trusted_proxy_client(list, STR("10.0.0.1"), (struct str){header, n});
    assert_true(str_eq(client, STR("10.0.1.1")));
    trusted_proxy_destroy(list);
}

static void a_forged_line_above_is_not_believed(void **state) {
    (void)state;
    static const char *const trusted[] = {"10.0.0.0/8"};
    struct trusted_proxy_list *list = list_of(trusted, 1);
    struct http_header headers[] = {
        {STR("X-Forwarded-For"), STR("6.6.6.6")},
        {STR("Host"), STR("a")},
        {STR("x-forwarded-for"), STR("203.0.113.7")},
        {STR("X-FORWARDED-FOR"), STR("10.0.0.2")},
    };
    struct http_request request = {.headers = headers, .header_count = COUNT_OF(headers)};
    assert_true(str_eq(trusted_proxy_client_of(list, STR("10.0.0.1"), &request), STR("203.0.113.7")));
    assert_true(str_eq(trusted_proxy_client_of(list, STR("192.0.2.9"), &request), STR("192.0.2.9")));
    request.header_count = 0;
    assert_true(str_eq(trusted_proxy_client_of(list, STR("10.0.0.1"), &request), STR("10.0.0.1")));
    trusted_proxy_destroy(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_valid_or_not),     cmocka_unit_test(blocks_cover_their_addresses),
        cmocka_unit_test(mapped_addresses_are_ipv4),   cmocka_unit_test(an_untrusted_peer_is_the_client),
        cmocka_unit_test(the_walk_ends_at_the_client), cmocka_unit_test(bytes_of_any_kind_are_harmless),
        cmocka_unit_test(the_walk_is_bounded),         cmocka_unit_test(a_forged_line_above_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
