/* The configuration's rules: texts, values that contradict each other, files that can't be read, no memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "config/config.h"
#include "config/config_formats.h"
#include "scratch_file.h"

static char error[CONFIG_ERROR_BYTES];

static struct config *load_bytes(const char *text, size_t n) {
    struct scratch_file file;
    scratch_file_write(&file, text, n);
    error[0] = '\0';
    struct config *config = config_load(file.path, error, sizeof error);
    scratch_file_remove(&file);
    if (!config) {
        assert_int_equal(strncmp(error, file.path, strlen(file.path)), 0);
        memmove(error, error + strlen(file.path), strlen(error + strlen(file.path)) + 1);
    }
    return config;
}

static void assert_refused_bytes(const char *text, size_t n, const char *part) {
    struct config *config = load_bytes(text, n);
    if (config)
        fail_msg("taken: %.200s", text);
    if (!strstr(error, part))
        fail_msg("\"%s\" is not in \"%s\"", part, error);
}

static void assert_refused(const char *text, const char *part) {
    assert_refused_bytes(text, strlen(text), part);
}

/* ---- texts ---- */

static void texts_have_their_form(void **state) {
    (void)state;
    static char too_long_header[1026] = "X: ";
    memset(too_long_header + 3, 'a', sizeof too_long_header - 4);
    static const struct {
        const char *(*format)(struct str s);
        const char *good[8], *bad[17];
    } cases[] = {
        {config_format_listen,
         {"127.0.0.1:8080", "[::1]:8080", "*:8080", "unix:/run/x.sock"},
         {"", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:x", "unix:", "::1:80"}},
        {config_format_proxy,
         {"10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "unix", "0.0.0.0/0"},
         {"", "10.0.0.1/8", "10.0.0.0/33", "proxy.example", "10.0.0.0/", "/8", "::/129", "10.0.0.0/08"}},
        {config_format_public_url,
         {"https://ads.example", "http://127.0.0.1:8080", "https://[::1]:8443", "https://a.b/under/a~path",
          "HTTPS://a"},
         {"", "ads.example", "ftp://a", "https://", "https://a/", "https://a/b/", "https://a?b=c",
          "https://a#b", "https://a/\"b", "https://a/b'c", "https://a/b<c", "https://a/b&c", "https://u:p@a",
          "https://a b"}},
        {config_format_notice_host,
         {"example.com", "a", "192.0.2.1", "a-b.c_d.example"},
         {"", ".example.com", "-a", "a:80", "http://a", "a/", "[::1]", "a b", "*.example.com"}},
        {config_format_origin,
         {"*", "https://example.com", "http://localhost:3000", "https://[::1]:8443"},
         {"", "example.com", "https://example.com/", "https://", "https://a b", "https://*.example.com",
          "null", "https://example.com:0", "https://example.com:", "ftp://example.com"}},
        {config_format_currency, {"USD", "EUR"}, {"", "usd", "US", "USDT", "U1D"}},
        {config_format_country, {"DEU", "USA"}, {"", "DE", "deu", "D U"}},
        {config_format_partner_name, {"alpha", "A-1_b", "0"}, {"", "a b", "a.b", "a\n", "\xc3\xa9", "a\"b"}},
        {config_format_seat, {"seat 1", "\xc3\xa9"}, {"a\nb", "\x7f"}},
        {config_format_url,
         {"http://a", "https://a.example:443/x?y=1&z", "http://127.0.0.1:9100/alpha", "http://[::1]:1/",
          "HTTPS://A.example"},
         {"", "a.example", "ftp://a/", "http://", "http:///x", "http://:80/", "http://a:0/",
          "http://a:65536/", "http://a:8x/", "http://u:p@a/", "http://a/#x", "http://a /", "http://[::1/",
          "http://[::g]/", "http://a\r\nX: y/"}},
        {config_format_domain,
         {"example.com", "com.example.App", "1234567890"},
         {"", "a b", "a/b", "a\tb", "\xc3\xa9.example"}},
        {config_format_header,
         {"X-Api-Key: abc", "Authorization:Bearer x", "A: \xc3\xa9"},
         {"", "X-Key", "X Key: a", "X-Key : a", ": a", "X-Key:", "X-Key:  ", "X-Key: a\r\nB: c", "X: \x7f",
          "host: a", "Content-Length: 1", "TRANSFER-ENCODING: x", "Connection: close", "Accept-Encoding: br",
          "X: a\tb", too_long_header}},
        {config_format_path, {"/etc/rates.json", "a b"}, {"a\nb"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t g = 0; g < COUNT_OF(cases[i].good) && cases[i].good[g]; g++)
            if (cases[i].format(str_from(cases[i].good[g])))
                fail_msg("\"%s\" is refused: %s", cases[i].good[g],
                         cases[i].format(str_from(cases[i].good[g])));
        for (size_t b = 0; b < COUNT_OF(cases[i].bad) && cases[i].bad[b]; b++)
            if (!cases[i].format(str_from(cases[i].bad[b])))
                fail_msg("\"%s\" is taken by rule %zu", cases[i].bad[b], i);
    }
}

static void texts_are_checked_where_they_stand(void **state) {
    (void)state;
    assert_refused("{\"listen\": [\"*:8080\", \"nowhere\"]}", ": listen[1]: must be \"ADDRESS:PORT\"");
    assert_refused("{\"http\": {\"trusted_proxies\": [\"10.0.0.1/8\"]}}",
                   ": http.trusted_proxies[0]: must be an IP");
    assert_refused("{\"partners\": [{\"name\": \"a\", \"url\": \"http://a/\", \"headers\": [\"Host: b\"]}]}",
                   ": partners[0].headers[0]: must not be a header that slimbid sets itself");
    assert_refused(
        "{\"partners\": [{\"name\": \"a\", \"url\": \"http://a/\", \"headers\": [\"A: b\\r\\nC: d\"]}]}",
        "is \"A: b\\x0d\\x0aC: d\"");
    assert_refused("{\"auction\": {\"default_currency\": \"usd\"}}",
                   ": auction.default_currency: must be a currency");
}

/* ---- values that contradict each other ---- */

static void contradictions_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"{\"auction\": {\"tmax_default_ms\": 3000}}",
         ": auction.tmax_default_ms: must be at most auction.tmax_max_ms (2000), is 3000"},
        {"{\"auction\": {\"tmax_min_ms\": 600}}",
         ": auction.tmax_min_ms: must be at most auction.tmax_default_ms (500), is 600"},
        {"{\"auction\": {\"reply_margin_ms\": 20}}",
         ": auction.reply_margin_ms: must be less than auction.tmax_min_ms (20), is 20"},
        {"{\"breaker\": {\"open_ms\": 2000, \"open_max_ms\": 1000}}",
         ": breaker.open_ms: must be at most breaker.open_max_ms (1000), is 2000"},
        {"{\"listen\": [\"127.0.0.1:80\", \"127.0.0.1:80\"]}",
         ": listen[1]: \"127.0.0.1:80\" is listed twice"},
        {"{\"admin_listen\": [\"*:8080\"]}", ": admin_listen[0]: \"*:8080\" is listed twice"},
        {"{\"partners\": [{\"name\": \"a\", \"url\": \"http://a/\"}, {\"name\": \"b\", \"url\": "
         "\"http://a/\"},"
         " {\"name\": \"A\", \"url\": \"http://a/\"}]}",
         ": partners[2].name: \"A\" is the name of partners[0] already"},
        {"{\"partners\": [{\"name\": \"a\", \"url\": \"HTTP://a/\", \"http2\": true}]}",
         ": partners[0].http2: needs a url that starts with \"https://\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_refused(cases[i].text, cases[i].error);
}

/* ---- files ---- */

static void broken_json_is_refused(void **state) {
    (void)state;
    assert_refused("{\n  \"front_ends\": 1,\n  \"listen\" []\n}", ":3:12: ");
    assert_refused("{\"front_ends\": 1,}", ":1:");
    assert_refused("{\"front_ends\": 1} x", ":1:");
    assert_refused("{\"front_ends\": 1, \"front_ends\": 2}", "duplicate object key");
    assert_refused("{\"partners\": [{\"name\": \"a\", \"name\": \"b\"}]}", "duplicate object key");
    assert_refused("{\"front_ends\": 99999999999999999999}", "too big integer");
    assert_refused("{\"breaker\": {\"failure_share\": 1e999}}", "real number overflow");
    assert_refused("{\"listen\": [\"a\\u0000b\"]}", "\\u0000");
    assert_refused("{\"listen\": [\"\xff\"]}", "unable to decode byte 0xff");
    assert_refused("{\"a\" \x1b[2J", "near '?'");
    assert_refused("[]", ": must be one JSON object, is an array");
    assert_refused("7", ":1:1: ");
    assert_refused("", ": the file is empty");
    assert_refused(" \n", ":2:0: ");
}

static void large_and_deep_files_are_refused(void **state) {
    (void)state;
    size_t n = (4u << 20) + 1;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, ' ', n);
    memcpy(text, "{}", 2);
    assert_refused_bytes(text, n, ": larger than 4194304 bytes");
    struct config *config = load_bytes(text, n - 1);
    assert_non_null(config);
    config_destroy(config);
    memset(text, '[', 100000);
    assert_refused_bytes(text, 100000, "maximum parsing depth");
    free(text);
}

static void unreadable_paths_are_refused(void **state) {
    (void)state;
    assert_null(config_load("/nonexistent/slimbid.json", error, sizeof error));
    assert_string_equal(error, "/nonexistent/slimbid.json: No such file or directory");
    assert_null(config_load("/", error, sizeof error));
    assert_string_equal(error, "/: Is a directory");
    struct scratch_file file;
    scratch_file_write(&file, "{}", 2);
    assert_int_equal(chmod(file.path, 0), 0);
    if (geteuid() != 0) {
        assert_null(config_load(file.path, error, sizeof error));
        assert_non_null(strstr(error, "Permission denied"));
    }
    scratch_file_remove(&file);
}

static void a_short_error_buffer_is_kept(void **state) {
    (void)state;
    char small[8];
    memset(small, 'x', sizeof small);
    assert_null(config_load("/nonexistent", small, 4));
    assert_string_equal(small, "/no");
    assert_int_equal(small[4], 'x');
}

/* ---- no memory: each allocation in turn fails ---- */

static long allocations_left = -1; /* -1: all succeed */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool allocation_fails(void) {
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

void *__wrap_malloc(size_t n) {
    return allocation_fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size) {
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t n) {
    return allocation_fails() ? NULL : __real_realloc(p, n);
}

static void every_failed_allocation_is_an_error(void **state) {
    (void)state;
    static const char text[] =
        "{\"listen\": [\"*:1\"], \"partners\": [{\"name\": \"a\", \"url\": \"http://a/\","
        " \"headers\": [\"A: b\"], \"sites\": [\"a\", \"b\"]}]}";
    struct scratch_file file;
    struct config *config = NULL;
    long n = 0;
    json_set_alloc_funcs(malloc, free);
    scratch_file_write(&file, text, sizeof text - 1);
    for (; !config; n++) {
        assert_true(n < 100000);
        error[0] = '\0';
        allocations_left = n;
        config = config_load(file.path, error, sizeof error);
        allocations_left = -1;
        assert_true(config || error[0]);
    }
    assert_true(n > 100); /* else the wrap did not take */
    config_destroy(config);
    scratch_file_remove(&file);
    for (n = 0, config = NULL; !config; n++) {
        assert_true(n < 100000);
        allocations_left = n;
        config = config_default();
        allocations_left = -1;
    }
    FILE *null = fopen("/dev/null", "w");
    assert_non_null(null);
    allocations_left = 0;
    bool printed = config_print(config, null);
    allocations_left = -1;
    assert_false(printed);
    fclose(null);
    config_destroy(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_their_form),
        cmocka_unit_test(texts_are_checked_where_they_stand),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(broken_json_is_refused),
        cmocka_unit_test(large_and_deep_files_are_refused),
        cmocka_unit_test(unreadable_paths_are_refused),
        cmocka_unit_test(a_short_error_buffer_is_kept),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
