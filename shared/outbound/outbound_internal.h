/*
 * What the files of this module share: outbound.c (the calls' lives), outbound_answer.c (what an answer's
 * bytes mean), outbound_target.c (targets and their handles), outbound_headers.c (how a request begins),
 * outbound_sockets.c (libcurl's sockets and timer in our loop). Nobody else includes this.
 */
#ifndef SLIMBID_OUTBOUND_INTERNAL_H
#define SLIMBID_OUTBOUND_INTERNAL_H

#include <curl/curl.h>

#include "http/gzip.h"
#include "outbound/outbound.h"
#include "outbound/resolver.h"

#define OUTBOUND_KEEP_BYTES 16384 /* buffers above this size are given back after a call */
#define OUTBOUND_HEAD_BYTES 65536 /* all that a request begins with */

/* A socket of libcurl's, from open to close; see outbound_sockets.c. */
struct socket_link;

struct outbound {
    struct loop *loop;
    CURLM *multi;
    CURLSH *share;             /* TLS sessions, so that a new connection of any handle resumes */
    struct resolver *resolver; /* NULL until a target has a name */
    struct gzip *gzip;         /* NULL until a target wants it */
    struct timer curl_timer;   /* libcurl's own time-outs; always armed, so that re-arming can't fail */
    struct deferred turn;      /* starts what this turn sent, delivers what failed at once */
    bool turn_queued;
    bool curl_due;     /* libcurl asked to be called at once */
    bool doomed;       /* destroyed; freed when nothing stands on it */
    bool freed;        /* only the shell is left, for `turn` */
    bool dead_targets; /* there are some to free */
    unsigned depth;
    struct socket_link **links; /* by descriptor */
    size_t link_room;
    struct outbound_call *finished; /* wait for their done, oldest first */
    struct outbound_call **finished_tail;
    struct outbound_target *targets;
    struct budgets *budgets; /* NULL: nothing is charged */
    uint64_t sockets;        /* open ones */
    int socket_buffer;       /* SO_RCVBUF and SO_SNDBUF; 0: the kernel's choice */
};

/* How a request begins; see outbound_headers.c. */
struct outbound_head {
    struct curl_slist *list;
    char *request_target; /* NULL: libcurl makes it */
};

struct outbound_target {
    struct outbound *outbound;
    struct outbound_target *next;
    struct outbound_target_options options; /* its pointers are not kept */
    char *name;
    CURLU *url;
    bool tls;
    char *host_port; /* "host:port", the name libcurl knows the addresses under */
    char *ca_file;
    struct outbound_head heads[2];    /* of a POST, of a GET */
    struct resolver_name *resolved;   /* NULL: the host is numeric */
    struct curl_slist *addresses;     /* for CURLOPT_RESOLVE, as of addresses_version */
    struct curl_slist *addresses_old; /* the version before: handles that did not run since point to it */
    uint32_t addresses_version;
    bool dead; /* destroyed inside a callback; freed when it returns */
    size_t call_limit;
    struct outbound_call *calls; /* all */
    struct outbound_call *free;
    size_t call_count;
    size_t free_count, least_free; /* of `free`, and the least since the last housekeeping */
    uint64_t open_connections;     /* sockets */
    uint64_t used_connections;     /* charged for calls, one each */
    uint64_t kept_connections;     /* charged beyond these */
    bool starved;                  /* the last begin was refused for want of memory */
    struct buf inflated;           /* one answer at a time is delivered */
    struct outbound_target_stats stats;
};

/*
 * FREE: in the target's free list. FILLING: begun, nobody else sees it. RUNNING: in libcurl's hands, somebody
 * waits. LATE: in libcurl's hands, nobody waits. FINISHED: its done is due in this turn.
 */
enum call_state { CALL_FREE, CALL_FILLING, CALL_RUNNING, CALL_LATE, CALL_FINISHED };

struct outbound_call {
    struct outbound_target *target;
    struct outbound_call *sibling; /* target->calls */
    struct outbound_call *next;    /* target->free or outbound->finished */
    CURL *easy;
    enum call_state state;
    bool is_get; /* how the handle is set now */
    bool in_multi;
    bool too_large;
    bool charged;         /* the handle is */
    bool starved;         /* no memory or descriptor was left for its socket */
    bool tried_again;     /* after a stale connection */
    const char *body_set; /* what CURLOPT_POSTFIELDS points to now */
    uint32_t addresses_version;
    enum outbound_outcome outcome;
    int status;
    struct timer timer; /* the deadline, then the end of lateness */
    uint64_t sent_us;
    outbound_done_fn done; /* NULL: nobody waits */
    void *ctx;
    struct buf body;
    struct buf packed; /* the body gzipped */
    struct buf path;   /* of this call alone, with the head's lines behind it; empty: the target's */
    bool path_set;     /* the handle has a call's own path now */
    struct buf answer;
    size_t answer_bytes; /* received; of a late call they are counted, not kept */
};

