/*
 * A consistent copy while others write; two in turn, each with a checksum.
 *
 * First all words are copied as they are met ("fuzzily"), while the writers' steps are redone on the copy as
 * they are committed: a step says what its slot and its writer's cell are after it, so redoing in a writer's
 * order ends right whatever the copied words were, and a slot's word only moves forward, so the order among
 * writers does not matter. Then the cut: each writer's last committed step is read, and every step to there
 * is redone. The cut is made whole in two ways:
 *
 * - A step's predecessor on its slot belongs to the cut too. The slot's word before the step names it (writer
 *   and number); where it is above the cut, that writer's cut moves up to it. It is committed: nobody builds
 *   on a step that is open (ledger_word_is_open()).
 * - The step that a writer has open when its cut is read may stand half in the copied words. Its slot says
 *   whether it has happened by now: then it belongs to the cut, else its cell is set to what it was. What has
 *   not happened by now, after all copying, is in no copied slot.
 *
 * So every slot of the copy is what the steps of the cut make of it, every cell is the sum of its writer's
 * steps in the cut, and whatever was committed before the call is in it. A writer that laps the ring of steps
 * while it is read (LEDGER_STEPS steps in the time of CHUNK lines) makes us begin again; a writer that stands
 * still or dies at any point holds nothing up.
 *
 * Campaigns are copied last: what a copied hold names is there.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_internal.h"

#define CHUNK 512u /* lines that are copied between two looks at the steps */
#define SLACK 256u /* campaigns that may be taken up meanwhile */
#define TRIES 16

struct cut {
    struct ledger *ledger;
    struct ledger_part to;
    uint64_t applied[LEDGER_MOST_WRITERS], wanted[LEDGER_MOST_WRITERS];
    bool open_seen[LEDGER_MOST_WRITERS];
};

/* ---- copying as it is met ---- */

/* A line of the copy is written only where it differs, so that pages which stay are not dirty. */
static void put_line(void *to, const uint64_t *words) {
    if (memcmp(to, words, LEDGER_LINE_BYTES) != 0)
        memcpy(to, words, LEDGER_LINE_BYTES);
}

static void copy_lines(void *to, const void *from, size_t n) {
    const _Atomic uint64_t *at = from;
    uint64_t words[LEDGER_LINE_BYTES / 8];
    for (size_t line = 0; line < n; line++, at += COUNT_OF(words)) {
        for (size_t i = 0; i < COUNT_OF(words); i++)
            words[i] = atomic_load_explicit(&at[i], memory_order_relaxed);
        put_line((char *)to + line * LEDGER_LINE_BYTES, words);
    }
}

