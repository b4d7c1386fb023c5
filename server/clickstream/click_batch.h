/*
 * The events of one request, on their way to their results.
 *
 * An event that needs no auction has its result at once; one that is auctioned waits in a slot, and so do the
 * results of those behind it: results leave in the order of the events. At most clickstream.window events
 * wait at a time, and finished results only until click_batch_results() takes them; then there is no room,
 * and the caller holds its input back. When an auction has ended the caller is told on the next turn, never
 * inside one of these calls and never inside the auction's.
 *
 * Memory: a slot holds its event's bid request and, once it came, the bid response, at most
 * clickstream.answer_bytes of it.
 */
#ifndef SLIMBID_CLICKSTREAM_CLICK_BATCH_H
#define SLIMBID_CLICKSTREAM_CLICK_BATCH_H

#include "clickstream/clickstream.h"

struct click_batch;

struct click_batch_options {
    struct click_source source; /* what it points to stays until the last event is added */
    struct str between, behind; /* the text between results, and behind each; empty or static */
    bool silent;                /* nobody wants the results */
    void (*on_progress)(void *ctx);
    void *ctx;
};

/* NULL when out of memory. */
struct click_batch *click_batch_create(struct clickstream *clickstream,
                                       const struct click_batch_options *options) CHECK_RESULT;
/* Auctions that run are cancelled, their events may come again. NULL is legal. */
void click_batch_destroy(struct click_batch *batch);

/* Whether an event may be added now. */
bool click_batch_has_room(const struct click_batch *batch);
void click_batch_add(struct click_batch *batch, struct str event);
/* An event that was too long to be kept. */
void click_batch_add_too_long(struct click_batch *batch);
/* Whether all events have their results, taken or not. */
bool click_batch_idle(const struct click_batch *batch);

/* Whether results were lost for want of memory: nothing more is to be believed. */
bool click_batch_failed(const struct click_batch *batch);

/* Results in order, as far as they are there; valid until the next call of any of these but for this one. */
struct str click_batch_results(const struct click_batch *batch);
/* The first n bytes of them are done with. */
void click_batch_taken(struct click_batch *batch, size_t n);

/* Frees the slots kept for reuse. */
void click_batch_free_spares(struct clickstream *clickstream);

#endif
