/* What the tests of the OpenRTB readers share: an arena, and texts in memory of exactly their size. */
#ifndef SLIMBID_TESTS_OPENRTB_FIXTURE_H
#define SLIMBID_TESTS_OPENRTB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "openrtb/openrtb_request.h"
#include "openrtb/openrtb_response.h"

struct fixture {
    struct arena_pool pool;
    struct arena arena;
    char *copy; /* of the text, so that a sanitizer sees a read outside of it */
    struct openrtb_request request;
    struct openrtb_response response;
    struct openrtb_error error;
};

/* For cmocka's set-up and tear-down: *state becomes a struct fixture. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* What the parser returns, with default limits. Frees what the last call has read. */
int fixture_parse(struct fixture *fixture, struct str text);
int fixture_parse_response(struct fixture *fixture, struct str text);

#define ASSERT_STR(view, literal)                                                                            \
    do {                                                                                                     \
        assert_int_equal((view).n, sizeof(literal) - 1);                                                     \
        assert_memory_equal((view).p, literal, sizeof(literal) - 1);                                         \
    } while (0)

/* Requests with something in a place of interest; the rest is valid. */
#define SITE         "\"site\":{\"page\":\"http://a.example/\"}"
#define BANNER       "\"banner\":{\"w\":300,\"h\":250}"
#define WITH(member) "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}]," SITE "," member "}"
#define IMPS(imps)   "{\"id\":\"r\",\"imp\":[" imps "]," SITE "}"
#define IMP(members) IMPS("{\"id\":\"1\"," members "}")

#endif
