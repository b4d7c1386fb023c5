/* Listening addresses: their grammar, and sockets that really listen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/listener.h"

static void addresses_are_checked(void **state) {
    (void)state;
    static const struct {
        struct str address;
        bool valid;
    } addresses[] = {
        {STR_INIT("127.0.0.1:8080"), true},
        {STR_INIT("0.0.0.0:0"), true},
        {STR_INIT("[::1]:8080"), true},
        {STR_INIT("[::]:65535"), true},
        {STR_INIT("*:8080"), true},
        {STR_INIT("unix:/tmp/x"), true},
        {STR_INIT("127.0.0.1"), false},
        {STR_INIT("127.0.0.1:"), false},
        {STR_INIT("127.0.0.1:65536"), false},
        {STR_INIT("127.0.0.1:+1"), false},
        {STR_INIT("127.0.0.1:1x"), false},
        {STR_INIT("localhost:80"), false},
        {STR_INIT("::1:80"), false},
        {STR_INIT("[::1]"), false},
        {STR_INIT("[127.0.0.1]:80"), false},
        {STR_INIT(":80"), false},
        {STR_INIT("unix:"), false},
        {STR_INIT("unix:/"), false},
        {STR_INIT("unix:x"), false},
        {STR_INIT(""), false},
        {STR_INIT("127.0.0.1:080808"), false},
        {{NULL, 0}, false},
    };
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        if (listener_address_valid(addresses[i].address) != addresses[i].valid)
            fail_msg("%.*s", STR_ARG(addresses[i].address));
    char path[300] = "unix:/";
    memset(path + 6, 'x', sizeof path - 7);
    assert_false(listener_address_valid(str_from(path)));
}

static void listens_and_names_itself(void **state) {
    (void)state;
    char error[200] = "", name[200];
    int fd = listener_open(STR("127.0.0.1:0"), 8, false, error, sizeof error);
    assert_true(fd >= 0);
    listener_name(fd, name, sizeof name);
    assert_memory_equal(name, "127.0.0.1:", 10);
    /* taken */
    int again = listener_open(str_from(name), 8, false, error, sizeof error);
    assert_int_equal(again, -1);
    assert_non_null(strstr(error, "bind"));
    close(fd);
    /* taken together */
    fd = listener_open(STR("127.0.0.1:0"), 8, true, error, sizeof error);
    assert_true(fd >= 0);
    again = listener_open(str_from(listener_name(fd, name, sizeof name)), 8, true, error, sizeof error);
    assert_true(again >= 0);
    close(again);
    close(fd);
    assert_int_equal(listener_open(STR("nowhere"), 8, false, error, sizeof error), -1);
    assert_non_null(strstr(error, "not an address"));
}

static void unix_sockets_and_stale_files(void **state) {
    (void)state;
    char dir[] = "/tmp/slimbid-test-XXXXXX", address[100], error[200] = "", name[200];
    assert_non_null(mkdtemp(dir));
    snprintf(address, sizeof address, "unix:%s/s", dir);
    int fd = listener_open(str_from(address), 8, false, error, sizeof error);
    assert_true(fd >= 0);
    assert_string_equal(listener_name(fd, name, sizeof name), address);
    /* alive: refused */
    assert_int_equal(listener_open(str_from(address), 8, false, error, sizeof error), -1);
    close(fd);
    /* dead: replaced */
    fd = listener_open(str_from(address), 8, false, error, sizeof error);
    assert_true(fd >= 0);
    close(fd);
    unlink(address + 5);
    /* not a socket: left alone */
    FILE *file = fopen(address + 5, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(listener_open(str_from(address), 8, false, error, sizeof error), -1);
    assert_int_equal(access(address + 5, F_OK), 0);
    unlink(address + 5);
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(listens_and_names_itself),
        cmocka_unit_test(unix_sockets_and_stale_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
