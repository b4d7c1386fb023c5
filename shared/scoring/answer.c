/*
 * The frame of an answer; see job.h. Counts and lengths, no offsets: the texts stand behind the bids, one
 * directly behind the other, and must end where the frame ends.
 */
#include <assert.h>
#include <math.h>

#include "scoring/job.h"

#define ANSWER_MAGIC 0x736e6173u /* "sans" */

enum answer_text {
    TEXT_ID,
    TEXT_CAMPAIGN,
    TEXT_CRID,
    TEXT_ADOMAIN,
    TEXT_LANGUAGE,
    TEXT_CATS,
    TEXT_MARKUP,
    TEXTS
};

struct answer_head {
    uint32_t magic;
    uint32_t status;
    uint64_t id;
    uint32_t generation;
    uint32_t bid_count;
};
static_assert(sizeof(struct answer_head) == 24, "answer_head has no holes");

struct answer_record {
    double score, pctr, price;
    int64_t daily_budget;
    uint32_t imp, deal;
    char cur[4];
    uint32_t media;
    int32_t w, h;
    uint32_t attr, cattax;
    uint32_t campaign_number;
    uint32_t frequency, frequency_hours;
    uint32_t text_bytes[TEXTS];
};
static_assert(sizeof(struct answer_record) == 4 * 8 + 11 * 4 + 4 * TEXTS, "answer_record has no holes");
static_assert(sizeof(struct answer_record) % 8 == 0, "the next one is aligned");

static const struct str *bid_text(const struct answer_bid *bid, enum answer_text text) {
    switch (text) {
    case TEXT_ID:
        return &bid->id;
    case TEXT_CAMPAIGN:
        return &bid->campaign;
    case TEXT_CRID:
        return &bid->crid;
    case TEXT_ADOMAIN:
        return &bid->adomain;
    case TEXT_LANGUAGE:
        return &bid->language;
    case TEXT_CATS:
        return &bid->cats;
    case TEXT_MARKUP:
    case TEXTS:
        break;
    }
    return &bid->markup;
}

/* ---- writing ---- */

size_t answer_bid_bytes(const struct answer_bid *bid) {
    size_t n = sizeof(struct answer_record);
    for (int t = 0; t < TEXTS; t++)
        n += bid_text(bid, (enum answer_text)t)->n;
    return n;
}

size_t answer_bytes(const struct answer *answer) {
    size_t n = sizeof(struct answer_head);
    for (uint32_t b = 0; b < answer->bid_count; b++)
        n += answer_bid_bytes(&answer->bids[b]);
    return n;
}

void answer_frame_write(const struct answer *answer, void *frame) {
    struct answer_head head = {
        .magic = ANSWER_MAGIC,
        .status = answer->status,
        .id = answer->id,
        .generation = answer->generation,
        .bid_count = answer->bid_count,
    };
    memcpy(frame, &head, sizeof head);
    struct answer_record *records = (struct answer_record *)((char *)frame + sizeof head);
    char *texts = (char *)(records + answer->bid_count);
    for (uint32_t b = 0; b < answer->bid_count; b++) {
        const struct answer_bid *bid = &answer->bids[b];
        struct answer_record record = {
            .score = bid->score,
            .pctr = bid->pctr,
            .price = bid->price,
            .imp = bid->imp,
            .deal = bid->deal,
            .media = bid->media,
            .w = bid->w,
            .h = bid->h,
            .attr = bid->attr,
            .cattax = bid->cattax,
            .campaign_number = bid->campaign_number,
            .daily_budget = bid->daily_budget,
            .frequency = bid->frequency,
            .frequency_hours = bid->frequency_hours,
        };
        memcpy(record.cur, bid->cur, sizeof record.cur);
        for (int t = 0; t < TEXTS; t++) {
            const struct str *text = bid_text(bid, (enum answer_text)t);
            record.text_bytes[t] = (uint32_t)text->n;
            if (text->n)
                memcpy(texts, text->p, text->n);
            texts += text->n;
        }
        memcpy(&records[b], &record, sizeof record);
    }
}

/* ---- reading ---- */

static bool is_amount(double value) {
    return isfinite(value) && value > 0;
}

