/*
 * The frame of a job; see job.h.
 *
 * Counts and no offsets: the lists stand behind the imps, one directly behind the other, in the order of
 * struct job, the caps (two words each) behind the request's, and must end where the frame ends. So nothing
 * overlaps, nothing is hidden in between, and the bytes of a job follow from its counts alone.
 */
#include "scoring/job.h"

#include <assert.h>
#include <math.h>

#define CAP_WORDS 2 /* campaign, views */

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are little-endian");
static_assert(sizeof(uint64_t) == sizeof(double), "hashes and floors are words");
static_assert(sizeof(struct match_cap) == CAP_WORDS * sizeof(uint64_t), "a cap is two words");

#define JOB_MAGIC 0x626f6a73u /* "sjob" */

enum { LIST_BADV = TARGETS, LIST_BCAT, LIST_BCRID, LIST_WLANG, LISTS };
enum { IMP_SECURE = 1, IMP_PRIVATE_AUCTION = 2, IMP_FLAGS = 3 };

#define LATEST_UNIX (INT64_C(1) << 40)

struct job_head {
    uint32_t magic;
    uint32_t imp_count;
    uint64_t id;
    uint64_t deadline_us;
    uint32_t generation;
    uint32_t top;
    int64_t now;
    double least_pctr;
    uint64_t salt;
    uint32_t cap_count;
    uint32_t zero;
    uint8_t cattax;
    uint8_t connection;
    int16_t utc_offset;
    uint32_t list_counts[LISTS];
};
static_assert(sizeof(struct job_head) == 4 * 4 + 8 * 5 + 8 + 4 + 4 * LISTS, "job_head has no holes");
static_assert(sizeof(struct job_head) % 8 == 0, "what follows is aligned");

struct job_imp {
    double floor;
    uint64_t slot;
    uint32_t size_count;
    uint32_t deal_count; /* hashes, and as many floors */
    uint32_t battr;
    uint8_t position;
    uint8_t flags;
    uint16_t zero;
};
static_assert(sizeof(struct job_imp) == 32, "job_imp has no holes");

static const struct match_hashes *request_list(const struct match_request *request, uint32_t list) {
    switch (list) {
    case LIST_BADV:
        return &request->badv;
    case LIST_BCAT:
        return &request->bcat;
    case LIST_BCRID:
        return &request->bcrid;
    case LIST_WLANG:
        return &request->wlang;
    default: /* a number, not an enum */
        return &request->values[list];
    }
}

/* ---- writing ---- */

size_t job_bytes(const struct job *job) {
    const size_t too_large = JOB_MOST_BYTES + 1;
    size_t words = 0;
    if (job->imp_count > JOB_MOST_IMPS || job->request.cap_count > MATCH_MOST_CAPS)
        return too_large;
    words += CAP_WORDS * (size_t)job->request.cap_count;
    for (uint32_t l = 0; l < LISTS; l++) {
        const struct match_hashes *list = request_list(&job->request, l);
        if (list->count > MATCH_MOST_VALUES)
            return too_large;
        words += list->count;
    }
    for (uint32_t i = 0; i < job->imp_count; i++) {
        const struct match_imp *imp = &job->imps[i];
        if (imp->sizes.count > MATCH_MOST_VALUES || imp->deals.count > MATCH_MOST_VALUES)
            return too_large;
        words += imp->sizes.count + 2 * (size_t)imp->deals.count;
    }
    return sizeof(struct job_head) + job->imp_count * sizeof(struct job_imp) + words * sizeof(uint64_t);
}

static char *put(char *at, const void *words, uint32_t count) {
    if (count)
        memcpy(at, words, count * sizeof(uint64_t));
    return at + count * sizeof(uint64_t);
}

static char *put_caps(char *at, const struct match_request *request) {
    for (uint32_t i = 0; i < request->cap_count; i++) {
        uint64_t words[CAP_WORDS] = {request->caps[i].campaign, request->caps[i].views};
        at = put(at, words, CAP_WORDS);
    }
    return at;
}

void job_write(const struct job *job, void *frame) {
    struct job_head head = {
        .magic = JOB_MAGIC,
        .imp_count = job->imp_count,
        .id = job->id,
        .deadline_us = job->deadline_us,
        .generation = job->generation,
        .top = job->top,
        .now = job->request.now,
        .least_pctr = job->request.least_pctr,
        .salt = job->request.salt,
        .cap_count = job->request.cap_count,
        .cattax = job->request.cattax,
        .connection = job->request.connection,
        .utc_offset = job->request.utc_offset,
    };
    struct job_imp *imps = (struct job_imp *)((char *)frame + sizeof head);
    char *at = (char *)(imps + job->imp_count);
    for (uint32_t l = 0; l < LISTS; l++) {
        const struct match_hashes *list = request_list(&job->request, l);
        head.list_counts[l] = list->count;
        at = put(at, list->items, list->count);
    }
    at = put_caps(at, &job->request);
    memcpy(frame, &head, sizeof head);
    for (uint32_t i = 0; i < job->imp_count; i++) {
        const struct match_imp *imp = &job->imps[i];
        imps[i] = (struct job_imp){
            .floor = imp->floor,
            .slot = imp->slot,
            .size_count = imp->sizes.count,
            .deal_count = imp->deals.count,
            .battr = imp->battr,
            .position = imp->position,
            .flags =
                (uint8_t)((imp->secure ? IMP_SECURE : 0) | (imp->private_auction ? IMP_PRIVATE_AUCTION : 0)),
        };
        at = put(at, imp->sizes.items, imp->sizes.count);
        at = put(at, imp->deals.items, imp->deals.count);
        at = put(at, imp->deal_floors, imp->deals.count);
    }
}

