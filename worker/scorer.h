/*
 * One job, one answer: reads the job's frame, matches it against its generation of the table, and writes the
 * answer, creatives and all, straight from the table into the frame that goes back.
 */
#ifndef SLIMBID_WORKER_SCORER_H
#define SLIMBID_WORKER_SCORER_H

#include "generations.h"
#include "scoring/job.h"
#include "scoring/worker_stats.h"

/* Memory of one job at a time; nothing is allocated for a job. */
struct scorer {
    struct worker_stats *stats;
    struct generations *generations;
    struct generation *damaged; /* found to be so by the last job, else NULL */
    struct job job;
    struct answer answer;
    struct match_hit hits[MATCH_MOST_HITS];
    struct generation *generation; /* that the job names */
    size_t bytes;                  /* of the answer so far */
    size_t room;
    void *reply;
    _Alignas(8) char frame[JOB_MOST_BYTES];
};

/*
 * Answers the job in the n bytes at shared, which the other side may still change: they are copied first. The
 * answer goes to the `room` bytes at reply, at most ANSWER_MOST_BYTES and enough for one without bids.
 * Returns its bytes; 0: the job is malformed.
 */
size_t scorer_run(struct scorer *scorer, const void *shared, size_t n, uint64_t now_us, void *reply,
                  size_t room) CHECK_RESULT;

#endif
