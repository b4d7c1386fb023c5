/*
 * What a front end and a worker say to each other: a job is one auction's question, an answer the ads that
 * bid.
 *
 * Both are frames of a queue (queue/ring.h): flat, little-endian, offsets and no pointers, 8-byte aligned.
 * Neither side trusts the other: the reader copies the frame to memory of its own first, then checks every
 * count, offset and range; what passes is used without further checks. A job of a front end gets exactly one
 * answer from its worker, in order, unless the worker dies.
 */
#ifndef SLIMBID_SCORING_JOB_H
#define SLIMBID_SCORING_JOB_H

#include "match/match.h"

#define JOB_MOST_BYTES     16384u /* a job that would be larger is not sent */
#define JOB_MOST_IMPS      64u
#define ANSWER_MOST_BYTES  65536u /* bids that do not fit are left out, the lowest first */
#define ANSWER_MOST_BIDS   256u
#define ANSWER_MOST_BUDGET INT64_C(4000000000000000000) /* nanos; more is shown as this */

/* One auction's question, in memory of its reader or writer. */
struct job {
    uint64_t id;          /* the front end's, given back in the answer */
    uint64_t deadline_us; /* CLOCK_MONOTONIC: later than this nobody waits for the answer */
    uint32_t generation;  /* of the table that is to be asked */
    uint32_t top;         /* bids wanted for each imp, 1 to MATCH_MOST_HITS */
    struct match_request request;
    struct match_imp imps[JOB_MOST_IMPS];
    uint32_t imp_count;
};

/* The bytes of its frame; above JOB_MOST_BYTES: too large to send (one of its lists is longer than
 * MATCH_MOST_VALUES, perhaps). */
size_t job_bytes(const struct job *job);
/* Writes job_bytes() bytes to an 8-byte aligned frame. */
void job_write(const struct job *job, void *frame);
/* Reads a frame of n bytes, 8-byte aligned and private to the reader; the job's pointers point into it. 0, or
 * -1 when it is malformed. */
int job_read(const void *frame, size_t n, struct job *job) CHECK_RESULT;

enum answer_status {
    ANSWER_DONE,     /* bids, perhaps none */
    ANSWER_LATE,     /* its deadline had passed before it was looked at */
    ANSWER_NO_TABLE, /* the worker does not have that generation */
    ANSWER_FAULT,    /* the table's file is damaged or gone */
    ANSWER_STATUSES
};

/* One ad's bid for one imp. */
struct answer_bid {
    uint32_t imp;  /* index into the job's imps */
    uint32_t deal; /* index into the imp's deals, or UINT32_MAX */
    double score;  /* as match_hit */
    double pctr;
    double price; /* what it bids, CPM in cur */
    char cur[4];
    uint32_t media;  /* TABLE_BANNER ... */
    int32_t w, h;    /* the size it was matched by; 0 when none */
    uint32_t attr;   /* bit n: creative attribute n */
    uint32_t cattax; /* of cats; 0 when there are none */
    uint32_t campaign_number;
    int64_t daily_budget; /* its campaign's: nanos (1e-9) of cur, at most ANSWER_MOST_BUDGET; 0: no limit */
    uint32_t frequency;   /* views of a user ... */
    uint32_t frequency_hours; /* ... in so many hours; both 0: no limit */
    struct str id, campaign, crid, adomain, language, cats, markup; /* cats joined by '\n'; may be empty */
};

struct answer {
    uint64_t id;
    uint32_t generation;
    enum answer_status status;
    uint32_t bid_count;
    struct answer_bid bids[ANSWER_MOST_BIDS]; /* of an imp behind each other, best first; imps ascending */
};

/* The bytes of its frame, and what one bid takes of them. */
size_t answer_bytes(const struct answer *answer);
size_t answer_bid_bytes(const struct answer_bid *bid);
/* Writes answer_bytes() bytes to an 8-byte aligned frame: at most ANSWER_MOST_BYTES. */
void answer_frame_write(const struct answer *answer, void *frame);
/* As job_read(): texts point into the frame; every price and score is finite and > 0, imps ascend and the
 * scores of one imp fall. Whether the job has such an imp and deal is for who sent it to check, and that
 * texts are UTF-8. */
int answer_frame_read(const void *frame, size_t n, struct answer *answer) CHECK_RESULT;

#endif
