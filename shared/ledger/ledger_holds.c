/*
 * Holds; see ledger.h for their life and ledger_format.h for the words.
 *
 * Each writer has a segment of the slots and takes them in turn, so that the slot to be taken is the one that
 * was taken longest ago: taking one is O(1), and holds expire by a walk behind. A slot that lives longer than
 * its neighbours is stepped over and met again a lap later; the walk waits at it, at most a lap. A viewed
 * slot stays until it expires, so that a repeat is known as one.
 *
 * Only the writer that reserved takes a hold back (release, expiry): then its claim and the end of it stand
 * in one cell, and who adds the cells up one by one never sees an end without its claim. A view moves money
 * from one writer's cell to another's as "spent more", then "held less"; a sum reads all that is held first.
 */
#include <string.h>

#include "ledger/ledger_internal.h"

#define TRIES       16u /* slots that a reservation looks at */
#define SWEEP       2u  /* slots that it looks at for expired money */
#define NO_HOLD     0
#define COUNT_MASK  0xffffffu
#define ERA_OF(era) ((era) << 24)

/* ---- slots ---- */

struct body {
    int64_t nanos, expires;
    uint64_t user, auction;
    uint32_t campaign, day;
};

static struct body body_read(const struct ledger *ledger, const struct ledger_slot *slot) {
    struct body body = {
        .nanos = atomic_load_explicit(&slot->nanos, memory_order_relaxed),
        .expires = atomic_load_explicit(&slot->expires, memory_order_relaxed),
        .user = atomic_load_explicit(&slot->user, memory_order_relaxed),
        .auction = atomic_load_explicit(&slot->auction, memory_order_relaxed),
        .campaign = atomic_load_explicit(&slot->campaign, memory_order_relaxed),
        .day = atomic_load_explicit(&slot->day, memory_order_relaxed),
    };
    if (body.campaign >= ledger->sizes.campaigns)
        body.campaign = LEDGER_NONE;
    if (body.nanos < 0 || body.nanos >= LEDGER_MOST_NANOS)
        body.nanos = 0; /* bent while it was open: no price that was ever reserved */
    return body;
}

static void body_write(struct ledger_slot *slot, const struct ledger_step *step) {
    atomic_store_explicit(&slot->nanos, step->nanos, memory_order_relaxed);
    atomic_store_explicit(&slot->expires, step->expires, memory_order_relaxed);
    atomic_store_explicit(&slot->user, step->user, memory_order_relaxed);
    atomic_store_explicit(&slot->auction, step->auction, memory_order_relaxed);
    atomic_store_explicit(&slot->campaign, step->campaign, memory_order_relaxed);
    atomic_store_explicit(&slot->day, step->day, memory_order_relaxed);
}

/* The hold's slot, or NULL; its word and what it holds, both of the same moment. */
static struct ledger_slot *find(const struct ledger *ledger, uint64_t hold, uint64_t *word,
                                struct body *body) {
    uint64_t number = hold >> 32;
    if (number >= ledger->sizes.holds)
        return NULL;
    struct ledger_slot *slot = &ledger->live.slots[number];
    *word = atomic_load_explicit(&slot->word, memory_order_acquire);
    if (ledger_word_incarnation(*word) != (uint32_t)hold)
        return NULL;
    *body = body_read(ledger, slot);
    atomic_thread_fence(memory_order_acquire);
    uint64_t again = atomic_load_explicit(&slot->word, memory_order_relaxed);
    return ledger_word_incarnation(again) == (uint32_t)hold ? slot : NULL;
}

static void win_fill(struct ledger_win *win, const struct body *body) {
    if (win != NULL)
        *win = (struct ledger_win){body->campaign, body->nanos, body->user, body->auction, body->expires};
}

/* ---- the end of a hold: a view, a release ---- */

/* The step of a slot with this word to another state. False: somebody else was faster. */
static bool settle(struct ledger *ledger, uint32_t writer, struct ledger_slot *slot, uint64_t word,
                   const struct body *body, enum ledger_state state) {
    struct ledger_step step = {.number = ledger_step_next(ledger, writer),
                               .slot = (uint32_t)(slot - ledger->live.slots),
                               .before = word,
                               .nanos = body->nanos,
                               .user = body->user,
                               .auction = body->auction,
                               .expires = body->expires,
                               .campaign = body->campaign,
                               .day = body->day};
    step.after = ledger_word(ledger_word_incarnation(word), state, writer, step.number);
    ledger_step_money(ledger, writer, &step, state == LEDGER_SLOT_VIEWED ? body->nanos : 0, -body->nanos,
                      false);
    ledger_step_begin(ledger, writer, &step);
    bool done;
    do /* another mark in the word is no reason to give up */
        done = atomic_compare_exchange_strong_explicit(&slot->word, &word, step.after | (word & LEDGER_MARKS),
                                                       memory_order_acq_rel, memory_order_acquire);
    while (!done && (word & ~LEDGER_MARKS) == (step.before & ~LEDGER_MARKS));
    if (done)
        ledger_step_cell(ledger, &ledger->live, writer, &step, true);
    ledger_step_end(ledger, writer, step.number, done ? LEDGER_STEP_DONE : LEDGER_STEP_UNDONE);
    return done;
}