/* Lines that begin with a word which changes before and after the rest does: all of one moment. */
static void copy_guarded(void *to, const void *from, size_t lines) {
    const _Atomic uint64_t *at = from;
    uint64_t words[2][LEDGER_LINE_BYTES / 8], first;
    do {
        first = atomic_load_explicit(at, memory_order_acquire);
        for (size_t i = 0; i < lines * COUNT_OF(words[0]); i++)
            words[i / COUNT_OF(words[0])][i % COUNT_OF(words[0])] =
                atomic_load_explicit(&at[i], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
    } while (atomic_load_explicit(at, memory_order_relaxed) != first || words[0][0] != first);
    for (size_t i = 0; i < lines; i++)
        put_line((char *)to + i * LEDGER_LINE_BYTES, words[i]);
}

/* ---- redoing ---- */

static int rank_of(uint64_t word) {
    enum ledger_state state = ledger_word_state(word);
    return state == LEDGER_SLOT_RELEASED ? LEDGER_SLOT_VIEWED : (int)state;
}

/* The slot moves forward to what the step made of it, or is further on already. */
static void redo_slot(const struct cut *cut, const struct ledger_step *step) {
    struct ledger_slot *slot = &cut->to.slots[step->slot];
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    int32_t older = (int32_t)(ledger_word_incarnation(step->after) - ledger_word_incarnation(word));
    if (older < 0 || (older == 0 && rank_of(word) > rank_of(step->after)))
        return;
    uint64_t marks = older == 0 ? word & LEDGER_MARKS : 0;
    atomic_store_explicit(&slot->word, (step->after & ~LEDGER_MARKS) | marks, memory_order_relaxed);
    atomic_store_explicit(&slot->nanos, step->nanos, memory_order_relaxed);
    atomic_store_explicit(&slot->user, step->user, memory_order_relaxed);
    atomic_store_explicit(&slot->auction, step->auction, memory_order_relaxed);
    atomic_store_explicit(&slot->expires, step->expires, memory_order_relaxed);
    atomic_store_explicit(&slot->campaign, step->campaign, memory_order_relaxed);
    atomic_store_explicit(&slot->day, step->day, memory_order_relaxed);
}

/* What the step stands on belongs to the cut too. */
static void want_predecessor(struct cut *cut, const struct ledger_step *step) {
    uint32_t other = ledger_word_writer(step->before);
    if (other >= cut->ledger->sizes.writers)
        return;
    uint64_t ahead = (ledger_word_step(step->before) - cut->applied[other]) & LEDGER_STEP_MASK;
    uint64_t number = cut->applied[other] + ahead;
    if (number > cut->wanted[other] &&
        number <= atomic_load_explicit(&cut->ledger->live.writers[other].committed, memory_order_acquire))
        cut->wanted[other] = number;
}

/* False: the ring of steps went by. */
static bool redo(struct cut *cut, uint32_t writer, bool done, const struct ledger_step *step) {
    if (step->slot >= cut->ledger->sizes.holds)
        return false;
    if (done) {
        want_predecessor(cut, step);
        redo_slot(cut, step);
    }
    ledger_step_cell(cut->ledger, &cut->to, writer, step, done);
    return true;
}

static bool redo_to_wanted(struct cut *cut, uint32_t writer) {
    struct ledger_step step;
    while (cut->applied[writer] < cut->wanted[writer]) {
        if (!ledger_step_read(cut->ledger, writer, cut->applied[writer] + 1, &step) ||
            !redo(cut, writer, step.outcome == LEDGER_STEP_DONE, &step))
            return false;
        cut->applied[writer]++;
    }
    return true;
}

static bool follow(struct cut *cut) {
    for (uint32_t w = 0; w < cut->ledger->sizes.writers; w++) {
        uint64_t committed =
            atomic_load_explicit(&cut->ledger->live.writers[w].committed, memory_order_acquire);
        if (committed - cut->applied[w] > LEDGER_STEPS)
            return false;
        if (committed > cut->wanted[w])
            cut->wanted[w] = committed;
        if (!redo_to_wanted(cut, w))
            return false;
    }
    return true;
}

/* The step that was open when the writer's cut was read. */
static bool resolve_open(struct cut *cut, uint32_t writer) {
    const struct ledger *ledger = cut->ledger;
    struct ledger_step step;
    uint64_t number = cut->applied[writer] + 1;
    cut->open_seen[writer] = true;
    if (!ledger_step_read(ledger, writer, number, &step))
        return atomic_load_explicit(&ledger->live.writers[writer].committed, memory_order_acquire) -
                   cut->applied[writer] <
               LEDGER_STEPS - 1; /* nothing was noted yet; else the ring has gone by */
    if (step.slot >= ledger->sizes.holds)
        return false;
    uint64_t word = atomic_load_explicit(&ledger->live.slots[step.slot].word, memory_order_acquire);
    if (atomic_load_explicit(&ledger->live.writers[writer].committed, memory_order_acquire) >= number) {
        cut->wanted[writer] = number; /* it has ended meanwhile, and says how */
        return redo_to_wanted(cut, writer);
    }
    bool happened = ledger_step_happened(word, &step);
    if (!redo(cut, writer, happened, &step))
        return false;
    if (happened)
        cut->applied[writer] = cut->wanted[writer] = number;
    return true;
}

/* Each writer's cut, and all that it stands on. */
static bool finish_cut(struct cut *cut) {
    uint32_t writers = cut->ledger->sizes.writers;
    bool changed = true;
    atomic_thread_fence(memory_order_acquire);
    if (!follow(cut))
        return false;
    while (changed) {
        changed = false;
        for (uint32_t w = 0; w < writers; w++) {
            bool open = !cut->open_seen[w];
            if (!redo_to_wanted(cut, w) || (open && !resolve_open(cut, w)))
                return false;
            changed |= open;
        }
        for (uint32_t w = 0; w < writers; w++)
            changed |= cut->applied[w] < cut->wanted[w];
    }
    return true;
}

/* ---- a copy ---- */

static void cut_begin(struct cut *cut, struct ledger *ledger, int copy) {
    *cut = (struct cut){.ledger = ledger, .to = ledger_copy_part(ledger, copy)};
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        cut->applied[w] = cut->wanted[w] =
            atomic_load_explicit(&ledger->live.writers[w].committed, memory_order_acquire);
}

static bool copy_cells(struct cut *cut, uint32_t count) {
    struct ledger *ledger = cut->ledger;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        for (uint32_t at = 0; at < count; at += CHUNK) {
            copy_lines(ledger_cell_of(ledger, &cut->to, w, at), ledger_cell_of(ledger, &ledger->live, w, at),
                       count - at < CHUNK ? count - at : CHUNK);
            if (!follow(cut))
                return false;
        }
    return true;
}

static bool copy_slots(struct cut *cut) {
    struct ledger *ledger = cut->ledger;
    for (uint32_t at = 0; at < ledger->sizes.holds; at++) {
        copy_guarded(&cut->to.slots[at], &ledger->live.slots[at], 1);
        if (at % CHUNK == 0 && !follow(cut))
            return false;
    }
    return true;
}

static uint32_t copy_campaigns(struct cut *cut) {
    struct ledger *ledger = cut->ledger;
    uint32_t count = ledger_campaign_count(ledger);
    for (uint32_t i = 0; i < count; i++)
        copy_guarded(&cut->to.campaigns[i], &ledger->live.campaigns[i], 2);
    copy_lines(cut->to.head, ledger->live.head, ledger->layout.writers_at / LEDGER_LINE_BYTES);
    copy_lines(cut->to.writers, ledger->live.writers,
               ledger->sizes.writers * sizeof(struct ledger_writer) / LEDGER_LINE_BYTES);
    cut->to.head->count = count;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        cut->to.writers[w].committed = cut->applied[w];
    return count;
}

/* False: begin again. */
static bool copy_once(struct cut *cut, struct ledger *ledger, int copy, uint32_t *count) {
    cut_begin(cut, ledger, copy);
    /* Read after the writers' steps: whatever is done to a campaign that is not counted here will be redone.
     * Cells above the count are empty, in the copy too when they are copied. */
    uint32_t cells = ledger_campaign_count(ledger) + SLACK;
    cells = cells < ledger->sizes.campaigns ? cells : ledger->sizes.campaigns;
    if (!copy_cells(cut, cells) || !copy_slots(cut) || !finish_cut(cut))
        return false;
    *count = copy_campaigns(cut);
    return *count <= cells;
}

static int write_copy(struct ledger *ledger, uint64_t generation) {
    struct cut cut;
    int copy = (int)(generation & 1), tries = 0;
    struct ledger_copy_head *head = ledger_copy_head(ledger, copy);
    uint32_t count = 0;
    memset(head, 0, sizeof *head);
    while (!copy_once(&cut, ledger, copy, &count))
        if (++tries == TRIES) {
            errno = EAGAIN;
            return -1;
        }
    ledger_copy_seal(ledger, copy, generation, count);
    return fdatasync(ledger->fd);
}

int ledger_sync(struct ledger *ledger) {
    if (!ledger->header->has_copies)
        return 0;
    struct ledger_head *head = ledger->live.head;
    uint64_t generation = atomic_load(&ledger->header->generation) + 1;
    if (write_copy(ledger, generation) != 0) {
        /* The other copy is as it was; the next call tries this one again. */
        atomic_fetch_add_explicit(&head->sync_failures, 1, memory_order_relaxed);
        return -1;
    }
    atomic_store(&ledger->header->generation, generation);
    atomic_fetch_add_explicit(&head->syncs, 1, memory_order_relaxed);
    return 0;
}
