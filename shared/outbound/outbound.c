/* The calls' lives; see outbound.h. */
#include "outbound/outbound_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

const char *outbound_outcome_name(enum outbound_outcome outcome) {
    static const char *const names[] = {"answered", "timeout",   "connect_failed", "tls_failed",
                                        "broken",   "too_large", "bad_encoding",   "no_memory"};
    _Static_assert(COUNT_OF(names) == OUTBOUND_OUTCOMES, "a name for each outcome");
    return names[outcome];
}

/* ---- states ---- */

static bool in_libcurl(enum call_state state) {
    return state == CALL_RUNNING || state == CALL_LATE;
}

/* For the assert alone. */
__attribute__((unused)) static bool move_is_legal(enum call_state from, enum call_state to) {
    switch (to) {
    case CALL_FREE:
        return from != CALL_FREE;
    case CALL_FILLING:
        return from == CALL_FREE;
    case CALL_RUNNING:
        return from == CALL_FILLING;
    case CALL_LATE:
        return from == CALL_RUNNING;
    case CALL_FINISHED:
        return from == CALL_FILLING || from == CALL_RUNNING;
    }
    return false;
}

static void call_set_state(struct outbound_call *call, enum call_state state) {
    struct outbound_target *target = call->target;
    assert(move_is_legal(call->state, state));
    assert(!in_libcurl(state) || call->in_multi);
    target->stats.in_flight += (state != CALL_FREE) - (uint64_t)(call->state != CALL_FREE);
    target->stats.late += (state == CALL_LATE) - (uint64_t)(call->state == CALL_LATE);
    enum call_state from = call->state;
    call->state = state;
    if (state == CALL_LATE)
        outbound_charge_late(call);
    if (state != CALL_FREE)
        return;
    call->done = NULL;
    buf_clear(&call->answer, OUTBOUND_KEEP_BYTES);
    outbound_charge_ended(call, from);
    call->next = target->free;
    target->free = call;
    target->free_count++;
}

/* Its done is called in this turn. */
static void call_finish(struct outbound_call *call, enum outbound_outcome outcome) {
    struct outbound *outbound = call->target->outbound;
    call->outcome = outcome;
    call_set_state(call, CALL_FINISHED);
    call->next = NULL;
    *outbound->finished_tail = call;
    outbound->finished_tail = &call->next;
}

static void call_remove(struct outbound_call *call) {
    timer_disarm(&call->timer);
    if (call->in_multi)
        curl_multi_remove_handle(call->target->outbound->multi, call->easy);
    call->in_multi = false;
}

void outbound_call_cut(struct outbound_call *call) {
    call_remove(call);
    if (in_libcurl(call->state))
        call_set_state(call, CALL_FREE);
}

/* ---- lateness ---- */

/* Nobody waits for the call any more; it runs on for its connection's sake, or is cut. */
static void call_be_late(struct outbound_call *call) {
    struct outbound_target *target = call->target;
    uint64_t end_us = loop_now(target->outbound->loop) + target->options.late_timeout_us;
    call->done = NULL;
    buf_clear(&call->answer, 0);
    if (target->stats.late >= target->options.max_late || target->options.late_timeout_us == 0 ||
        !outbound_charge_may_be_late(call) || timer_arm(&call->timer, end_us) != 0) {
        target->stats.late_cut++;
        outbound_call_cut(call);
        return;
    }
    call_set_state(call, CALL_LATE);
}

void outbound_on_call_timer(void *ctx) {
    struct outbound_call *call = ctx;
    struct outbound *outbound = call->target->outbound;
    if (call->state == CALL_LATE) {
        call->target->stats.late_cut++;
        outbound_call_cut(call);
        return;
    }
    outbound_done_fn done = call->done;
    void *done_ctx = call->ctx;
    struct outbound_result result = {.outcome = OUTBOUND_TIMEOUT,
                                     .took_us = loop_now(outbound->loop) - call->sent_us};
    outbound_enter(outbound);
    call_be_late(call);
    done(done_ctx, &result);
    outbound_leave(outbound);
}

void outbound_abandon(struct outbound_call *call) {
    if (call->state == CALL_RUNNING)
        call_be_late(call);
    else
        call->done = NULL; /* finished in this turn: delivered to nobody */
}