/* ---- reading ---- */

/* What is left of the frame behind its imps. */
struct words {
    const uint64_t *at;
    size_t left;
};

static int take(struct words *words, uint32_t count, const uint64_t **taken) {
    if (count > MATCH_MOST_VALUES || count > words->left)
        return -1;
    *taken = words->at;
    words->at += count;
    words->left -= count;
    return 0;
}

static int take_hashes(struct words *words, uint32_t count, struct match_hashes *hashes) {
    hashes->count = count;
    return take(words, count, &hashes->items);
}

static int take_caps(struct words *words, uint32_t count, struct match_request *request) {
    if (count > MATCH_MOST_CAPS || count > words->left / CAP_WORDS)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        if (words->at[CAP_WORDS * i + 1] > UINT32_MAX)
            return -1;
    request->caps = (const struct match_cap *)words->at;
    request->cap_count = count;
    words->at += CAP_WORDS * (size_t)count;
    words->left -= CAP_WORDS * (size_t)count;
    return 0;
}

static bool is_floor(double floor) {
    return floor >= 0; /* infinity is legal, not a number is not */
}

static bool known_or_small(uint8_t value) {
    return value <= 15 || value == 255;
}

static bool head_holds(const struct job_head *head) {
    bool offset =
        head->utc_offset == MATCH_NO_OFFSET || (head->utc_offset >= -720 && head->utc_offset <= 840);
    return head->magic == JOB_MAGIC && head->imp_count >= 1 && head->imp_count <= JOB_MOST_IMPS &&
           head->top >= 1 && head->top <= MATCH_MOST_HITS && head->now >= 0 && head->now <= LATEST_UNIX &&
           head->least_pctr >= 0 && head->least_pctr <= 1 && known_or_small(head->connection) && offset &&
           head->zero == 0;
}

/* What match_request leaves to the imps and to the worker's clock. */
static bool is_empty_in_request(uint32_t list) {
    return list == TARGET_SIZE || list == TARGET_DEAL || list == TARGET_POSITION || list == TARGET_SLOT ||
           list == TARGET_HOUR || list == TARGET_WEEKDAY;
}

static int read_request(const struct job_head *head, struct words *words, struct match_request *request) {
    *request = (struct match_request){
        .cattax = head->cattax,
        .connection = head->connection,
        .utc_offset = head->utc_offset,
        .now = head->now,
        .least_pctr = head->least_pctr,
        .salt = head->salt,
    };
    for (uint32_t l = 0; l < LISTS; l++) {
        if (is_empty_in_request(l) && head->list_counts[l])
            return -1;
        struct match_hashes *list = (struct match_hashes *)request_list(request, l); /* *request is ours */
        if (take_hashes(words, head->list_counts[l], list) != 0)
            return -1;
    }
    return take_caps(words, head->cap_count, request);
}

static int read_imp(const struct job_imp *from, struct words *words, struct match_imp *imp) {
    if (!is_floor(from->floor) || !known_or_small(from->position) || (from->flags & ~IMP_FLAGS) || from->zero)
        return -1;
    *imp = (struct match_imp){
        .floor = from->floor,
        .slot = from->slot,
        .battr = from->battr,
        .position = from->position,
        .secure = (from->flags & IMP_SECURE) != 0,
        .private_auction = (from->flags & IMP_PRIVATE_AUCTION) != 0,
    };
    const uint64_t *floors = NULL;
    if (take_hashes(words, from->size_count, &imp->sizes) != 0 ||
        take_hashes(words, from->deal_count, &imp->deals) != 0 || take(words, from->deal_count, &floors) != 0)
        return -1;
    imp->deal_floors = (const double *)floors;
    for (uint32_t d = 0; d < from->deal_count; d++)
        if (!is_floor(imp->deal_floors[d]))
            return -1;
    return 0;
}

int job_read(const void *frame, size_t n, struct job *job) {
    const struct job_head *head = frame;
    if (n < sizeof *head || n > JOB_MOST_BYTES || n % sizeof(uint64_t) || !head_holds(head))
        return -1;
    size_t left = n - sizeof *head;
    if (left / sizeof(struct job_imp) < head->imp_count)
        return -1;
    const struct job_imp *imps = (const struct job_imp *)(head + 1);
    struct words words = {(const uint64_t *)(imps + head->imp_count),
                          (left - head->imp_count * sizeof *imps) / sizeof(uint64_t)};
    job->id = head->id;
    job->deadline_us = head->deadline_us;
    job->generation = head->generation;
    job->top = head->top;
    job->imp_count = head->imp_count;
    if (read_request(head, &words, &job->request) != 0)
        return -1;
    for (uint32_t i = 0; i < head->imp_count; i++)
        if (read_imp(&imps[i], &words, &job->imps[i]) != 0)
            return -1;
    return words.left == 0 ? 0 : -1;
}