/* ---- outbound.c ---- */

/* A callback of the loop enters; on leaving, what was destroyed inside is freed: touch nothing afterwards. */
void outbound_enter(struct outbound *outbound);
void outbound_leave(struct outbound *outbound);
/* Takes finished transfers from libcurl and calls their done. Between enter and leave. */
void outbound_deliver(struct outbound *outbound);
/* Has outbound_turn run at the end of this turn of the loop. */
void outbound_turn_later(struct outbound *outbound);
/* CURLOPT_WRITEFUNCTION of every handle; ctx is the call. */
size_t outbound_on_body(char *p, size_t size, size_t n, void *ctx);
/* The call's timer. */
void outbound_on_call_timer(void *ctx);
/* Takes the call out of libcurl, which closes its connection if it is busy; no done. */
void outbound_call_cut(struct outbound_call *call);

/* ---- outbound_charges.c ---- */

/* A new handle, in state FREE. False: it does not fit. */
bool outbound_charge_handle(struct outbound_call *call) CHECK_RESULT;
/* Before the handle and its buffers are freed. */
void outbound_charge_handle_end(struct outbound_call *call);
/* Before a free call is FILLING. False: it does not fit. */
bool outbound_charge_begin(struct outbound_call *call) CHECK_RESULT;
/* Before a RUNNING call is LATE. */
bool outbound_charge_may_be_late(const struct outbound_call *call) CHECK_RESULT;
void outbound_charge_late(struct outbound_call *call);
/* When a call that was in that state is FREE. */
void outbound_charge_ended(struct outbound_call *call, enum call_state from);
void outbound_charge_opened(struct outbound_target *target);
/* target: NULL when it is gone. */
void outbound_charge_closed(struct outbound *outbound, struct outbound_target *target, bool tls);
/* The target goes, its sockets stay with libcurl for a while. */
void outbound_charge_orphans(struct outbound_target *target);
/* Frees as many handles that no call has as make room for a call of the target; false when there are not so
 * many. */
bool outbound_free_kept(struct outbound_target *target);

/* ---- outbound_answer.c ---- */

/* The body of a whole answer, a view of the call's or the target's buffer; or the outcome that it is not. */
enum outbound_outcome outbound_answer_read(struct outbound_call *call, struct str *body) CHECK_RESULT;

/* ---- outbound_target.c ---- */

/* A call with a handle that has all options of the target; NULL when out of memory. */
struct outbound_call *outbound_call_create(struct outbound_target *target) CHECK_RESULT;
/* Gives the call's handle the newest addresses of its host. False: there are none. */
bool outbound_call_address(struct outbound_call *call) CHECK_RESULT;
/* Frees a call that is out of libcurl and in no list. */
void outbound_call_free(struct outbound_call *call);
/* Frees the target; its calls are out of libcurl. */
void outbound_target_free(struct outbound_target *target);

/* ---- outbound_headers.c ---- */

/* Checks the headers and builds the target's heads. What is wrong, or NULL. */
const char *outbound_headers_build(struct outbound_target *target,
                                   const struct str_list *headers) CHECK_RESULT;
void outbound_headers_free(struct outbound_target *target);
/* Makes the call's handle one that POSTs, or one that GETs; of the call's own path, when it has one. */
bool outbound_headers_set(struct outbound_call *call, bool get) CHECK_RESULT;
/* Fills call->path. False: path is none, or there is no memory. */
bool outbound_headers_path(struct outbound_call *call, struct str path) CHECK_RESULT;

/* ---- outbound_sockets.c ---- */

/* Connects libcurl's socket and timer callbacks to the loop. 0 or -1. */
int outbound_sockets_init(struct outbound *outbound) CHECK_RESULT;
/* The target goes: its sockets are nobody's. */
void outbound_sockets_orphan(struct outbound_target *target);
/* Shuts connections that are idle for longer than their target keeps them; crowded: half of all idle ones. */
void outbound_sockets_housekeep(struct outbound *outbound, bool crowded);
/* After the multi handle is gone. */
void outbound_sockets_cleanup(struct outbound *outbound);
/* Sets the options of a handle that tell who opens and closes sockets. */
void outbound_sockets_set(struct outbound_call *call);

#endif
