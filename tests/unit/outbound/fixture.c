/* See fixture.h. */
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_limit(void *ctx) {
    struct fixture *f = ctx;
    f->timed_out = true;
    loop_stop(f->loop);
}

int fixture_setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    signal(SIGPIPE, SIG_IGN);
    f->loop = loop_create();
    assert_non_null(f->loop);
    f->outbound = outbound_create(f->loop);
    assert_non_null(f->outbound);
    budgets_init(&f->budgets, BUDGET_UNLIMITED);
    outbound_charge_to(f->outbound, &f->budgets);
    test_server_init(&f->server, f->loop);
    outbound_target_options_default(&f->options);
    timer_init(&f->limit, f->loop, on_limit, f);
    *state = f;
    return 0;
}

int fixture_teardown(void **state) {
    struct fixture *f = *state;
    outbound_destroy(f->outbound);
    test_server_cleanup(&f->server);
    fixture_run_ms(f, 1); /* what was deferred or cancelled ends here */
    timer_disarm(&f->limit);
    for (int i = 0; i < BUDGET_KINDS; i++)
        assert_int_equal(f->budgets.kinds[i].used, 0);
    assert_int_equal(f->budgets.process.used, 0);
    loop_destroy(f->loop);
    free(f);
    return 0;
}

struct outbound_target *fixture_target(struct fixture *f, const char *path) {
    char url[300];
    char error[200] = "";
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", f->server.port, path);
    f->options.url = url;
    struct outbound_target *target = outbound_target_create(f->outbound, &f->options, error, sizeof error);
    if (!target)
        fail_msg("%s", error);
    f->options.url = NULL;
    return target;
}

void fixture_done(void *ctx, const struct outbound_result *result) {
    struct told *told = ctx;
    told->count++;
    told->outcome = result->outcome;
    told->status = result->status;
    told->took_us = result->took_us;
    snprintf(told->body, sizeof told->body, "%.*s", (int)result->body.n,
             result->body.n ? result->body.p : "");
    if (--told->fixture->wanted == 0)
        loop_stop(told->fixture->loop);
}

struct outbound_call *fixture_send(struct fixture *f, struct outbound_target *target, const char *body,
                                   uint64_t deadline_ms, struct told *told) {
    struct outbound_call *call = outbound_begin(target);
    assert_non_null(call);
    *told = (struct told){.fixture = f};
    if (body)
        buf_add(outbound_call_body(call), body, strlen(body));
    f->wanted++;
    outbound_send(call, loop_now(f->loop) + deadline_ms * 1000, fixture_done, told);
    assert_int_equal(told->count, 0); /* never from inside */
    return call;
}

void fixture_wait(struct fixture *f) {
    assert_int_equal(timer_arm(&f->limit, loop_now(f->loop) + 10000000), 0);
    while (f->wanted > 0 && !f->timed_out)
        assert_int_equal(loop_run(f->loop), 0);
    timer_disarm(&f->limit);
    if (f->timed_out)
        fail_msg("%u calls were told nothing in 10 s", f->wanted);
}

void fixture_run_ms(struct fixture *f, uint64_t ms) {
    assert_int_equal(timer_arm(&f->limit, loop_now(f->loop) + ms * 1000), 0);
    f->timed_out = false;
    while (!f->timed_out)
        assert_int_equal(loop_run(f->loop), 0);
    f->timed_out = false;
}

struct told fixture_ask(struct fixture *f, struct outbound_target *target, const char *body,
                        uint64_t deadline_ms) {
    struct told told;
    fixture_send(f, target, body, deadline_ms, &told);
    fixture_wait(f);
    assert_int_equal(told.count, 1);
    return told;
}

struct outbound_target_stats fixture_stats(const struct outbound_target *target) {
    struct outbound_target_stats stats;
    outbound_target_stats(target, &stats);
    return stats;
}

unsigned fixture_threads(void) {
    DIR *dir = opendir("/proc/self/task");
    assert_non_null(dir);
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}