static bool is_currency(const char cur[4]) {
    for (int i = 0; i < 3; i++)
        if (cur[i] < 'A' || cur[i] > 'Z')
            return false;
    return cur[3] == '\0';
}

static bool record_holds(const struct answer_record *record) {
    return is_amount(record->score) && is_amount(record->pctr) && record->pctr <= 1 &&
           is_amount(record->price) && record->imp < JOB_MOST_IMPS &&
           (record->deal < MATCH_MOST_VALUES || record->deal == TABLE_NONE) && is_currency(record->cur) &&
           record->media >= TABLE_BANNER && record->media <= TABLE_NATIVE && record->w >= 0 &&
           record->w <= UINT16_MAX && record->h >= 0 && record->h <= UINT16_MAX &&
           record->cattax <= UINT8_MAX && record->daily_budget >= 0 &&
           record->daily_budget <= ANSWER_MOST_BUDGET &&
           (record->frequency > 0) == (record->frequency_hours > 0) &&
           record->text_bytes[TEXT_ID] > 0; /* events name it by its id */
}

static const uint32_t most_bytes[TEXTS] = {
    [TEXT_ID] = TABLE_ID_BYTES,      [TEXT_CAMPAIGN] = TABLE_ID_BYTES, [TEXT_CRID] = TABLE_ID_BYTES,
    [TEXT_ADOMAIN] = TABLE_ID_BYTES, [TEXT_LANGUAGE] = TABLE_ID_BYTES, [TEXT_CATS] = ANSWER_MOST_BYTES,
    [TEXT_MARKUP] = TABLE_ADM_BYTES,
};

/* What is left of the frame behind its records. */
struct texts {
    const char *at;
    size_t left;
};

static int read_bid(const struct answer_record *record, struct texts *texts, struct answer_bid *bid) {
    if (!record_holds(record))
        return -1;
    *bid = (struct answer_bid){
        .score = record->score,
        .pctr = record->pctr,
        .price = record->price,
        .imp = record->imp,
        .deal = record->deal,
        .media = record->media,
        .w = record->w,
        .h = record->h,
        .attr = record->attr,
        .cattax = record->cattax,
        .campaign_number = record->campaign_number,
        .daily_budget = record->daily_budget,
        .frequency = record->frequency,
        .frequency_hours = record->frequency_hours,
    };
    memcpy(bid->cur, record->cur, sizeof bid->cur);
    for (int t = 0; t < TEXTS; t++) {
        uint32_t n = record->text_bytes[t];
        if (n > most_bytes[t] || n > texts->left)
            return -1;
        *(struct str *)bid_text(bid, (enum answer_text)t) = (struct str){texts->at, n}; /* *bid is ours */
        texts->at += n;
        texts->left -= n;
    }
    return 0;
}

/* Imps ascend, and the bids of one fall. */
static bool in_order(const struct answer_bid *before, const struct answer_bid *bid) {
    return before->imp < bid->imp || (before->imp == bid->imp && before->score >= bid->score);
}

int answer_frame_read(const void *frame, size_t n, struct answer *answer) {
    const struct answer_head *head = frame;
    if (n < sizeof *head || n > ANSWER_MOST_BYTES || head->magic != ANSWER_MAGIC ||
        head->status >= ANSWER_STATUSES || head->bid_count > ANSWER_MOST_BIDS ||
        (head->bid_count && head->status != ANSWER_DONE))
        return -1;
    size_t left = n - sizeof *head;
    if (left / sizeof(struct answer_record) < head->bid_count)
        return -1;
    const struct answer_record *records = (const struct answer_record *)(head + 1);
    struct texts texts = {(const char *)(records + head->bid_count),
                          left - head->bid_count * sizeof *records};
    answer->id = head->id;
    answer->generation = head->generation;
    answer->status = (enum answer_status)head->status;
    answer->bid_count = head->bid_count;
    for (uint32_t b = 0; b < head->bid_count; b++)
        if (read_bid(&records[b], &texts, &answer->bids[b]) != 0 ||
            (b > 0 && !in_order(&answer->bids[b - 1], &answer->bids[b])))
            return -1;
    return texts.left == 0 ? 0 : -1;
}
