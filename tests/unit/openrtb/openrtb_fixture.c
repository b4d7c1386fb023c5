#include "openrtb_fixture.h"

#include <stdlib.h>
#include <string.h>

int fixture_set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    arena_pool_init(&fixture->pool, 16);
    arena_init(&fixture->arena, &fixture->pool, 4u << 20);
    *state = fixture;
    return 0;
}

int fixture_tear_down(void **state) {
    struct fixture *fixture = *state;
    arena_reset(&fixture->arena);
    arena_pool_cleanup(&fixture->pool);
    free(fixture->copy);
    free(fixture);
    return 0;
}

static struct str renew(struct fixture *fixture, struct str text) {
    arena_reset(&fixture->arena);
    free(fixture->copy);
    fixture->copy = malloc(text.n ? text.n : 1);
    assert_non_null(fixture->copy);
    memcpy(fixture->copy, text.p, text.n);
    memset(&fixture->error, 0, sizeof(fixture->error));
    return (struct str){fixture->copy, text.n};
}

int fixture_parse(struct fixture *fixture, struct str text) {
    struct openrtb_parse_limits limits;
    openrtb_parse_limits_default(&limits);
    return openrtb_request_parse(renew(fixture, text), &limits, &fixture->arena, &fixture->request,
                                 &fixture->error);
}

int fixture_parse_response(struct fixture *fixture, struct str text) {
    struct openrtb_response_limits limits;
    openrtb_response_limits_default(&limits);
    return openrtb_response_parse(renew(fixture, text), &limits, &fixture->arena, &fixture->response,
                                  &fixture->error);
}
