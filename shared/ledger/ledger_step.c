/*
 * Steps of money: noted, made, ended; see ledger.h.
 *
 * A step's order is: the note (number last), a release fence, the claim of a reservation in the cell, the
 * slot's word (the moment of truth), the cell, the outcome, `committed`. A process that is killed has made
 * all stores before some point of its program and none after; for who copies while it runs, the fence orders
 * the note before all that it announces, and `committed` (release) after.
 */
#include "ledger/ledger_internal.h"

#include <string.h>

static struct ledger_step_words *step_at(const struct ledger *ledger, uint32_t writer, uint64_t number) {
    return &ledger->steps[(size_t)writer * LEDGER_STEPS + number % LEDGER_STEPS];
}

/* Sums wrap in a file whose numbers were bent while it was open; then they are wrong, and nothing more. */
static int64_t plus(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void ledger_step_money(const struct ledger *ledger, uint32_t writer, struct ledger_step *step, int64_t spent,
                       int64_t held, bool reserve) {
    step->cell = LEDGER_NONE;
    if (step->campaign >= ledger->sizes.campaigns)
        return;
    const struct ledger_cell *cell = ledger_cell_of(ledger, &ledger->live, writer, step->campaign);
    int i = step->day & 1;
    step->day_before = atomic_load_explicit(&cell->day[i], memory_order_relaxed);
    if (!reserve && step->day_before > step->day)
        return; /* that day is over and no longer counted */
    bool fresh = step->day_before != step->day;
    step->cell = step->campaign;
    step->day_after = step->day;
    step->spent_before = atomic_load_explicit(&cell->spent[i], memory_order_relaxed);
    step->held_before = atomic_load_explicit(&cell->held[i], memory_order_relaxed);
    step->spent_after = plus(fresh ? 0 : step->spent_before, spent);
    step->held_after = plus(fresh ? 0 : step->held_before, held);
}

uint64_t ledger_step_next(const struct ledger *ledger, uint32_t writer) {
    return atomic_load_explicit(&ledger->live.writers[writer].committed, memory_order_relaxed) + 1;
}

void ledger_step_begin(struct ledger *ledger, uint32_t writer, const struct ledger_step *step) {
    struct ledger_step_words *at = step_at(ledger, writer, step->number);
    uint64_t words[LEDGER_STEP_WORDS];
    memcpy(words, step, sizeof words);
    atomic_store_explicit(&at->words[0], 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 1; i < LEDGER_STEP_WORDS; i++)
        atomic_store_explicit(&at->words[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&at->words[0], words[0], memory_order_release);
    atomic_thread_fence(memory_order_release);
}

void ledger_step_cell(const struct ledger *ledger, const struct ledger_part *part, uint32_t writer,
                      const struct ledger_step *step, bool after) {
    if (step->cell >= ledger->sizes.campaigns)
        return;
    struct ledger_cell *cell = ledger_cell_of(ledger, part, writer, step->cell);
    int i = step->day_after & 1;
    uint32_t day = after ? step->day_after : step->day_before;
    int64_t spent = after ? step->spent_after : step->spent_before;
    int64_t held = after ? step->held_after : step->held_before;
    bool fresh = atomic_load_explicit(&cell->day[i], memory_order_relaxed) != day;
    if (fresh) {
        atomic_store_explicit(&cell->day[i], 0, memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
    }
    /* Spent first: who reads held and then spent never misses the money that moves between them. */
    atomic_store_explicit(&cell->spent[i], spent, memory_order_release);
    atomic_store_explicit(&cell->held[i], held, memory_order_release);
    if (fresh)
        atomic_store_explicit(&cell->day[i], day, memory_order_release);
}

void ledger_step_end(struct ledger *ledger, uint32_t writer, uint64_t number, enum ledger_outcome outcome) {
    atomic_store_explicit(&step_at(ledger, writer, number)->words[1], outcome, memory_order_relaxed);
    atomic_store_explicit(&ledger->live.writers[writer].committed, number, memory_order_release);
}

bool ledger_step_read(const struct ledger *ledger, uint32_t writer, uint64_t number,
                      struct ledger_step *step) {
    struct ledger_step_words *at = step_at(ledger, writer, number);
    uint64_t words[LEDGER_STEP_WORDS];
    words[0] = atomic_load_explicit(&at->words[0], memory_order_acquire);
    if (words[0] != number)
        return false;
    for (size_t i = 1; i < LEDGER_STEP_WORDS; i++)
        words[i] = atomic_load_explicit(&at->words[i], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&at->words[0], memory_order_relaxed) != number)
        return false;
    memcpy(step, words, sizeof *step);
    return true;
}

bool ledger_step_happened(uint64_t word, const struct ledger_step *step) {
    return (word & ~LEDGER_MARKS) == (step->after & ~LEDGER_MARKS);
}

bool ledger_word_is_open(const struct ledger *ledger, uint32_t writer, uint32_t slot, uint64_t word) {
    uint32_t other = ledger_word_writer(word);
    struct ledger_step step;
    if (other == writer || other >= ledger->sizes.writers)
        return false;
    uint64_t next = atomic_load_explicit(&ledger->live.writers[other].committed, memory_order_acquire) + 1;
    if (LIKELY((next & LEDGER_STEP_MASK) != ledger_word_step(word)))
        return false;
    return ledger_step_read(ledger, other, next, &step) && step.slot == slot &&
           ledger_step_happened(word, &step);
}