/* ---- answers ---- */

size_t outbound_on_body(char *p, size_t size, size_t n, void *ctx) {
    struct outbound_call *call = ctx;
    size_t bytes = size * n;
    call->answer_bytes += bytes;
    if (call->answer_bytes > call->target->options.max_answer_bytes) {
        call->too_large = true;
        return bytes + 1; /* libcurl ends the transfer */
    }
    if (call->state != CALL_LATE)
        buf_add(&call->answer, p, bytes);
    return call->answer.failed ? bytes + 1 : bytes;
}

static enum outbound_outcome outcome_of(const struct outbound_call *call, CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return OUTBOUND_ANSWERED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return call->starved ? OUTBOUND_NO_MEMORY : OUTBOUND_CONNECT_FAILED;
    case CURLE_OPERATION_TIMEDOUT: {
        curl_off_t request_us = 0; /* 0 until the request may be sent */
        curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &request_us);
        return request_us ? OUTBOUND_TIMEOUT : OUTBOUND_CONNECT_FAILED;
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
        return OUTBOUND_TLS_FAILED;
    case CURLE_FILESIZE_EXCEEDED:
        return OUTBOUND_TOO_LARGE;
    case CURLE_WRITE_ERROR:
        return call->too_large ? OUTBOUND_TOO_LARGE : OUTBOUND_NO_MEMORY;
    case CURLE_BAD_CONTENT_ENCODING: /* of a Transfer-Encoding */
        return OUTBOUND_BAD_ENCODING;
    case CURLE_OUT_OF_MEMORY: {
        curl_off_t first_byte_us = 0; /* libcurl's word for a header line that is too long, too */
        curl_easy_getinfo(call->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
        return first_byte_us ? OUTBOUND_BROKEN : OUTBOUND_NO_MEMORY;
    }
    default:
        return OUTBOUND_BROKEN;
    }
}

/*
 * A kept connection that its peer closed just when it was used again. libcurl tries another one itself, but a
 * handle gives up at every sixth time in its life (7.88 counts them and never starts anew), so there we do.
 */
static bool connection_was_stale(const struct outbound_call *call, CURLcode code) {
    long opened = 1;
    long header_bytes = 1;
    if (call->state != CALL_RUNNING || call->tried_again ||
        (code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR && code != CURLE_GOT_NOTHING))
        return false;
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &opened);
    curl_easy_getinfo(call->easy, CURLINFO_HEADER_SIZE, &header_bytes);
    return opened == 0 && header_bytes == 0;
}

/* Starts the call anew; its timer goes on. */
static bool call_again(struct outbound_call *call) {
    CURLM *multi = call->target->outbound->multi;
    call->tried_again = true;
    curl_multi_remove_handle(multi, call->easy);
    call->in_multi = curl_multi_add_handle(multi, call->easy) == CURLM_OK;
    return call->in_multi;
}

static void transfer_ended(struct outbound_call *call, CURLcode code) {
    if (connection_was_stale(call, code) && call_again(call))
        return;
    struct outbound_target_stats *stats = &call->target->stats;
    enum outbound_outcome outcome = outcome_of(call, code);
    if (outcome == OUTBOUND_ANSWERED) {
        long status = 0;
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        call->status = (int)status;
    } else {
        log_debug("outbound", "call failed target=%s outcome=%s libcurl=\"%s\"", call->target->name,
                  outbound_outcome_name(outcome), curl_easy_strerror(code));
    }
    stats->bytes_in += call->answer_bytes;
    bool late = call->state == CALL_LATE;
    if (late) {
        stats->late_answered += outcome == OUTBOUND_ANSWERED;
        stats->late_cut += outcome == OUTBOUND_TOO_LARGE;
        call_remove(call);
        call_set_state(call, CALL_FREE);
        return;
    }
    call_remove(call);
    call_finish(call, outcome);
}

/* ---- delivery ---- */

