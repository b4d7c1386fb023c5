/*
 * Outbound HTTP calls: the one module that knows libcurl.
 *
 * A call's life: begun (a reused handle with an empty body buffer) -> sent -> answered, failed or
 * timed out: its `done` is called exactly once -> back to its target's free list. A call that is
 * abandoned, or that passed its deadline, runs on as a *late* call so that its keep-alive
 * connection survives; its answer is thrown away; late calls are bounded in time, bytes and
 * number, and beyond those bounds their connection is closed.
 *
 * Nothing here blocks or starts a thread: names are resolved ahead of time in the loop (evdns),
 * refreshed by interval, and the last good addresses are kept. A name that has no address yet fails
 * its calls at once.
 *
 * Inside a done everything is legal: to begin, send, abandon and discard calls, to destroy targets and
 * the outbound itself. What is destroyed there stays readable until the done returns.
 * The program ignores SIGPIPE: libcurl is told not to touch signals.
 */
#ifndef SLIMBID_OUTBOUND_H
#define SLIMBID_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/loop.h"
#include "base/macros.h"
#include "base/str.h"

struct outbound;        /* one per event loop */
struct outbound_target; /* one per partner: URL, headers, limits, pool of handles */
struct outbound_call;   /* one transfer */

/* NULL on failure. */
struct outbound *outbound_create(struct loop *loop) CHECK_RESULT;
/* Targets that are left go with it. Calls begun and not sent are gone too. Before loop_destroy(); what a turn
 * of the loop still owes (a few hundred bytes) is freed when it turns once more. NULL is legal. */
void outbound_destroy(struct outbound *outbound);

/* Calls, connections and what is kept of both are charged from now on; before the first target. */
void outbound_charge_to(struct outbound *outbound, struct budgets *budgets);
/* Of what is charged, the kernel's part: its sockets. */
uint64_t outbound_socket_bytes(const struct outbound *outbound);
/* SO_RCVBUF and SO_SNDBUF of sockets opened from now on; 0: the kernel's choice. */
void outbound_limit_sockets(struct outbound *outbound, int buffer_bytes);
/* To be called once a second or so: lets go of handles and connections that nobody needed since. */
void outbound_housekeep(struct outbound *outbound);

struct outbound_target_options {
    const char *name; /* for logs */
    const char *url;  /* http:// or https:// */
    /* "Name: value" each, sent with every call; those that frame the message, Host and encodings are refused.
     */
    struct str_list headers;
    bool http2;        /* offered by ALPN; https:// only */
    bool gzip_request; /* send the body gzipped */
    bool gzip_answer;  /* accept a gzipped answer */
    /* A host's name that leads elsewhere than to the public internet (public_address.h) leads nowhere; for
     * URLs that others chose. An address in the url itself is not looked at. */
    bool public_only;
    const char *ca_file; /* NULL: the system's; verification is never off */
    uint64_t connect_timeout_us;
    uint64_t late_timeout_us; /* how long a call may run on after its deadline */
    uint64_t resolve_interval_us;
    uint64_t idle_connection_us; /* a kept connection this old is not reused; whole seconds, rounded up */
    size_t max_in_flight;        /* calls at once, late ones included: outbound_begin() returns NULL beyond */
    size_t max_late;             /* late calls at once; beyond it the newest late call is cut */
    /* Kept and in use. With HTTP/1.1 a call in flight is a connection in use, so calls are refused at the
     * smaller of the two limits (outbound_begin() is NULL); none waits. */
    size_t max_connections;
    size_t max_answer_bytes;   /* as received */
    size_t max_inflated_bytes; /* after gzip */
    size_t max_request_bytes;
};

void outbound_target_options_default(struct outbound_target_options *options);

/* options (and what they point to) are copied. NULL with the reason in error. */
struct outbound_target *outbound_target_create(struct outbound *outbound,
                                               const struct outbound_target_options *options, char *error,
                                               size_t error_size) CHECK_RESULT;
/* Running calls are cut; their done is not called. NULL is legal. */
void outbound_target_destroy(struct outbound_target *target);

/* Whether an address of its host is known. Until the first lookup succeeded, calls would fail at once. */
bool outbound_target_resolved(const struct outbound_target *target);

enum outbound_outcome {
    OUTBOUND_ANSWERED,       /* any HTTP status, body whole */
    OUTBOUND_TIMEOUT,        /* the deadline passed */
    OUTBOUND_CONNECT_FAILED, /* name not resolved, refused, unreachable, connect timeout */
    OUTBOUND_TLS_FAILED,
    OUTBOUND_BROKEN,       /* reset, cut short, not HTTP */
    OUTBOUND_TOO_LARGE,    /* the answer passed max_answer_bytes or max_inflated_bytes */
    OUTBOUND_BAD_ENCODING, /* not the gzip it said */
    OUTBOUND_NO_MEMORY,    /* or no descriptor: our own want, not the peer's failure */
    OUTBOUND_OUTCOMES
};
const char *outbound_outcome_name(enum outbound_outcome outcome);

struct outbound_result {
    enum outbound_outcome outcome;
    int status;       /* of ANSWERED; else 0 */
    struct str body;  /* inflated; valid during the callback only */
    uint64_t took_us; /* from send to now */
};

typedef void (*outbound_done_fn)(void *ctx, const struct outbound_result *result);

/* A call to fill: write the body into outbound_call_body(). NULL when max_in_flight is reached or the budget
 * has no room for it, which outbound_target_starved() tells apart. */
struct outbound_call *outbound_begin(struct outbound_target *target) CHECK_RESULT;
/* Whether the last outbound_begin() was refused for want of memory. */
bool outbound_target_starved(const struct outbound_target *target);
struct buf *outbound_call_body(struct outbound_call *call);
/* The call GETs this path (and query) of the target's host instead of its url's: "/", then visible ASCII
 * without "#", at most OUTBOUND_PATH_BYTES. It has no body. False: it is none, or there is no memory. */
#define OUTBOUND_PATH_BYTES 8192
bool outbound_call_path(struct outbound_call *call, struct str path) CHECK_RESULT;
/* Gives a begun call back unsent. */
void outbound_discard(struct outbound_call *call);
/*
 * POSTs the body (GETs when it is empty). done(ctx, ...) is called exactly once, never from inside
 * this function, at deadline_us (absolute, loop time) at the latest; not after outbound_abandon(). A call
 * that lasts 60 s ends there, whatever its deadline. After done the call is not the caller's any more.
 */
void outbound_send(struct outbound_call *call, uint64_t deadline_us, outbound_done_fn done, void *ctx);
/* Nobody waits any more: done will not be called; the call runs on as a late one. */
void outbound_abandon(struct outbound_call *call);

struct outbound_target_stats {
    uint64_t in_flight; /* gauge, late ones included */
    uint64_t late;      /* gauge */
    uint64_t connections_opened;
    uint64_t late_answered; /* late calls that ended well: their connection lives */
    uint64_t late_cut;      /* late calls cut at a bound */
    uint64_t bytes_out;
    uint64_t bytes_in;
};
void outbound_target_stats(const struct outbound_target *target, struct outbound_target_stats *stats);

#endif
