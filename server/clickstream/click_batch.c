/* Results in order; see click_batch.h. */
#include "clickstream/click_batch.h"

#include <stdio.h>
#include <stdlib.h>

#include "auction.h"

#define RESULTS_BYTES  65536 /* of finished results; with so many, no more are made */
#define ENVELOPE_BYTES 8192  /* of a result around its bid response: escaped texts at their longest */
#define SPARE_SLOTS    256

/* An event that waits: for its auction, or for those before it. */
struct click_slot {
    struct click_slot *next;
    struct click_batch *batch;
    struct arena arena; /* its texts */
    struct auction *auction;
    bool done;
    struct click_end end;
    struct str response; /* of CLICK_BIDS */
    uint64_t key;
    const struct json_error *error;
};

struct click_batch {
    struct clickstream *clickstream;
    struct click_batch_options options;
    struct click_slot *first; /* in the order of their events */
    struct click_slot **tail;
    uint32_t waiting;
    bool adding; /* what ends now ends inside click_batch_add() */
    bool progress_due;
    bool destroyed;
    bool begun; /* a result was written */
    struct deferred progress;
    struct buf results;
    size_t taken; /* of them, from the front */
};

/* ---- slots ---- */

static size_t slot_bytes(const struct clickstream *clickstream, size_t texts) {
    return texts + clickstream->exchange->config->clickstream.answer_bytes + 4 * (size_t)ARENA_CHUNK_BYTES;
}

static struct click_slot *take_slot(struct click_batch *batch, size_t texts) {
    struct clickstream *clickstream = batch->clickstream;
    struct click_slot *slot = clickstream->spare;
    if (slot) {
        clickstream->spare = slot->next;
        clickstream->spare_count--;
    } else {
        slot = malloc(sizeof *slot);
        if (!slot)
            return NULL;
    }
    *slot = (struct click_slot){.batch = batch};
    arena_init(&slot->arena, &clickstream->exchange->arenas, slot_bytes(clickstream, texts));
    *batch->tail = slot;
    batch->tail = &slot->next;
    batch->waiting++;
    return slot;
}

/* Takes the first slot off its batch. */
static void drop_first(struct click_batch *batch) {
    struct click_slot *slot = batch->first;
    struct clickstream *clickstream = batch->clickstream;
    batch->first = slot->next;
    if (!batch->first)
        batch->tail = &batch->first;
    batch->waiting--;
    arena_reset(&slot->arena);
    if (clickstream->spare_count >= SPARE_SLOTS) {
        free(slot);
        return;
    }
    slot->next = clickstream->spare;
    clickstream->spare = slot;
    clickstream->spare_count++;
}

void click_batch_free_spares(struct clickstream *clickstream) {
    while (clickstream->spare) {
        struct click_slot *slot = clickstream->spare;
        clickstream->spare = slot->next;
        free(slot);
    }
    clickstream->spare_count = 0;
}

/* ---- results ---- */

static void write_error(struct buf *out, const char *path, const char *reason) {
    BUF_ADD_LIT(out, ",\"error\":{\"path\":");
    buf_add_json_string(out, str_from(path));
    BUF_ADD_LIT(out, ",\"reason\":");
    buf_add_json_string(out, str_from(reason));
    buf_add_char(out, '}');
}

static void write_reason(struct buf *out, const struct click_end *end, const struct json_error *error) {
    switch (end->outcome) {
    case CLICK_INVALID:
        write_error(out, error->path, error->reason);
        break;
    case CLICK_OVERLOAD:
        write_error(out, "", "too many auctions at once: send it again later");
        break;
    case CLICK_FAILED:
        write_error(out, "", "its auction or its bid response is larger than it may be");
        break;
    case CLICK_BIDS:
    case CLICK_NO_BID:
    case CLICK_ACCEPTED:
    case CLICK_DUPLICATE:
    case CLICK_CANCELLED:
    case CLICK_OUTCOMES:
        break;
    }
}

