/* Which addresses belong to the public internet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "outbound/public_address.h"

static void public_ones_pass(void **state) {
    (void)state;
    static const char *const lists[] = {"1.1.1.1",
                                        "8.8.8.8,9.9.9.9",
                                        "100.63.255.255",
                                        "100.128.0.0",
                                        "172.15.0.1",
                                        "172.32.0.1",
                                        "192.0.1.1",
                                        "192.167.1.1",
                                        "198.17.1.1",
                                        "198.20.0.1",
                                        "223.1.1.1",
                                        "11.0.0.0",
                                        "128.0.0.1",
                                        "[2606:4700::1111]",
                                        "[2a00:1450::1]",
                                        "[2001:200::1]",
                                        "1.1.1.1,[2606:4700::1111]",
                                        "[::ffff:8.8.8.8]",
                                        "[64:ff9b::808:808]",
                                        "[2002:808:808::1]"};
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        if (!public_address_all(lists[i]))
            fail_msg("%s", lists[i]);
}

static void others_do_not(void **state) {
    (void)state;
    static const char *const lists[] = {
        "",
        ",",
        "1.1.1.1,",
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "8.8.8.8,127.0.0.1",
        "127.0.0.1,8.8.8.8",
        "1.1.1",
        "0x7f.0.0.1",
        "name",
        "[1.1.1.1]",
        "::1",
        "[::]",
        "[::1]",
        "[::7f00:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b:1::1]",
        "[2002:a00:1::1]",
        "[2002:7f00:1::]",
        "[fc00::1]",
        "[fd12::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[100::1]",
        "[8.8.8.8",
        "[]",
    };
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        if (public_address_all(lists[i]))
            fail_msg("%s", lists[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_ones_pass),
        cmocka_unit_test(others_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
