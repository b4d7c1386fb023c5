/* What a dead writer left half done is finished or forgotten; what the ledger counts. */
#include "ledger/ledger_internal.h"

static enum ledger_counter counter_of(const struct ledger_step *step) {
    switch (ledger_word_state(step->after)) {
    case LEDGER_SLOT_VIEWED:
        return LEDGER_COUNT_VIEWED;
    case LEDGER_SLOT_RELEASED:
        return LEDGER_COUNT_RELEASED;
    case LEDGER_SLOT_HELD:
    case LEDGER_SLOT_FREE:
        break;
    }
    return LEDGER_COUNT_RESERVED;
}

/*
 * A step is open when its record is there and `committed` is one less. While it is open nobody overwrites the
 * slot's word but for marks, so the word tells whether it has happened; the cell is then set to what the
 * record says, which changes nothing where the writer had come so far itself. A successor that dies here
 * leaves the same to the next. The number is used up either way.
 */
void ledger_adopt(struct ledger *ledger, uint32_t writer) {
    struct ledger_head *head = ledger->live.head;
    struct ledger_step step;
    if (writer >= ledger->sizes.writers)
        return;
    uint64_t number = ledger_step_next(ledger, writer);
    atomic_fetch_add_explicit(&head->adopted, 1, memory_order_relaxed);
    if (!ledger_step_read(ledger, writer, number, &step) || step.slot >= ledger->sizes.holds)
        return;
    uint64_t word = atomic_load_explicit(&ledger->live.slots[step.slot].word, memory_order_acquire);
    bool happened = ledger_step_happened(word, &step);
    ledger_step_cell(ledger, &ledger->live, writer, &step, happened);
    ledger_step_end(ledger, writer, number, happened ? LEDGER_STEP_DONE : LEDGER_STEP_UNDONE);
    atomic_fetch_add_explicit(&head->finished, 1, memory_order_relaxed);
    if (happened)
        ledger_count(ledger, writer, counter_of(&step));
}

void ledger_stats(const struct ledger *ledger, struct ledger_stats *stats) {
    uint64_t sums[LEDGER_COUNTERS] = {0};
    const struct ledger_head *head = ledger->live.head;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        for (int i = 0; i < LEDGER_COUNTERS; i++)
            sums[i] += atomic_load_explicit(&ledger->live.writers[w].counters[i], memory_order_relaxed);
    *stats = (struct ledger_stats){
        .reserved = sums[LEDGER_COUNT_RESERVED],
        .viewed = sums[LEDGER_COUNT_VIEWED],
        .clicked = sums[LEDGER_COUNT_CLICKED],
        .won = sums[LEDGER_COUNT_WON],
        .released = sums[LEDGER_COUNT_RELEASED],
        .expired = sums[LEDGER_COUNT_EXPIRED],
        .repeated = sums[LEDGER_COUNT_REPEATED],
        .gone = sums[LEDGER_COUNT_GONE],
        .over_budget = sums[LEDGER_COUNT_OVER_BUDGET],
        .full = sums[LEDGER_COUNT_FULL],
        .adopted = atomic_load_explicit(&head->adopted, memory_order_relaxed),
        .finished = atomic_load_explicit(&head->finished, memory_order_relaxed),
        .syncs = atomic_load_explicit(&head->syncs, memory_order_relaxed),
        .sync_failures = atomic_load_explicit(&head->sync_failures, memory_order_relaxed),
        .campaigns = ledger_campaign_count(ledger),
    };
    /* Held and neither viewed nor taken back; the counters of a step may be a moment late. */
    uint64_t ended = stats->viewed + stats->released + stats->expired;
    stats->holds_live = stats->reserved > ended ? stats->reserved - ended : 0;
}