static void call_deliver(struct outbound_call *call) {
    struct outbound_target *target = call->target;
    if (call->done) {
        struct outbound_result result = {.outcome = call->outcome,
                                         .took_us = loop_now(target->outbound->loop) - call->sent_us};
        if (result.outcome == OUTBOUND_ANSWERED)
            result.outcome = outbound_answer_read(call, &result.body);
        if (result.outcome == OUTBOUND_ANSWERED)
            result.status = call->status;
        else
            result.body = (struct str){NULL, 0};
        call->done(call->ctx, &result);
    }
    if (target->dead) /* done may have destroyed it; the memory stays until outbound_leave() */
        return;
    call_set_state(call, CALL_FREE);
    if (UNLIKELY(target->inflated.room > OUTBOUND_KEEP_BYTES))
        buf_clear(&target->inflated, OUTBOUND_KEEP_BYTES);
}

void outbound_deliver(struct outbound *outbound) {
    const CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(outbound->multi, &left)) != NULL) {
        struct outbound_call *call = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        transfer_ended(call, code);
    }
    /* What fails at once inside a done waits for the next turn: a caller that tries again can't spin here. */
    struct outbound_call *batch = outbound->finished;
    outbound->finished = NULL;
    outbound->finished_tail = &outbound->finished;
    while (batch) {
        struct outbound_call *call = batch;
        batch = call->next;
        if (!call->target->dead)
            call_deliver(call);
    }
}

static void on_turn(struct deferred *deferred) {
    struct outbound *outbound = CONTAINER_OF(deferred, struct outbound, turn);
    outbound->turn_queued = false;
    if (outbound->freed) {
        free(outbound);
        return;
    }
    outbound_enter(outbound);
    if (outbound->curl_due) {
        int running = 0;
        outbound->curl_due = false;
        curl_multi_socket_action(outbound->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    outbound_deliver(outbound);
    outbound_leave(outbound);
}

void outbound_turn_later(struct outbound *outbound) {
    if (outbound->turn_queued)
        return;
    outbound->turn_queued = true;
    outbound->turn.fn = on_turn;
    loop_defer(outbound->loop, &outbound->turn);
}

/* ---- calling ---- */

bool outbound_target_starved(const struct outbound_target *target) {
    return target->starved;
}

/* A call that is charged and in no list; NULL: no place or no memory. */
static struct outbound_call *take_call(struct outbound_target *target) {
    struct outbound_call *call = target->free;
    target->starved = false;
    if (!call && target->call_count >= target->call_limit)
        return NULL;
    target->starved = true;
    if (!call) {
        call = outbound_call_create(target);
        if (!call)
            return NULL;
        call->next = NULL;
        target->free_count++;
    }
    if (!outbound_charge_begin(call)) {
        target->free = call; /* where it was, or a new one */
        return NULL;
    }
    target->starved = false;
    target->free = call->next;
    target->free_count--;
    if (target->free_count < target->least_free)
        target->least_free = target->free_count;
    return call;
}

struct outbound_call *outbound_begin(struct outbound_target *target) {
    if (target->dead)
        return NULL;
    struct outbound_call *call = take_call(target);
    if (!call && target->starved && outbound_free_kept(target))
        call = take_call(target);
    if (!call)
        return NULL;
    buf_clear(&call->body, OUTBOUND_KEEP_BYTES);
    buf_clear(&call->path, OUTBOUND_KEEP_BYTES);
    call_set_state(call, CALL_FILLING);
    return call;
}

struct buf *outbound_call_body(struct outbound_call *call) {
    return &call->body;
}

bool outbound_call_path(struct outbound_call *call, struct str path) {
    return outbound_headers_path(call, path);
}

void outbound_discard(struct outbound_call *call) {
    call_set_state(call, CALL_FREE);
}

/* Sets what differs from call to call: the body, and whether there is one. */
static bool call_load(struct outbound_call *call) {
    struct outbound_target *target = call->target;
    bool get = call->body.n == 0 || call->path.n > 0;
    bool ok = true;
    if (get != call->is_get || call->path.n || call->path_set) {
        ok = outbound_headers_set(call, get);
        call->body_set = NULL;
    }
    if (get || !ok)
        return ok;
    struct buf *body = &call->body;
    if (target->options.gzip_request) {
        body = &call->packed;
        buf_clear(body, OUTBOUND_KEEP_BYTES);
        if (gzip_deflate(target->outbound->gzip, buf_view(&call->body), 1, body) != GZIP_OK)
            return false;
    }
    target->stats.bytes_out += body->n;
    if (call->body_set != body->p)
        ok = curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body->p) == CURLE_OK;
    call->body_set = body->p;
    return ok && curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n) == CURLE_OK;
}

