/* Scripted partners; see fake_outbound.h. Deadlines and late calls behave as the real module's. */
#include "fake_outbound.h"

#include <stdio.h>
#include <stdlib.h>

struct outbound_call {
    struct outbound_target *target;
    struct outbound_call *next, **link; /* of the target's */
    struct buf body, path;
    struct timer timer;
    uint64_t sent_us;
    bool times_out; /* the deadline comes before the script's answer */
    outbound_done_fn done;
    void *ctx;
};

struct outbound_target {
    struct outbound *outbound;
    struct outbound_target *next;
    char name[64];
    struct fake_script script;
    struct outbound_call *live;
    struct buf last_body, last_path;
    unsigned calls;
    size_t max_in_flight;
    size_t in_flight;
    bool starved;
};

struct outbound {
    struct loop *loop;
    struct budgets *budgets;
    struct outbound_target *targets;
    struct fake_script next; /* of targets to come */
};

const char *outbound_outcome_name(enum outbound_outcome outcome) {
    static const char *const names[OUTBOUND_OUTCOMES] = {"answered",     "timeout",  "connect_failed",
                                                         "tls_failed",   "broken",   "too_large",
                                                         "bad_encoding", "no_memory"};
    return names[outcome];
}

struct outbound *outbound_create(struct loop *loop) {
    struct outbound *outbound = calloc(1, sizeof *outbound);
    if (outbound) {
        outbound->loop = loop;
        outbound->next.never = true;
    }
    return outbound;
}

void outbound_destroy(struct outbound *outbound) {
    free(outbound);
}

void outbound_target_options_default(struct outbound_target_options *options) {
    *options = (struct outbound_target_options){.max_request_bytes = 1 << 20};
}

struct outbound_target *outbound_target_create(struct outbound *outbound,
                                               const struct outbound_target_options *options, char *error,
                                               size_t error_size) {
    struct outbound_target *target = calloc(1, sizeof *target);
    if (!target) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    snprintf(target->name, sizeof target->name, "%s", options->name);
    target->outbound = outbound;
    target->max_in_flight = options->max_in_flight;
    target->script = outbound->next;
    buf_init(&target->last_body, options->max_request_bytes);
    buf_init(&target->last_path, OUTBOUND_PATH_BYTES);
    target->next = outbound->targets;
    outbound->targets = target;
    return target;
}

static struct budget *transfers(const struct outbound *outbound) {
    return outbound->budgets ? &outbound->budgets->kinds[BUDGET_TRANSFERS] : NULL;
}

void outbound_charge_to(struct outbound *outbound, struct budgets *budgets) {
    outbound->budgets = budgets;
}

bool outbound_target_starved(const struct outbound_target *target) {
    return target->starved;
}

static void call_free(struct outbound_call *call) {
    budget_return(transfers(call->target->outbound), FAKE_CALL_BYTES);
    timer_disarm(&call->timer);
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->target->in_flight--;
    buf_cleanup(&call->body);
    buf_cleanup(&call->path);
    free(call);
}

void outbound_target_destroy(struct outbound_target *target) {
    if (!target)
        return;
    while (target->live)
        call_free(target->live);
    struct outbound_target **at = &target->outbound->targets;
    while (*at != target)
        at = &(*at)->next;
    *at = target->next;
    buf_cleanup(&target->last_body);
    buf_cleanup(&target->last_path);
    free(target);
}

static void on_timer(void *ctx) {
    struct outbound_call *call = ctx;
    const struct fake_script *script = &call->target->script;
    struct outbound_result result = {.took_us = loop_now(call->target->outbound->loop) - call->sent_us};
    outbound_done_fn done = call->done;
    void *done_ctx = call->ctx;
    if (call->times_out) {
        result.outcome = OUTBOUND_TIMEOUT;
    } else {
        result.outcome = script->outcome;
        result.status = script->status;
        result.body = script->body;
    }
    call_free(call);
    if (done)
        done(done_ctx, &result);
}

struct outbound_call *outbound_begin(struct outbound_target *target) {
    target->starved = false;
    if (target->in_flight >= target->max_in_flight)
        return NULL;
    target->starved = !budget_charge(transfers(target->outbound), FAKE_CALL_BYTES);
    struct outbound_call *call = target->starved ? NULL : calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->target = target;
    call->next = target->live;
    call->link = &target->live;
    if (call->next)
        call->next->link = &call->next;
    target->live = call;
    buf_init(&call->body, 1 << 20);
    buf_init(&call->path, OUTBOUND_PATH_BYTES);
    timer_init(&call->timer, target->outbound->loop, on_timer, call);
    target->in_flight++;
    return call;
}

struct buf *outbound_call_body(struct outbound_call *call) {
    return &call->body;
}

bool outbound_call_path(struct outbound_call *call, struct str path) {
    buf_add_str(&call->path, path);
    return !call->path.failed && path.n > 0 && path.p[0] == '/';
}

void outbound_discard(struct outbound_call *call) {
    call_free(call);
}

void outbound_send(struct outbound_call *call, uint64_t deadline_us, outbound_done_fn done, void *ctx) {
    struct outbound_target *target = call->target;
    call->done = done;
    call->ctx = ctx;
    call->sent_us = loop_now(target->outbound->loop);
    uint64_t answer_us = target->script.never ? UINT64_MAX : call->sent_us + target->script.after_us;
    call->times_out = answer_us > deadline_us;
    target->calls++;
    buf_clear(&target->last_body, SIZE_MAX);
    buf_add(&target->last_body, call->body.p, call->body.n);
    buf_clear(&target->last_path, SIZE_MAX);
    buf_add_str(&target->last_path, buf_view(&call->path));
    if (timer_arm(&call->timer, call->times_out ? deadline_us : answer_us) != 0)
        abort();
}

void outbound_abandon(struct outbound_call *call) {
    call->done = NULL;
}

void outbound_target_stats(const struct outbound_target *target, struct outbound_target_stats *stats) {
    *stats = (struct outbound_target_stats){.in_flight = target->in_flight};
}

bool outbound_target_resolved(const struct outbound_target *target) {
    return !target->script.unresolved;
}

struct outbound_target *fake_outbound_find(struct outbound *outbound, struct str name) {
    for (struct outbound_target *target = outbound->targets; target; target = target->next)
        if (str_eq(name, str_from(target->name)))
            return target;
    return NULL;
}

void fake_outbound_script_next(struct outbound *outbound, const struct fake_script *script) {
    outbound->next = *script;
}

void fake_outbound_script(struct outbound_target *target, const struct fake_script *script) {
    target->script = *script;
}

struct str fake_outbound_last_body(const struct outbound_target *target) {
    return buf_view(&target->last_body);
}

struct str fake_outbound_last_path(const struct outbound_target *target) {
    return buf_view(&target->last_path);
}

unsigned fake_outbound_calls(const struct outbound_target *target) {
    return target->calls;
}

void fake_outbound_reset_counts(struct outbound *outbound) {
    for (struct outbound_target *target = outbound->targets; target; target = target->next) {
        target->calls = 0;
        buf_clear(&target->last_body, SIZE_MAX);
        buf_clear(&target->last_path, SIZE_MAX);
    }
}
