/* One call; see replay_call.h. */
#include "replay/replay_call.h"

#include <stdio.h>

#include "base/loop.h"
#include "outbound/outbound.h"

struct once {
    struct loop *loop;
    struct buf *answer;
    int status;
    enum outbound_outcome outcome;
};

static void on_done(void *ctx, const struct outbound_result *result) {
    struct once *once = ctx;
    once->outcome = result->outcome;
    once->status = result->outcome == OUTBOUND_ANSWERED ? result->status : -1;
    buf_add_str(once->answer, result->body);
    loop_stop(once->loop);
}

int call_once(const char *url, struct str body, uint64_t timeout_us, struct buf *answer, char *error,
              size_t error_size) {
    static struct str headers[] = {STR_INIT("Content-Type: application/json")};
    struct once once = {loop_create(), answer, -1, OUTBOUND_NO_MEMORY};
    struct outbound *outbound = once.loop ? outbound_create(once.loop) : NULL;
    struct outbound_target *target = NULL;
    struct outbound_target_options options;
    snprintf(error, error_size, "out of memory");
    outbound_target_options_default(&options);
    options.name = "once";
    options.url = url;
    options.headers = (struct str_list){headers, body.n > 0 ? 1 : 0};
    options.max_answer_bytes = options.max_inflated_bytes = answer->cap;
    if (outbound)
        target = outbound_target_create(outbound, &options, error, error_size);
    struct outbound_call *call = target ? outbound_begin(target) : NULL;
    if (call) {
        buf_add_str(outbound_call_body(call), body);
        outbound_send(call, loop_now(once.loop) + timeout_us, on_done, &once);
        if (loop_run(once.loop) != 0)
            once.outcome = OUTBOUND_NO_MEMORY;
        snprintf(error, error_size, "%s: %s", url, outbound_outcome_name(once.outcome));
    }
    outbound_target_destroy(target);
    outbound_destroy(outbound);
    loop_destroy(once.loop);
    return once.status;
}