enum ledger_result ledger_view(struct ledger *ledger, uint32_t writer, uint64_t hold, int64_t now,
                               struct ledger_win *win) {
    struct body body;
    uint64_t word;
    struct ledger_slot *slot;
    while ((slot = find(ledger, hold, &word, &body)) != NULL) {
        if (ledger_word_state(word) == LEDGER_SLOT_VIEWED) {
            win_fill(win, &body);
            ledger_count(ledger, writer, LEDGER_COUNT_REPEATED);
            return LEDGER_REPEATED;
        }
        if (ledger_word_state(word) != LEDGER_SLOT_HELD || now >= body.expires ||
            ledger_word_is_open(ledger, writer, (uint32_t)(hold >> 32), word))
            break;
        if (settle(ledger, writer, slot, word, &body, LEDGER_SLOT_VIEWED)) {
            win_fill(win, &body);
            ledger_count(ledger, writer, LEDGER_COUNT_VIEWED);
            return LEDGER_COUNTED;
        }
    }
    ledger_count(ledger, writer, LEDGER_COUNT_GONE);
    return LEDGER_GONE;
}

enum ledger_result ledger_release(struct ledger *ledger, uint32_t writer, uint64_t hold) {
    struct body body;
    uint64_t word;
    struct ledger_slot *slot = find(ledger, hold, &word, &body);
    if (slot != NULL && ledger_slot_owner(ledger, (uint32_t)(hold >> 32)) == writer &&
        ledger_word_state(word) == LEDGER_SLOT_HELD &&
        settle(ledger, writer, slot, word, &body, LEDGER_SLOT_RELEASED)) {
        ledger_count(ledger, writer, LEDGER_COUNT_RELEASED);
        return LEDGER_COUNTED;
    }
    ledger_count(ledger, writer, LEDGER_COUNT_GONE);
    return LEDGER_GONE;
}

/* ---- marks ---- */

static enum ledger_result mark(struct ledger *ledger, uint32_t writer, uint64_t hold, uint64_t bit,
                               struct ledger_win *win) {
    enum ledger_counter what = bit == LEDGER_MARK_WON ? LEDGER_COUNT_WON : LEDGER_COUNT_CLICKED;
    struct body body;
    uint64_t word;
    struct ledger_slot *slot = find(ledger, hold, &word, &body);
    while (slot != NULL && ledger_word_incarnation(word) == (uint32_t)hold &&
           (ledger_word_state(word) == LEDGER_SLOT_HELD || ledger_word_state(word) == LEDGER_SLOT_VIEWED)) {
        win_fill(win, &body);
        if (word & bit) {
            ledger_count(ledger, writer, LEDGER_COUNT_REPEATED);
            return LEDGER_REPEATED;
        }
        if (atomic_compare_exchange_weak_explicit(&slot->word, &word, word | bit, memory_order_acq_rel,
                                                  memory_order_acquire)) {
            ledger_count(ledger, writer, what);
            return LEDGER_COUNTED;
        }
    }
    ledger_count(ledger, writer, LEDGER_COUNT_GONE);
    return LEDGER_GONE;
}

/* A mark is for a hold that has not expired; what was viewed is marked as long as its slot is there. */
static bool mark_is_late(const struct ledger *ledger, uint64_t hold, int64_t now) {
    struct body body;
    uint64_t word;
    return find(ledger, hold, &word, &body) != NULL && ledger_word_state(word) == LEDGER_SLOT_HELD &&
           now >= body.expires;
}

enum ledger_result ledger_click(struct ledger *ledger, uint32_t writer, uint64_t hold, int64_t now,
                                struct ledger_win *win) {
    return mark(ledger, writer, mark_is_late(ledger, hold, now) ? NO_HOLD : hold, LEDGER_MARK_CLICKED, win);
}

