/* Click logs: both formats, rules for fields, and every kind of bad line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../scratch_file.h"
#include "train/click_log.h"

struct fixture {
    struct scratch_file log_file, names_file;
    struct click_log_options options;
    struct click_log log;
    char error[300];
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->options.cap_bytes = 16u << 20;
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    click_log_cleanup(&f->log);
    if (f->log_file.path[0])
        scratch_file_remove(&f->log_file);
    if (f->names_file.path[0])
        scratch_file_remove(&f->names_file);
    free(f);
    return 0;
}

static void set_rules(struct fixture *f, const char *map, const char *drop, const char *cross) {
    struct option_texts maps = {{map}, map != NULL}, drops = {{drop}, drop != NULL},
                        crosses = {{cross}, cross != NULL};
    assert_true(field_rules_read(&f->options.rules, &maps, &drops, &crosses, f->error, sizeof f->error));
}

static bool read_ndjson(struct fixture *f, const char *text) {
    click_log_cleanup(&f->log);
    if (f->log_file.path[0])
        scratch_file_remove(&f->log_file);
    scratch_file_write(&f->log_file, text, strlen(text));
    f->options.format = CLICK_LOG_NDJSON;
    f->options.path = f->log_file.path;
    return click_log_read(&f->log, &f->options, f->error, sizeof f->error);
}

static bool read_svm(struct fixture *f, const char *names, const char *text) {
    if (f->names_file.path[0])
        scratch_file_remove(&f->names_file);
    scratch_file_write(&f->names_file, names, strlen(names));
    click_log_cleanup(&f->log);
    if (f->log_file.path[0])
        scratch_file_remove(&f->log_file);
    scratch_file_write(&f->log_file, text, strlen(text));
    f->options.format = CLICK_LOG_SVM;
    f->options.path = f->log_file.path;
    f->options.names_path = f->names_file.path;
    return click_log_read(&f->log, &f->options, f->error, sizeof f->error);
}

/* The names of a row's features, joined by blanks. */
static const char *row(const struct fixture *f, size_t number) {
    static char text[1000];
    size_t n, length = 0;
    const uint32_t *ids = click_log_row(&f->log, number, &n);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct str name = feature_names_name(f->log.features, ids[i]);
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%.*s", i ? " " : "", STR_ARG(name));
    }
    return text;
}

#define NAMES "hour:08\t0\ndomain:a.example\t1\nIP:1.2.3.*\t2\nslotprice:101+\t7\n"

static void svm(void **state) {
    struct fixture *f = *state;
    assert_true(read_svm(f, NAMES, "0 0:1 1:1\n1 7:1 2:0 1:1 1:1\r\n1\n"));
    assert_int_equal(f->log.rows, 3);
    assert_int_equal(f->log.clicked, 2);
    assert_string_equal(row(f, 0), "hour=8 domain=a.example");
    assert_string_equal(row(f, 1), "slotprice=101+ domain=a.example");
    assert_string_equal(row(f, 2), "");
}

static void ndjson(void **state) {
    struct fixture *f = *state;
    assert_true(
        read_ndjson(f, "{\"click\":0,\"features\":[\"country=USA\",\"hour=13\",\"country=USA\"],\"id\":7}\n"
                       "{\"features\":[\"keyword=a=b&c\"],\"click\":1}"));
    assert_int_equal(f->log.rows, 2);
    assert_string_equal(row(f, 0), "country=USA hour=13");
    assert_string_equal(row(f, 1), "keyword=a=b&c");
}

static void rules(void **state) {
    struct fixture *f = *state;
    set_rules(f, "domain=inventory=domain:", "IP", "inventory*hour");
    assert_true(read_svm(f, NAMES, "0 0:1 1:1 2:1 7:1\n"));
    assert_string_equal(row(f, 0), "hour=8 inventory=domain:a.example slotprice=101+ "
                                   "inventory=domain:a.example&hour=8");
    assert_true(
        read_ndjson(f, "{\"click\":0,\"features\":[\"IP=1.2.3.4\",\"domain=b\",\"domain=c\",\"hour=00\"]}"));
    assert_string_equal(row(f, 0), "inventory=domain:b inventory=domain:c hour=0 "
                                   "inventory=domain:b&hour=0 inventory=domain:c&hour=0");
    struct option_texts bad = {{"domain="}, 1}, none = {{NULL}, 0};
    assert_false(field_rules_read(&f->options.rules, &bad, &none, &none, f->error, sizeof f->error));
    assert_non_null(strstr(f->error, "--map wants FIELD=TARGET"));
    bad.items[0] = "a*";
    assert_false(field_rules_read(&f->options.rules, &none, &none, &bad, f->error, sizeof f->error));
    assert_non_null(strstr(f->error, "--cross wants LEFT*RIGHT"));
}

static void a_second_file_goes_behind(void **state) {
    struct fixture *f = *state;
    assert_true(read_ndjson(f, "{\"click\":0,\"features\":[\"a=1\"]}\n"));
    assert_true(click_log_append(&f->log, &f->options, f->error, sizeof f->error));
    assert_int_equal(f->log.rows, 2);
    assert_int_equal(feature_names_count(f->log.features), 1);
}

