/* Memory that runs out at any point is an error with a reason; broken texts of all sorts are no crash. */
#include "openrtb_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"

/* Long enough for lists that grow, with escapes, and a native request. */
static char *big_request(size_t *n) {
    size_t room = 200000;
    char *text = calloc(1, room);
    assert_non_null(text);
    strcat(text, "{\"id\":\"r\"," SITE ",\"device\":{\"ua\":\"");
    for (int i = 0; i < 700; i++)
        strcat(text, "\\\"agent\\u00e9");
    strcat(text, "\"},\"imp\":[");
    for (int i = 0; i < 9; i++) {
        char id[64];
        snprintf(id, sizeof(id), "%s{\"id\":\"%d\",", i ? "," : "", i);
        strcat(text, id);
        strcat(text, BANNER ",\"native\":{\"request\":\"{\\\"assets\\\":[{\\\"title\\\":{\\\"len\\\":90}},"
                            "{\\\"img\\\":{\\\"w\\\":1}}]}\"},\"ext\":{");
        for (int k = 0; k < 40; k++) {
            snprintf(id, sizeof(id), "%s\"k\\u0065y-%d\":[%d]", k ? "," : "", k, k);
            strcat(text, id);
        }
        strcat(text, "}}");
    }
    strcat(text, "]}");
    *n = strlen(text);
    return text;
}

static void an_arena_that_is_full_at_any_point(void **state) {
    struct fixture *fixture = *state;
    struct openrtb_parse_limits limits;
    size_t n, refused = 0, accepted = 0;
    char *text = big_request(&n);
    openrtb_parse_limits_default(&limits);
    arena_reset(&fixture->arena);
    for (size_t cap = 0; cap < 400000; cap += 512) {
        struct arena arena;
        arena_init(&arena, &fixture->pool, cap);
        memset(&fixture->error, 0, sizeof(fixture->error));
        if (openrtb_request_parse((struct str){text, n}, &limits, &arena, &fixture->request,
                                  &fixture->error) == 0) {
            accepted++;
            assert_int_equal(fixture->request.imp_count, 9);
        } else {
            assert_int_equal(accepted, 0);
            refused++;
            assert_non_null(strstr(fixture->error.reason, "memory"));
        }
        arena_reset(&arena);
    }
    assert_int_equal(fixture->pool.in_use_bytes, 0);
    assert_true(refused > 10);
    assert_true(accepted > 10);
    free(text);
}

/* Bytes changed, taken out, put in or doubled: whatever comes of it is refused or a request. */
static size_t mutate(struct prng *prng, char *text, size_t n, size_t room) {
    static const char bytes[] = "{}[]\",:\\u0e.-19tfn \x80\xFF\xED\xA0";
    for (uint64_t k = 1 + prng_next(prng) % 4; k > 0 && n > 8; k--) {
        size_t at = prng_next(prng) % n, length = prng_next(prng) % 8;
        switch (prng_next(prng) % 4) {
        case 0:
            text[at] = bytes[prng_next(prng) % (sizeof(bytes) - 1)];
            break;
        case 1:
            if (at + length < n) {
                memmove(text + at, text + at + length, n - at - length);
                n -= length;
            }
            break;
        case 2:
            if (n + 1 < room) {
                memmove(text + at + 1, text + at, n - at);
                text[at] = bytes[prng_next(prng) % (sizeof(bytes) - 1)];
                n++;
            }
            break;
        default:
            n = prng_next(prng) % 8 == 0 ? at : n;
        }
    }
    return n;
}

static void views_lie_in_the_text(const struct fixture *fixture, const struct json_members *members,
                                  size_t n) {
    for (size_t i = 0; i < members->count; i++) {
        const struct json_member *member = &members->items[i];
        assert_true(member->text.p >= fixture->copy && member->text.p + member->text.n <= fixture->copy + n);
        assert_true(member->value.p > member->text.p);
        assert_ptr_equal(member->value.p + member->value.n, member->text.p + member->text.n);
    }
}

static void broken_texts_are_no_crash(void **state) {
    static const char request[] =
        "{\"id\":\"r\",\"imp\":[{\"id\":\"1\",\"bidfloor\":0.5,\"banner\":{\"format\":[{\"w\":1,\"h\":1}]},"
        "\"ext\":{\"prebid\":"
        "{\"bidder\":{\"a\":{\"b\":[1,\"\\u00e9\"]}}}},\"native\":{\"request\":\"{\\\"assets\\\":[{"
        "\\\"title\\\":{\\\"len\\\":9}}]}\"}}],"
        "\"site\":{\"id\":\"\xC3\xA9\"},\"device\":{\"geo\":{\"lat\":1.5e1}},\"x\":{\"y\":[null,true,-0.0]}}";
    static const char response[] = "{\"id\":\"r\",\"seatbid\":[{\"bid\":[{\"id\":\"1\",\"price\":1.5,\"adm\":"
                                   "\"<\\\"\\ud83d\\ude00>\",\"adomain\":[\"a\"]},"
                                   "{\"id\":\"2\",\"ext\":{\"a\":[1]}}],\"seat\":\"s\"}],\"cur\":\"USD\"}";
    struct fixture *fixture = *state;
    struct prng prng;
    char text[1024];
    size_t good = 0;
    prng_seed(&prng, 99);
    for (int i = 0; i < 40000; i++) {
        memcpy(text, request, sizeof(request));
        size_t n = mutate(&prng, text, sizeof(request) - 1, sizeof(text));
        if (fixture_parse(fixture, (struct str){text, n}) == 0) {
            good++;
            views_lie_in_the_text(fixture, &fixture->request.members, n);
            views_lie_in_the_text(fixture, &fixture->request.imps[0].members, n);
        } else {
            assert_true(fixture->error.reason[0] != '\0');
        }
        memcpy(text, response, sizeof(response));
        n = mutate(&prng, text, sizeof(response) - 1, sizeof(text));
        if (fixture_parse_response(fixture, (struct str){text, n}) == 0)
            for (size_t k = 0; k < fixture->response.bid_count; k++)
                views_lie_in_the_text(fixture, &fixture->response.bids[k].members, n);
    }
    assert_true(good > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_that_is_full_at_any_point),
        cmocka_unit_test(broken_texts_are_no_crash),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