/* Hands the call to libcurl; the outcome when that fails at once, else OUTBOUND_ANSWERED. */
static enum outbound_outcome call_start(struct outbound_call *call, uint64_t deadline_us) {
    struct outbound *outbound = call->target->outbound;
    if (call->body.failed)
        return OUTBOUND_NO_MEMORY;
    if (deadline_us <= call->sent_us)
        return OUTBOUND_TIMEOUT;
    if (!outbound_call_address(call))
        return OUTBOUND_CONNECT_FAILED;
    if (!call_load(call) || timer_arm(&call->timer, deadline_us) != 0)
        return OUTBOUND_NO_MEMORY;
    if (curl_multi_add_handle(outbound->multi, call->easy) != CURLM_OK) {
        timer_disarm(&call->timer);
        return OUTBOUND_NO_MEMORY;
    }
    call->in_multi = true;
    call_set_state(call, CALL_RUNNING);
    return OUTBOUND_ANSWERED;
}

void outbound_send(struct outbound_call *call, uint64_t deadline_us, outbound_done_fn done, void *ctx) {
    struct outbound *outbound = call->target->outbound;
    assert(call->state == CALL_FILLING);
    call->done = done;
    call->ctx = ctx;
    call->sent_us = loop_now(outbound->loop);
    call->answer_bytes = 0;
    call->too_large = call->starved = call->tried_again = false;
    call->status = 0;
    enum outbound_outcome outcome = call_start(call, deadline_us);
    if (outcome != OUTBOUND_ANSWERED)
        call_finish(call, outcome);
    outbound_turn_later(outbound);
}

/* ---- making and freeing ---- */

struct outbound *outbound_create(struct loop *loop) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return NULL;
    struct outbound *outbound = calloc(1, sizeof *outbound);
    if (!outbound) {
        curl_global_cleanup();
        return NULL;
    }
    outbound->loop = loop;
    outbound->finished_tail = &outbound->finished;
    outbound->multi = curl_multi_init();
    outbound->share = curl_share_init();
    if (!outbound->multi || !outbound->share ||
        curl_share_setopt(outbound->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK ||
        outbound_sockets_init(outbound) != 0) {
        outbound_destroy(outbound);
        return NULL;
    }
    return outbound;
}

static void outbound_free(struct outbound *outbound) {
    while (outbound->targets) {
        struct outbound_target *target = outbound->targets;
        outbound->targets = target->next;
        outbound_target_free(target);
    }
    resolver_destroy(outbound->resolver);
    gzip_destroy(outbound->gzip);
    curl_multi_cleanup(outbound->multi);
    curl_share_cleanup(outbound->share);
    outbound_sockets_cleanup(outbound);
    curl_global_cleanup();
    outbound->freed = true;
    if (!outbound->turn_queued) /* else the loop still points to it, and on_turn() frees it */
        free(outbound);
}

void outbound_enter(struct outbound *outbound) {
    outbound->depth++;
}

static void free_dead_targets(struct outbound *outbound) {
    struct outbound_target **link = &outbound->targets;
    while (*link) {
        struct outbound_target *target = *link;
        if (target->dead) {
            *link = target->next;
            outbound_target_free(target);
        } else {
            link = &target->next;
        }
    }
}

/* A dead target's calls leave the list of finished ones before they are freed. */
static void forget_dead_calls(struct outbound *outbound) {
    struct outbound_call **link = &outbound->finished;
    while (*link) {
        if ((*link)->target->dead)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
    outbound->finished_tail = link;
}

void outbound_leave(struct outbound *outbound) {
    if (--outbound->depth > 0)
        return;
    if (outbound->doomed) {
        outbound_free(outbound);
        return;
    }
    if (outbound->dead_targets) {
        outbound->dead_targets = false;
        forget_dead_calls(outbound);
        free_dead_targets(outbound);
    }
}

void outbound_destroy(struct outbound *outbound) {
    if (!outbound)
        return;
    outbound_enter(outbound);
    for (struct outbound_target *target = outbound->targets; target; target = target->next)
        outbound_target_destroy(target);
    outbound->doomed = true;
    outbound_leave(outbound);
}