/* {"messageId":"...","status":"bids","placement":"...","response":{...}} */
static void write_result(struct click_batch *batch, const struct click_end *end, struct str response,
                         const struct json_error *error) {
    struct buf *out = &batch->results;
    clickstream_end(batch->clickstream, end);
    if (batch->options.silent)
        return;
    if (batch->begun)
        buf_add_str(out, batch->options.between);
    batch->begun = true;
    BUF_ADD_LIT(out, "{\"messageId\":");
    if (str_present(end->message_id))
        buf_add_json_string(out, end->message_id);
    else
        BUF_ADD_LIT(out, "null");
    BUF_ADD_LIT(out, ",\"status\":\"");
    buf_add_str(out, str_from(click_outcome_name(end->outcome)));
    buf_add_char(out, '"');
    if (end->placement) {
        BUF_ADD_LIT(out, ",\"placement\":");
        buf_add_json_string(out, end->placement->name);
    }
    if (end->outcome == CLICK_BIDS) {
        BUF_ADD_LIT(out, ",\"response\":");
        buf_add_str(out, response);
    }
    write_reason(out, end, error);
    buf_add_char(out, '}');
    buf_add_str(out, batch->options.behind);
}

static size_t results_waiting(const struct click_batch *batch) {
    return batch->results.n - batch->taken;
}

/* Writes what has come to its turn, while there is room for it. */
static void advance(struct click_batch *batch) {
    while (batch->first && batch->first->done && results_waiting(batch) < RESULTS_BYTES) {
        struct click_slot *slot = batch->first;
        write_result(batch, &slot->end, slot->response, slot->error);
        drop_first(batch);
    }
}

bool click_batch_failed(const struct click_batch *batch) {
    return batch->results.failed;
}

struct str click_batch_results(const struct click_batch *batch) {
    return (struct str){batch->results.p + batch->taken, results_waiting(batch)};
}

void click_batch_taken(struct click_batch *batch, size_t n) {
    batch->taken += n;
    if (batch->taken == batch->results.n) {
        batch->taken = 0;
        buf_clear(&batch->results, batch->results.cap);
    } else if (batch->taken >= RESULTS_BYTES) {
        memmove(batch->results.p, batch->results.p + batch->taken, results_waiting(batch));
        batch->results.n -= batch->taken;
        batch->taken = 0;
    }
    advance(batch);
}

/* ---- auctions ---- */

static void on_progress(struct deferred *self) {
    struct click_batch *batch = CONTAINER_OF(self, struct click_batch, progress);
    batch->progress_due = false;
    if (batch->destroyed)
        free(batch);
    else
        batch->options.on_progress(batch->options.ctx);
}

static void tell_later(struct click_batch *batch) {
    if (batch->progress_due)
        return;
    batch->progress_due = true;
    batch->progress.fn = on_progress;
    loop_defer(batch->clickstream->exchange->loop, &batch->progress);
}

static enum click_outcome outcome_of(enum request_outcome outcome) {
    switch (outcome) {
    case REQUEST_BIDS:
        return CLICK_BIDS;
    case REQUEST_NO_BID:
        return CLICK_NO_BID;
    case REQUEST_OVERLOAD:
        return CLICK_OVERLOAD;
    case REQUEST_INVALID:
        return CLICK_INVALID;
    case REQUEST_FAILED:
    case REQUEST_CANCELLED:
    case REQUEST_OUTCOMES:
        break;
    }
    return CLICK_FAILED;
}

/* The answer is valid during the call only: what the client gets of it is copied. */
static void keep_response(struct click_slot *slot, struct str body) {
    const struct config *config = slot->batch->clickstream->exchange->config;
    if (slot->batch->options.silent)
        return;
    if (body.n <= config->clickstream.answer_bytes)
        slot->response = arena_dup(&slot->arena, body);
    if (!str_present(slot->response))
        slot->end.outcome = CLICK_FAILED;
}

/* A request that the placement and the event made together, and that is none: told in general words, for the
 * event was read. */
static const struct json_error bad_request = {"", "makes no valid bid request with its placement"};

static void on_reply(void *ctx, const struct auction_reply *reply) {
    struct click_slot *slot = ctx;
    slot->auction = NULL;
    slot->done = true;
    slot->end.outcome = outcome_of(reply->outcome);
    slot->error = &bad_request;
    if (slot->end.outcome == CLICK_BIDS)
        keep_response(slot, reply->body);
    if (slot->end.outcome == CLICK_OVERLOAD)
        clickstream_unsee(slot->batch->clickstream, slot->key);
    /* Not from within click_batch_add(), which goes on with the slot. */
    struct click_batch *batch = slot->batch;
    if (batch->adding)
        return;
    advance(batch);
    tell_later(batch);
}

/* ---- adding ---- */