static void bad_lines_of_svm(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"2 1:1", "the click must be 0 or 1"},
        {"", "the click must be 0 or 1"},
        {"x", "the click must be 0 or 1"},
        {"1,1:1", "the click must be 0 or 1"},
        {"1 1", "want id:1"},
        {"1 a:1", "want id:1"},
        {"1 1:2", "value must be 0 or 1"},
        {"1 1:0.5", "value must be 0 or 1"},
        {"1 -1:1", "want id:1"},
        {"1 99:1", "an id has no name"},
        {"1 4294967295:1", "an id has no name"},
        {"1 4294967296:1", "want id:1"},
        {"1 99999999999999999999:1", "want id:1"},
        {"1 3:1", "an id has no name"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[100], place[80];
        snprintf(text, sizeof text, "0 1:1\n%s\n1 1:1\n", cases[i].line);
        f->options.most_bad = 0;
        assert_false(read_svm(f, NAMES, text));
        assert_non_null(strstr(f->error, cases[i].reason));
        snprintf(place, sizeof place, "%s:2: ", f->log_file.path);
        assert_non_null(strstr(f->error, place));
        f->options.most_bad = 1; /* forgiven: the rest goes on */
        assert_true(read_svm(f, NAMES, text));
        assert_int_equal(f->log.rows, 2);
        assert_int_equal(f->log.bad, 1);
    }
}

static void bad_names(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *names, *reason;
    } cases[] = {
        {"a:b", "want field:value<TAB>id"},
        {"ab\t1", "want field:value<TAB>id"},
        {"\n", "want field:value<TAB>id"},
        {"a:b\tx", "the id is not a number"},
        {"a:b\t", "the id is not a number"},
        {"a:b\t1 ", "the id is not a number"},
        {"a:b\t134217728", "the id is not a number below"},
        {"a:\t1", "is empty or holds a control character"},
        {":b\t1", "is empty or holds a control character"},
        {"a:b\001\t1", "is empty or holds a control character"},
        {"a:b\t1\na:c\t1", "has a name already"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f->options.most_bad = 100;
        assert_false(read_svm(f, cases[i].names, "1 1:1\n"));
        assert_non_null(strstr(f->error, cases[i].reason));
    }
}

static void bad_lines_of_ndjson(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"", "not JSON"},
        {"{", "not JSON"},
        {"[]", "not a JSON object"},
        {"{\"click\":0,\"click\":1,\"features\":[]}", "not JSON"},
        {"{\"features\":[]}", "click must be 0 or 1"},
        {"{\"click\":2,\"features\":[]}", "click must be 0 or 1"},
        {"{\"click\":true,\"features\":[]}", "click must be 0 or 1"},
        {"{\"click\":1}", "features must be an array"},
        {"{\"click\":1,\"features\":[1]}", "not a text field=value"},
        {"{\"click\":1,\"features\":[\"a\"]}", "not a text field=value"},
        {"{\"click\":1,\"features\":[\"=a\"]}", "is empty or holds a control character"},
        {"{\"click\":1,\"features\":[\"a=\"]}", "is empty or holds a control character"},
        {"{\"click\":1,\"features\":[\"a=b\\tc\"]}", "is empty or holds a control character"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[200];
        snprintf(text, sizeof text, "%s\n{\"click\":1,\"features\":[\"a=b\"]}\n", cases[i].line);
        f->options.most_bad = 0;
        assert_false(read_ndjson(f, text));
        assert_non_null(strstr(f->error, cases[i].reason));
        assert_non_null(strstr(f->error, ":1: "));
        f->options.most_bad = 1;
        assert_true(read_ndjson(f, text));
        assert_int_equal(f->log.rows, 1);
    }
}

static void too_much(void **state) {
    struct fixture *f = *state;
    const size_t features = CLICK_LOG_ROW_FEATURES + 1;
    char *text = malloc(features * 12 + 4000);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, "{\"click\":1,\"features\":[");
    for (size_t i = 0; i < features; i++)
        n += (size_t)sprintf(text + n, "%s\"a=%zu\"", i ? "," : "", i);
    sprintf(text + n, "]}\n");
    f->options.most_bad = 0;
    assert_false(read_ndjson(f, text));
    assert_non_null(strstr(f->error, "more than 1024 features"));
    n = (size_t)sprintf(text, "{\"click\":1,\"features\":[\"a=");
    memset(text + n, 'x', 2000);
    sprintf(text + n + 2000, "\"]}\n");
    assert_false(read_ndjson(f, text));
    assert_non_null(strstr(f->error, "name is too long"));
    free(text);
}

static void memory_is_capped(void **state) {
    struct fixture *f = *state;
    struct buf text;
    buf_init(&text, 64u << 20);
    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "{\"click\":0,\"features\":[\"a=%d\",\"b=%d\"]}\n", i, i);
    buf_add_char(&text, '\0');
    assert_false(text.failed);
    f->options.cap_bytes = 1u << 20;
    f->options.most_bad = 1000000; /* no line behind would fit either: it ends at once */
    assert_false(read_ndjson(f, text.p));
    assert_non_null(strstr(f->error, "does not fit into --memory"));
    buf_cleanup(&text);
}

static void files_that_are_not_there(void **state) {
    struct fixture *f = *state;
    f->options.format = CLICK_LOG_SVM;
    f->options.path = "/nowhere/log";
    f->options.names_path = "/nowhere/names";
    assert_false(click_log_read(&f->log, &f->options, f->error, sizeof f->error));
    assert_non_null(strstr(f->error, "/nowhere/names"));
    click_log_cleanup(&f->log);
    f->options.format = CLICK_LOG_NDJSON;
    assert_false(click_log_read(&f->log, &f->options, f->error, sizeof f->error));
    assert_non_null(strstr(f->error, "/nowhere/log"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(svm),
        TEST(ndjson),
        TEST(rules),
        TEST(a_second_file_goes_behind),
        TEST(bad_lines_of_svm),
        TEST(bad_names),
        TEST(bad_lines_of_ndjson),
        TEST(too_much),
        TEST(memory_is_capped),
        TEST(files_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