enum ledger_result ledger_won(struct ledger *ledger, uint32_t writer, uint64_t hold, int64_t now,
                              struct ledger_win *win) {
    return mark(ledger, writer, mark_is_late(ledger, hold, now) ? NO_HOLD : hold, LEDGER_MARK_WON, win);
}

/* ---- expiry ---- */

static struct ledger_slot *own_slot(const struct ledger *ledger, uint32_t writer, uint64_t at) {
    uint32_t each = ledger->layout.slots_each;
    return &ledger->live.slots[(size_t)writer * each + at % each];
}

/* What of a slot: it may be taken; it lives; its money has expired. */
enum ripeness { RIPE_FREE, RIPE_LIVE, RIPE_EXPIRED };

static enum ripeness ripeness_of(const struct ledger_slot *slot, uint64_t word, int64_t now) {
    bool late = now >= atomic_load_explicit(&slot->expires, memory_order_relaxed);
    switch (ledger_word_state(word)) {
    case LEDGER_SLOT_FREE:
    case LEDGER_SLOT_RELEASED:
        return RIPE_FREE;
    case LEDGER_SLOT_HELD:
        return late ? RIPE_EXPIRED : RIPE_LIVE;
    case LEDGER_SLOT_VIEWED:
        return late ? RIPE_FREE : RIPE_LIVE;
    }
    return RIPE_LIVE;
}

static bool expire_slot(struct ledger *ledger, uint32_t writer, struct ledger_slot *slot, uint64_t word) {
    struct body body = body_read(ledger, slot);
    if (!settle(ledger, writer, slot, word, &body, LEDGER_SLOT_RELEASED))
        return false;
    ledger_count(ledger, writer, LEDGER_COUNT_EXPIRED);
    return true;
}

/* Walks behind the writer over at most `slots` slots, up to the first hold that lives. */
static uint32_t sweep(struct ledger *ledger, uint32_t writer, int64_t now, uint32_t most, uint32_t slots) {
    struct ledger_writer *own = &ledger->live.writers[writer];
    uint64_t next = atomic_load_explicit(&own->next, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&own->tail, memory_order_relaxed);
    uint32_t expired = 0, each = ledger->layout.slots_each;
    if (next - tail > each)
        tail = next - each;
    for (; tail != next && slots > 0 && expired < most; tail++, slots--) {
        struct ledger_slot *slot = own_slot(ledger, writer, tail);
        uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
        enum ripeness ripe = ripeness_of(slot, word, now);
        if (ripe == RIPE_LIVE && ledger_word_state(word) == LEDGER_SLOT_HELD)
            break;
        expired += ripe == RIPE_EXPIRED && expire_slot(ledger, writer, slot, word);
    }
    atomic_store_explicit(&own->tail, tail, memory_order_relaxed);
    return expired;
}

bool ledger_has_room(const struct ledger *ledger, uint32_t writer, uint32_t ahead, int64_t now) {
    const struct ledger_writer *own = &ledger->live.writers[writer];
    uint64_t next = atomic_load_explicit(&own->next, memory_order_relaxed);
    const struct ledger_slot *slot = own_slot(ledger, writer, next + ahead);
    return ripeness_of(slot, atomic_load_explicit(&slot->word, memory_order_acquire), now) != RIPE_LIVE;
}

uint32_t ledger_expire(struct ledger *ledger, uint32_t writer, int64_t now, uint32_t most) {
    return sweep(ledger, writer, now, most, ledger->layout.slots_each);
}

void ledger_forget_user(struct ledger *ledger, uint64_t user) {
    if (user == 0)
        return;
    for (uint32_t i = 0; i < ledger->sizes.holds; i++) {
        uint64_t key = user;
        if (atomic_load_explicit(&ledger->live.slots[i].user, memory_order_relaxed) == user)
            (void)atomic_compare_exchange_strong(&ledger->live.slots[i].user, &key, 0);
    }
}

/* ---- reservations ---- */

/* The next slot that may be taken, and its word; NULL: none is near. */
static struct ledger_slot *take(struct ledger *ledger, uint32_t writer, int64_t now, uint64_t *word) {
    struct ledger_writer *own = &ledger->live.writers[writer];
    uint64_t next = atomic_load_explicit(&own->next, memory_order_relaxed);
    for (uint32_t tries = 0; tries < TRIES && tries < ledger->layout.slots_each; tries++, next++) {
        struct ledger_slot *slot = own_slot(ledger, writer, next);
        *word = atomic_load_explicit(&slot->word, memory_order_acquire);
        enum ripeness ripe = ripeness_of(slot, *word, now);
        if (ripe == RIPE_EXPIRED) { /* the walk behind has not come here yet */
            (void)expire_slot(ledger, writer, slot, *word);
            *word = atomic_load_explicit(&slot->word, memory_order_acquire);
            ripe = ripeness_of(slot, *word, now);
        }
        /* A view that its writer has not finished is seen in the slot alone. */
        if (ripe != RIPE_FREE ||
            ledger_word_is_open(ledger, writer, (uint32_t)(slot - ledger->live.slots), *word))
            continue;
        atomic_store_explicit(&own->next, next + 1, memory_order_relaxed);
        return slot;
    }
    atomic_store_explicit(&own->next, next, memory_order_relaxed);
    return NULL;
}