static void start(struct click_batch *batch, struct click_slot *slot, struct str request) {
    struct exchange *exchange = batch->clickstream->exchange;
    struct auction_input input = {.body = arena_dup(&slot->arena, request),
                                  .started_us = loop_clock(exchange->loop)};
    if (!str_present(input.body)) {
        slot->end.outcome = CLICK_FAILED;
        slot->done = true;
        return;
    }
    slot->auction = auction_start(exchange, &input, on_reply, slot);
}

/* Views of the look are dead with the next event: a slot has its own. */
static struct click_slot *make_slot(struct click_batch *batch, const struct click_end *end,
                                    const struct click_look *look) {
    struct click_slot *slot = take_slot(batch, end->message_id.n + look->request.n + sizeof look->error);
    if (!slot)
        return NULL;
    slot->end = *end;
    slot->key = look->key;
    if (str_present(end->message_id))
        slot->end.message_id = arena_dup(&slot->arena, end->message_id);
    if (end->outcome == CLICK_INVALID) {
        struct json_error *error = arena_alloc(&slot->arena, sizeof *error);
        slot->error = error ? memcpy(error, &look->error, sizeof *error) : &bad_request;
    }
    return slot;
}

static void add(struct click_batch *batch, const struct click_look *look) {
    struct click_end end = {.outcome = look->outcome,
                            .type = look->event.type,
                            .message_id = look->event.message_id,
                            .placement = look->placement,
                            .user = look->user,
                            .time_us = look->time_us};
    bool auctioned = look->outcome == CLICK_OUTCOMES;
    if (!auctioned && !batch->first) {
        write_result(batch, &end, (struct str){NULL, 0}, &look->error);
        return;
    }
    struct click_slot *slot = make_slot(batch, &end, look);
    if (!slot) {
        /* Out of memory: told out of turn rather than not at all. */
        end.outcome = CLICK_FAILED;
        write_result(batch, &end, (struct str){NULL, 0}, NULL);
        return;
    }
    slot->done = !auctioned;
    if (auctioned)
        start(batch, slot, look->request);
}

void click_batch_add(struct click_batch *batch, struct str event) {
    struct click_look look;
    batch->adding = true;
    clickstream_look(batch->clickstream, &batch->options.source, event, &look);
    add(batch, &look);
    advance(batch);
    batch->adding = false;
    arena_reset(&batch->clickstream->scratch);
}

void click_batch_add_too_long(struct click_batch *batch) {
    struct click_look look = {.outcome = CLICK_INVALID, .event.type = CLICK_TYPES};
    snprintf(look.error.reason, sizeof look.error.reason, "is longer than %u bytes",
             (unsigned)batch->clickstream->rules.event_bytes);
    batch->clickstream->rate.tokens -= 1;
    batch->adding = true;
    add(batch, &look);
    advance(batch);
    batch->adding = false;
}

bool click_batch_has_room(const struct click_batch *batch) {
    return batch->waiting < batch->clickstream->exchange->config->clickstream.window &&
           results_waiting(batch) < RESULTS_BYTES;
}

bool click_batch_idle(const struct click_batch *batch) {
    return !batch->first;
}

/* ---- its life ---- */

struct click_batch *click_batch_create(struct clickstream *clickstream,
                                       const struct click_batch_options *options) {
    struct click_batch *batch = malloc(sizeof *batch);
    if (!batch)
        return NULL;
    *batch = (struct click_batch){.clickstream = clickstream, .options = *options};
    batch->tail = &batch->first;
    /* One result may begin below the mark and end above it. */
    buf_init(&batch->results, 2 * RESULTS_BYTES + ENVELOPE_BYTES +
                                  (size_t)clickstream->exchange->config->clickstream.answer_bytes);
    buf_charge_to(&batch->results, clickstream_budget(clickstream), 0);
    return batch;
}

void click_batch_destroy(struct click_batch *batch) {
    if (!batch)
        return;
    struct clickstream *clickstream = batch->clickstream;
    while (batch->first) {
        struct click_slot *slot = batch->first;
        if (slot->auction) {
            auction_cancel(slot->auction);
            clickstream_unsee(clickstream, slot->key);
        }
        if (!slot->done)
            slot->end.outcome = CLICK_CANCELLED;
        clickstream_end(clickstream, &slot->end);
        drop_first(batch);
    }
    buf_cleanup(&batch->results);
    batch->destroyed = true;
    if (!batch->progress_due)
        free(batch);
}
