/* What every test of outbound stands on: a real loop, the misbehaving server, one outbound, and waiting with
 * a limit. */
#ifndef SLIMBID_TESTS_OUTBOUND_FIXTURE_H
#define SLIMBID_TESTS_OUTBOUND_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "outbound/outbound.h"
#include "test_server.h"

struct fixture {
    struct loop *loop;
    struct outbound *outbound;
    struct budgets budgets; /* unlimited; all that was charged must be back at the end */
    struct test_server server;
    struct outbound_target_options options; /* for the next target */
    struct timer limit;
    bool timed_out;
    unsigned wanted; /* dones still waited for */
};

/* What a call's done was told. */
struct told {
    struct fixture *fixture;
    unsigned count;
    enum outbound_outcome outcome;
    int status;
    char body[4096];
    uint64_t took_us;
};

/* cmocka's setup and teardown. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A target at the test server's path, with f->options; fails the test when it can't be made. */
struct outbound_target *fixture_target(struct fixture *f, const char *path);
/* Sends a call with that body (NULL: none) and a deadline so many milliseconds away. */
struct outbound_call *fixture_send(struct fixture *f, struct outbound_target *target, const char *body,
                                   uint64_t deadline_ms, struct told *told);
/* Runs the loop until every call sent was told of, or fails the test after 10 s. */
void fixture_wait(struct fixture *f);
/* Runs the loop for so long. */
void fixture_run_ms(struct fixture *f, uint64_t ms);
/* Sends one call and waits for it. */
struct told fixture_ask(struct fixture *f, struct outbound_target *target, const char *body,
                        uint64_t deadline_ms);
struct outbound_target_stats fixture_stats(const struct outbound_target *target);
/* The done of fixture_send; ctx is a struct told. */
void fixture_done(void *ctx, const struct outbound_result *result);
/* Threads of this process now. */
unsigned fixture_threads(void);

#endif