static uint32_t incarnation_after(const struct ledger *ledger, uint64_t word) {
    uint32_t era = ledger->live.head->era & 0xffu, was = ledger_word_incarnation(word);
    uint32_t count = was >> 24 == era ? (was + 1) & COUNT_MASK : 1;
    return ERA_OF(era) | (count ? count : 1);
}

/* The claim is made; is it within the limit? */
static bool claim_fits(const struct ledger *ledger, const struct ledger_step *step) {
    if (step->cell == LEDGER_NONE)
        return true;
    int64_t limit = ledger_limit(ledger, step->cell);
    if (limit == INT64_MAX)
        return true;
    /* Of two that claim at once at least one sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    int64_t held = ledger_sum_held(ledger, step->cell, step->day);
    atomic_thread_fence(memory_order_acquire);
    int64_t spent = ledger_sum_spent(ledger, step->cell, step->day), used;
    return !__builtin_add_overflow(held, spent, &used) && used <= limit;
}

static bool win_is_legal(const struct ledger *ledger, uint32_t writer, const struct ledger_win *win) {
    return writer < ledger->sizes.writers && win->nanos >= 0 && win->nanos < LEDGER_MOST_NANOS &&
           (win->campaign == LEDGER_NONE ||
            win->campaign < atomic_load_explicit(&ledger->live.head->count, memory_order_relaxed));
}

static enum ledger_result refuse(struct ledger *ledger, uint32_t writer, enum ledger_result why) {
    ledger_count(ledger, writer, why == LEDGER_FULL ? LEDGER_COUNT_FULL : LEDGER_COUNT_OVER_BUDGET);
    return why;
}

enum ledger_result ledger_reserve(struct ledger *ledger, uint32_t writer, const struct ledger_win *win,
                                  int64_t now, uint64_t *hold) {
    uint64_t word;
    *hold = NO_HOLD;
    if (!win_is_legal(ledger, writer, win))
        return LEDGER_OVER_BUDGET;
    (void)sweep(ledger, writer, now, SWEEP, SWEEP);
    struct ledger_slot *slot = take(ledger, writer, now, &word);
    if (slot == NULL)
        return refuse(ledger, writer, LEDGER_FULL);
    int64_t last = now + LEDGER_MOST_EXPIRY_S;
    struct ledger_step step = {.number = ledger_step_next(ledger, writer),
                               .slot = (uint32_t)(slot - ledger->live.slots),
                               .before = word,
                               .nanos = win->nanos,
                               .user = win->user,
                               .auction = win->auction,
                               .expires = win->expires < last ? win->expires : last,
                               .campaign = win->campaign,
                               .day = ledger_day(now)};
    uint32_t incarnation = incarnation_after(ledger, word);
    step.after = ledger_word(incarnation, LEDGER_SLOT_HELD, writer, step.number);
    ledger_step_money(ledger, writer, &step, 0, step.nanos, true);
    ledger_step_begin(ledger, writer, &step);
    ledger_step_cell(ledger, &ledger->live, writer, &step, true);
    bool fits = claim_fits(ledger, &step);
    if (fits) {
        /* The old hold ends before the new one's words are written: nobody reads a mixture. */
        atomic_store_explicit(&slot->word, ledger_word(incarnation, LEDGER_SLOT_FREE, writer, 0),
                              memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
        body_write(slot, &step);
        atomic_store_explicit(&slot->word, step.after, memory_order_release);
    } else {
        ledger_step_cell(ledger, &ledger->live, writer, &step, false);
    }
    ledger_step_end(ledger, writer, step.number, fits ? LEDGER_STEP_DONE : LEDGER_STEP_UNDONE);
    if (!fits)
        return refuse(ledger, writer, LEDGER_OVER_BUDGET);
    ledger_count(ledger, writer, LEDGER_COUNT_RESERVED);
    *hold = (uint64_t)step.slot << 32 | incarnation;
    return LEDGER_COUNTED;
}
