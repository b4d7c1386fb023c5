/*
 * Outside cases, where they lie beside the project (../shared/conformance): 60 requests with the status that
 * they must be answered with, 2,119 requests of real clients, 571 answers of real partners.
 */
#include "openrtb_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls fn for each line. The number of lines, 0 when the file is absent. */
static size_t for_each_line(struct fixture *fixture, const char *name,
                            void (*fn)(struct fixture *fixture, struct str line)) {
    char path[512];
    snprintf(path, sizeof(path), "%s/conformance/%s", SHARED_DATA, name);
    FILE *file = fopen(path, "r");
    if (!file) {
        print_message("skipped: %s is absent\n", name);
        return 0;
    }
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t n;
    while ((n = getline(&line, &room, file)) > 0) {
        fn(fixture, (struct str){line, (size_t)n});
        count++;
    }
    free(line);
    fclose(file);
    return count;
}

/* A line that is a JSON string stands for its bare text. */
static char *bare_text(json_t *value) {
    return json_is_string(value) ? strdup(json_string_value(value))
                                 : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void check_case(struct fixture *fixture, struct str line) {
    json_t *root = json_loadb(line.p, line.n, 0, NULL);
    assert_non_null(root);
    char *text = bare_text(json_object_get(root, "request"));
    const char *name = json_string_value(json_object_get(root, "name"));
    bool accepted = fixture_parse(fixture, str_from(text)) == 0;
    bool expected = json_integer_value(json_object_get(root, "status")) == 200;
    if (accepted != expected)
        fail_msg("%s: %s %s", name, accepted ? "accepted" : fixture->error.path, fixture->error.reason);
    free(text);
    json_decref(root);
}

static void cases_with_a_known_answer(void **state) {
    size_t count = for_each_line(*state, "auction_cases.ndjson", check_case);
    if (count == 0)
        skip();
    assert_int_equal(count, 60);
}

static size_t accepted_requests;

static void check_request(struct fixture *fixture, struct str line) {
    json_t *value = json_loadb(line.p, line.n, JSON_DECODE_ANY, NULL);
    char *text = json_is_string(value) ? bare_text(value) : strndup(line.p, line.n);
    if (fixture_parse(fixture, str_from(text)) == 0) {
        accepted_requests++;
        assert_true(fixture->request.imp_count > 0);
        assert_true(fixture->request.id.n > 0);
    } else {
        assert_true(fixture->error.reason[0] != '\0');
    }
    free(text);
    json_decref(value);
}

static void requests_of_real_clients(void **state) {
    accepted_requests = 0;
    size_t count = for_each_line(*state, "incoming_requests.ndjson", check_request) +
                   for_each_line(*state, "outgoing_requests.ndjson", check_request);
    if (count == 0)
        skip();
    print_message("%zu of %zu requests accepted\n", accepted_requests, count);
    assert_int_equal(count, 2119);
    /* What is refused was looked at: no channel (401), a site without id and page (111), and the like. */
    assert_in_range(accepted_requests, 1300, 1350);
}

static size_t valid_bids;

static void check_response(struct fixture *fixture, struct str line) {
    json_t *value = json_loadb(line.p, line.n, JSON_DECODE_ANY, NULL);
    char *text = json_is_string(value) ? bare_text(value) : strndup(line.p, line.n);
    if (fixture_parse_response(fixture, str_from(text)) == 0)
        for (size_t i = 0; i < fixture->response.bid_count; i++)
            valid_bids += !fixture->response.bids[i].invalid;
    else
        assert_true(fixture->error.reason[0] != '\0');
    free(text);
    json_decref(value);
}

static void answers_of_real_partners(void **state) {
    valid_bids = 0;
    size_t count = for_each_line(*state, "bid_responses.ndjson", check_response);
    if (count == 0)
        skip();
    print_message("%zu valid bids in %zu answers\n", valid_bids, count);
    assert_int_equal(count, 571);
    assert_in_range(valid_bids, 500, 700);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_with_a_known_answer),
        cmocka_unit_test(requests_of_real_clients),
        cmocka_unit_test(answers_of_real_partners),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
