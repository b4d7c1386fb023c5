/* From a job's frame to an answer's; see scorer.h. */
#include "scorer.h"

#include <math.h>

#include "fault.h"

/* ---- bids ---- */

/* The size by which it was matched; a size that is a medium's name has none. */
static void set_size(const struct table *table, const struct match_imp *imp, uint32_t size,
                     struct answer_bid *bid) {
    if (size >= imp->sizes.count)
        return;
    uint32_t value = table_find(table, imp->sizes.items[size]);
    if (value == TABLE_NONE)
        return;
    bid->w = (int32_t)(table->values[value].number >> 16);
    bid->h = (int32_t)(table->values[value].number & UINT16_MAX);
}

/* CPM: as the ad has it where it is one, in the table's currency what a thousand views are worth. */
static void set_price(const struct table *table, const struct match_hit *hit, struct answer_bid *bid) {
    const struct table_ad *ad = &table->ads[hit->record];
    bool by_click = table->records[hit->record].flags & TABLE_BY_CLICK;
    bool as_given = !by_click && memcmp(ad->currency, table->header->currency, sizeof ad->currency) == 0;
    bid->price = as_given ? ad->price : hit->score * 1000;
    memcpy(bid->cur, table->header->currency, sizeof bid->cur);
}

/* In nanos. A limit stays one: it never becomes 0. */
static int64_t budget_of(const struct table_campaign *campaign) {
    double nanos = campaign->daily_budget * 1e9;
    if (!(campaign->daily_budget > 0))
        return 0;
    if (nanos >= (double)ANSWER_MOST_BUDGET)
        return ANSWER_MOST_BUDGET;
    return nanos < 1 ? 1 : llround(nanos);
}

static void fill_bid(const struct table *table, const struct match_imp *imp, const struct match_hit *hit,
                     struct answer_bid *bid) {
    const struct table_record *record = &table->records[hit->record];
    const struct table_ad *ad = &table->ads[hit->record];
    const struct table_campaign *campaign = &table->campaigns[record->campaign];
    *bid = (struct answer_bid){
        .deal = hit->deal,
        .score = hit->score,
        .pctr = hit->pctr,
        .media = record->media,
        .attr = record->attr,
        .cattax = ad->cats.n ? record->cattax : 0,
        .campaign_number = record->campaign,
        .daily_budget = budget_of(campaign),
        .frequency = campaign->frequency,
        .frequency_hours = campaign->frequency_hours,
        .id = table_text(table, ad->id),
        .campaign = table_text(table, campaign->id),
        .crid = table_text(table, ad->crid),
        .adomain = table_text(table, ad->adomain),
        .language = table_text(table, ad->language),
        .cats = table_text(table, ad->cats),
        .markup = {table->markup + ad->markup_at, ad->markup_bytes},
    };
    set_size(table, imp, hit->size, bid);
    set_price(table, hit, bid);
}

/* ---- room ---- */

/* The last of the lowest. */
static uint32_t lowest_bid(const struct answer *answer) {
    uint32_t lowest = 0;
    for (uint32_t b = 1; b < answer->bid_count; b++)
        if (answer->bids[b].score <= answer->bids[lowest].score)
            lowest = b;
    return lowest;
}

static void remove_bid(struct scorer *scorer, uint32_t b) {
    struct answer *answer = &scorer->answer;
    scorer->bytes -= answer_bid_bytes(&answer->bids[b]);
    answer->bid_count--;
    memmove(&answer->bids[b], &answer->bids[b + 1], (answer->bid_count - b) * sizeof answer->bids[0]);
    scorer->stats->bids_cut++;
}

/* Takes the bid up, at the cost of lower ones where there is no room; false: it is the lowest itself. */
static bool admit(struct scorer *scorer, const struct answer_bid *bid) {
    struct answer *answer = &scorer->answer;
    size_t n = answer_bid_bytes(bid);
    while (answer->bid_count == ANSWER_MOST_BIDS || scorer->bytes + n > scorer->room) {
        uint32_t lowest = answer->bid_count ? lowest_bid(answer) : 0;
        if (answer->bid_count == 0 || answer->bids[lowest].score >= bid->score) {
            scorer->stats->bids_cut++;
            return false;
        }
        remove_bid(scorer, lowest);
    }
    answer->bids[answer->bid_count++] = *bid;
    scorer->bytes += n;
    return true;
}

/* ---- the job ---- */

/* The part that reads the table; may be left anywhere (fault.h). */
static void match_and_write(void *ctx) {
    struct scorer *scorer = ctx;
    const struct table *table = &scorer->generation->table;
    struct matcher *matcher = scorer->generation->matcher;
    match_begin(matcher, &scorer->job.request);
    for (uint32_t i = 0; i < scorer->job.imp_count; i++) {
        const struct match_imp *imp = &scorer->job.imps[i];
        uint32_t hits = match_top(matcher, imp, scorer->job.top, scorer->hits);
        for (uint32_t h = 0; h < hits; h++) {
            struct answer_bid bid;
            fill_bid(table, imp, &scorer->hits[h], &bid);
            bid.imp = i;
            (void)admit(scorer, &bid);
        }
    }
    answer_frame_write(&scorer->answer, scorer->reply);
}

static size_t write_without_bids(struct scorer *scorer, enum answer_status status, uint64_t *counter) {
    scorer->answer.status = status;
    scorer->answer.bid_count = 0;
    ++*counter;
    answer_frame_write(&scorer->answer, scorer->reply);
    return answer_bytes(&scorer->answer);
}

static size_t answer_from_table(struct scorer *scorer) {
    struct worker_stats *stats = scorer->stats;
    const struct table *table = &scorer->generation->table;
    if (!scorer->generation->matcher)
        return write_without_bids(scorer, ANSWER_FAULT, &stats->faults);
    if (fault_run(table->mapping, table->mapped_bytes, match_and_write, scorer) != 0) {
        scorer->damaged = scorer->generation;
        return write_without_bids(scorer, ANSWER_FAULT, &stats->faults);
    }
    stats->jobs++;
    stats->bids += scorer->answer.bid_count;
    return scorer->bytes;
}

size_t scorer_run(struct scorer *scorer, const void *shared, size_t n, uint64_t now_us, void *reply,
                  size_t room) {
    struct answer *answer = &scorer->answer;
    scorer->damaged = NULL;
    if (n > sizeof scorer->frame)
        return 0;
    memcpy(scorer->frame, shared, n);
    if (job_read(scorer->frame, n, &scorer->job) != 0)
        return 0;
    answer->id = scorer->job.id;
    answer->generation = scorer->job.generation;
    answer->status = ANSWER_DONE;
    answer->bid_count = 0;
    scorer->reply = reply;
    scorer->room = room < ANSWER_MOST_BYTES ? room : ANSWER_MOST_BYTES;
    scorer->bytes = answer_bytes(answer);
    if (now_us > scorer->job.deadline_us)
        return write_without_bids(scorer, ANSWER_LATE, &scorer->stats->late);
    scorer->generation = generations_find(scorer->generations, scorer->job.generation);
    if (!scorer->generation)
        return write_without_bids(scorer, ANSWER_NO_TABLE, &scorer->stats->no_table);
    return answer_from_table(scorer);
}
