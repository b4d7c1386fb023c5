/*
 * Any bytes as the frame of a job and as that of an answer: refused, or read as something that writes itself
 * to the very same bytes; all that the reader points to lies in the frame (in a block of exactly its size).
 */
#include <stdlib.h>
#include <string.h>

#include "scoring/job.h"

static void require(bool condition) {
    if (!condition)
        abort();
}

/* Reads every word, for the sanitizer to see. */
static uint64_t sum_hashes(struct match_hashes hashes) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < hashes.count; i++)
        sum += hashes.items[i];
    return sum;
}

static void check_job(const void *frame, size_t n, void *again) {
    static struct job job;
    if (job_read(frame, n, &job) != 0)
        return;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < job.imp_count; i++) {
        sum += sum_hashes(job.imps[i].sizes) + sum_hashes(job.imps[i].deals);
        for (uint32_t d = 0; d < job.imps[i].deals.count; d++)
            require(job.imps[i].deal_floors[d] >= 0);
    }
    for (uint32_t i = 0; i < job.request.cap_count; i++)
        sum += job.request.caps[i].campaign + job.request.caps[i].views;
    require(job_bytes(&job) == n);
    job_write(&job, again);
    require(memcmp(frame, again, n) == 0 && sum + 1 != sum);
}

static void check_answer(const void *frame, size_t n, void *again) {
    static struct answer answer;
    if (answer_frame_read(frame, n, &answer) != 0)
        return;
    require(answer_bytes(&answer) == n && answer.bid_count <= ANSWER_MOST_BIDS);
    answer_frame_write(&answer, again);
    require(memcmp(frame, again, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    void *frame = malloc(size + (size == 0)), *again = malloc(size + (size == 0));
    require(frame && again);
    if (size)
        memcpy(frame, data, size);
    check_job(frame, size, again);
    check_answer(frame, size, again);
    free(again);
    free(frame);
    return 0;
}
