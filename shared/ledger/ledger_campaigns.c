/*
 * Campaigns by key, and their sums.
 *
 * A campaign's number is its place in an array; the index is a table of numbers by key, open addressing,
 * linear. Any process may take a campaign up at any time, without a lock: it takes a number, writes the
 * facts, the key last, and puts the number into the first free entry by compare-and-swap. Where two took up
 * the same key, the one that comes first in the order of the search stays, and the other number is spare
 * again. (Should a third campaign give way just then, so that the two use different entries, the one that did
 * not stay may take holds under its number until it asks again.) A process that dies in between leaves a
 * number that is found when the file is next opened. Facts are words that are written one by one; two
 * processes that write have the same facts from the same table.
 */
#include <string.h>

#include "ledger/ledger_internal.h"

#define TOMB     UINT32_MAX /* an entry of a campaign that gave way */
#define LOOK_MAX 64u        /* numbers that are looked at for one that is quiet */
#define SEEN_S   3600

static uint64_t hash_of(uint64_t key) {
    return key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

/* ---- finding ---- */

static bool has_key(const struct ledger *ledger, uint32_t campaign, uint64_t key) {
    return campaign < ledger->sizes.campaigns &&
           atomic_load_explicit(&ledger->live.campaigns[campaign].key, memory_order_acquire) == key;
}

static uint32_t find_without_index(const struct ledger *ledger, uint64_t key) {
    uint32_t count = ledger_campaign_count(ledger);
    for (uint32_t i = 0; i < count; i++)
        if (has_key(ledger, i, key))
            return i;
    return LEDGER_NONE;
}

uint32_t ledger_campaign_find(const struct ledger *ledger, uint64_t key) {
    uint32_t mask = ledger->layout.index_entries - 1;
    if (key == 0)
        return LEDGER_NONE;
    if (ledger->index == NULL)
        return find_without_index(ledger, key);
    for (uint32_t tries = 0, at = (uint32_t)hash_of(key); tries <= mask; tries++, at++) {
        uint32_t entry = atomic_load_explicit(&ledger->index[at & mask], memory_order_acquire);
        if (entry == 0)
            return LEDGER_NONE;
        if (entry != TOMB && has_key(ledger, entry - 1, key))
            return entry - 1;
    }
    return LEDGER_NONE;
}

uint32_t ledger_campaign_count(const struct ledger *ledger) {
    uint32_t count = atomic_load_explicit(&ledger->live.head->count, memory_order_acquire);
    return count < ledger->sizes.campaigns ? count : ledger->sizes.campaigns;
}

/* ---- facts ---- */

static void set_if_other(_Atomic uint64_t *word, uint64_t value) {
    if (atomic_load_explicit(word, memory_order_relaxed) != value)
        atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Seconds; any times may stand in a bent file. */
static int64_t age_of(int64_t now, int64_t seen) {
    return (int64_t)((uint64_t)now - (uint64_t)seen);
}

static void renew(struct ledger_campaign *campaign, const struct ledger_campaign_facts *facts, int64_t now) {
    int64_t budget = facts->daily_budget > 0 ? facts->daily_budget : 0;
    if (atomic_load_explicit(&campaign->daily_budget, memory_order_relaxed) != budget)
        atomic_store_explicit(&campaign->daily_budget, budget, memory_order_relaxed);
    set_if_other(&campaign->cap, facts->frequency | (uint64_t)facts->frequency_hours << 32);
    int64_t seen = atomic_load_explicit(&campaign->seen, memory_order_relaxed);
    if (age_of(now, seen) >= SEEN_S || age_of(now, seen) < 0)
        atomic_store_explicit(&campaign->seen, now, memory_order_relaxed);
}

static void write_new(struct ledger_campaign *campaign, const struct ledger_campaign_facts *facts,
                      int64_t now) {
    uint64_t words[LEDGER_ID_BYTES / 8] = {0};
    uint32_t n = facts->id.n < LEDGER_ID_BYTES ? (uint32_t)facts->id.n : LEDGER_ID_BYTES;
    if (n > 0)
        memcpy(words, facts->id.p, n);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        atomic_store_explicit(&campaign->id[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&campaign->id_bytes, n, memory_order_relaxed);
    atomic_store_explicit(&campaign->rate, 0, memory_order_relaxed);
    atomic_store_explicit(&campaign->limit, 0, memory_order_relaxed);
    atomic_store_explicit(&campaign->seen, now, memory_order_relaxed);
    renew(campaign, facts, now);
    atomic_store_explicit(&campaign->key, facts->key, memory_order_release);
}

bool ledger_campaign_facts(const struct ledger *ledger, uint32_t campaign,
                           struct ledger_campaign_facts *facts) {
    if (campaign >= ledger_campaign_count(ledger))
        return false;
    const struct ledger_campaign *at = &ledger->live.campaigns[campaign];
    uint64_t cap = atomic_load_explicit(&at->cap, memory_order_relaxed);
    uint32_t n = atomic_load_explicit(&at->id_bytes, memory_order_relaxed);
    *facts = (struct ledger_campaign_facts){
        .key = atomic_load_explicit(&at->key, memory_order_acquire),
        .id = {(const char *)at->id, n < LEDGER_ID_BYTES ? n : LEDGER_ID_BYTES},
        .daily_budget = atomic_load_explicit(&at->daily_budget, memory_order_relaxed),
        .frequency = (uint32_t)cap,
        .frequency_hours = (uint32_t)(cap >> 32)};
    return facts->key != 0;
}

/* ---- taking one up ---- */

/* The entry of a number goes; the key of its campaign is known. */
static void index_remove(struct ledger *ledger, uint64_t key, uint32_t number) {
    uint32_t mask = ledger->layout.index_entries - 1;
    for (uint32_t tries = 0, at = (uint32_t)hash_of(key); tries <= mask; tries++, at++) {
        uint32_t entry = atomic_load_explicit(&ledger->index[at & mask], memory_order_acquire);
        if (entry == 0)
            return;
        if (entry == number + 1) {
            atomic_store_explicit(&ledger->index[at & mask], TOMB, memory_order_release);
            return;
        }
    }
}

/* A number whose campaign is quiet becomes nobody's and ours. A few are looked at each time. */
static uint32_t take_quiet(struct ledger *ledger, int64_t now) {
    uint32_t count = ledger_campaign_count(ledger);
    for (uint32_t i = 0; i < LOOK_MAX && i < count; i++) {
        uint32_t at = atomic_fetch_add_explicit(&ledger->live.head->cursor, 1, memory_order_relaxed) % count;
        struct ledger_campaign *campaign = &ledger->live.campaigns[at];
        uint64_t key = atomic_load_explicit(&campaign->key, memory_order_acquire);
        int64_t seen = atomic_load_explicit(&campaign->seen, memory_order_relaxed);
        if (key != 0 && age_of(now, seen) > LEDGER_QUIET_S &&
            atomic_compare_exchange_strong(&campaign->key, &key, 0)) {
            index_remove(ledger, key, at);
            return at;
        }
    }
    return LEDGER_NONE;
}

static uint32_t take_number(struct ledger *ledger, int64_t now) {
    struct ledger_head *head = ledger->live.head;
    uint32_t spare = atomic_exchange(&head->spare, 0);
    if (spare != 0 && spare <= ledger_campaign_count(ledger) && has_key(ledger, spare - 1, 0))
        return spare - 1;
    uint32_t count = atomic_load(&head->count);
    while (count < ledger->sizes.campaigns)
        if (atomic_compare_exchange_weak(&head->count, &count, count + 1))
            return count;
    return take_quiet(ledger, now);
}

/* The first entry of a key's search that can be had; NULL: the key has one, or there is none. */
static _Atomic uint32_t *index_room(struct ledger *ledger, uint64_t key, uint32_t *entry) {
    uint32_t mask = ledger->layout.index_entries - 1;
    _Atomic uint32_t *room = NULL;
    for (uint32_t tries = 0, at = (uint32_t)hash_of(key); tries <= mask; tries++, at++) {
        _Atomic uint32_t *here = &ledger->index[at & mask];
        uint32_t is = atomic_load_explicit(here, memory_order_acquire);
        if (is == 0 || is == TOMB) {
            *entry = room == NULL ? is : *entry;
            room = room == NULL ? here : room;
        } else if (has_key(ledger, is - 1, key)) {
            return NULL;
        }
        if (is == 0)
            break;
    }
    return room;
}

/* Puts the number, whose campaign is written, where a search finds it. The number that a search finds first:
 * this one or that of somebody who was faster. */
static uint32_t index_put(struct ledger *ledger, uint64_t key, uint32_t number) {
    uint32_t entry = 0;
    _Atomic uint32_t *room;
    while ((room = index_room(ledger, key, &entry)) != NULL)
        if (atomic_compare_exchange_strong(room, &entry, number + 1))
            break;
    return ledger_campaign_find(ledger, key);
}

static uint32_t take_up(struct ledger *ledger, const struct ledger_campaign_facts *facts, int64_t now) {
    uint32_t number = take_number(ledger, now);
    if (number == LEDGER_NONE)
        return LEDGER_NONE;
    write_new(&ledger->live.campaigns[number], facts, now);
    uint32_t found = index_put(ledger, facts->key, number);
    if (found != number) {
        /* Nobody has got this number from a search: it was not the first of its key. */
        index_remove(ledger, facts->key, number);
        atomic_store(&ledger->live.campaigns[number].key, 0);
        atomic_store(&ledger->live.head->spare, number + 1);
    }
    atomic_fetch_add(&ledger->live.head->epoch, 1);
    return found;
}

uint32_t ledger_campaign_note(struct ledger *ledger, const struct ledger_campaign_facts *facts, int64_t now) {
    if (facts->key == 0)
        return LEDGER_NONE;
    uint32_t campaign = ledger_campaign_find(ledger, facts->key);
    if (UNLIKELY(campaign == LEDGER_NONE))
        return take_up(ledger, facts, now);
    renew(&ledger->live.campaigns[campaign], facts, now);
    return campaign;
}

void ledger_index_rebuild(struct ledger *ledger) {
    uint32_t count = ledger_campaign_count(ledger);
    memset((void *)ledger->index, 0, ledger->layout.index_entries * sizeof *ledger->index);
    atomic_store(&ledger->live.head->spare, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct ledger_campaign *campaign = &ledger->live.campaigns[i];
        uint64_t key = atomic_load(&campaign->key);
        if (key != 0 && index_put(ledger, key, i) != i)
            atomic_store(&campaign->key, 0); /* taken up twice, by a process that died */
        if (atomic_load(&campaign->key) == 0)
            atomic_store(&ledger->live.head->spare, i + 1);
    }
}

/* ---- sums ---- */

int64_t ledger_sum_held(const struct ledger *ledger, uint32_t campaign, uint32_t day) {
    uint64_t sum = 0;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++) {
        const struct ledger_cell *cell = ledger_cell_of(ledger, &ledger->live, w, campaign);
        if (atomic_load_explicit(&cell->day[day & 1], memory_order_acquire) == day)
            sum += (uint64_t)atomic_load_explicit(&cell->held[day & 1], memory_order_acquire);
    }
    return (int64_t)sum;
}

int64_t ledger_sum_spent(const struct ledger *ledger, uint32_t campaign, uint32_t day) {
    uint64_t sum = 0;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++) {
        const struct ledger_cell *cell = ledger_cell_of(ledger, &ledger->live, w, campaign);
        if (atomic_load_explicit(&cell->day[day & 1], memory_order_acquire) == day)
            sum += (uint64_t)atomic_load_explicit(&cell->spent[day & 1], memory_order_acquire);
    }
    return (int64_t)sum;
}

int64_t ledger_spent(const struct ledger *ledger, uint32_t campaign, int64_t day) {
    if (campaign >= ledger->sizes.campaigns || day <= 0 || day > UINT32_MAX)
        return 0;
    return ledger_sum_spent(ledger, campaign, (uint32_t)day);
}

/* The two days that the cells are of, whichever they are: the newest that a writer knows, and the one
 * before. */
int64_t ledger_held(const struct ledger *ledger, uint32_t campaign) {
    uint32_t day = 0;
    if (campaign >= ledger->sizes.campaigns)
        return 0;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        for (int i = 0; i < 2; i++) {
            const struct ledger_cell *cell = ledger_cell_of(ledger, &ledger->live, w, campaign);
            uint32_t its = atomic_load_explicit(&cell->day[i], memory_order_relaxed);
            day = its > day ? its : day;
        }
    uint64_t held = day > 0 ? (uint64_t)ledger_sum_held(ledger, campaign, day) : 0;
    return (int64_t)(held + (day > 1 ? (uint64_t)ledger_sum_held(ledger, campaign, day - 1) : 0));
}

/* ---- pacing ---- */

int64_t ledger_limit(const struct ledger *ledger, uint32_t campaign) {
    const struct ledger_campaign *at = &ledger->live.campaigns[campaign];
    int64_t budget = atomic_load_explicit(&at->daily_budget, memory_order_relaxed);
    int64_t limit = budget > 0 ? budget : INT64_MAX;
    if (atomic_load_explicit(&at->rate, memory_order_acquire) & LEDGER_PACED) {
        int64_t paced = atomic_load_explicit(&at->limit, memory_order_relaxed);
        limit = paced < limit ? paced : limit;
    }
    return limit;
}

int64_t ledger_left(const struct ledger *ledger, uint32_t campaign, int64_t now) {
    if (campaign >= ledger_campaign_count(ledger))
        return 0;
    int64_t limit = ledger_limit(ledger, campaign), used;
    if (limit == INT64_MAX)
        return limit;
    uint32_t day = ledger_day(now);
    int64_t held = ledger_sum_held(ledger, campaign, day);
    atomic_thread_fence(memory_order_acquire);
    if (__builtin_add_overflow(held, ledger_sum_spent(ledger, campaign, day), &used) || used > limit)
        return 0;
    int64_t left;
    return __builtin_sub_overflow(limit, used, &left) ? 0 : left;
}

void ledger_pace(struct ledger *ledger, uint32_t campaign, int64_t limit, uint16_t rate) {
    if (campaign >= ledger_campaign_count(ledger))
        return;
    struct ledger_campaign *at = &ledger->live.campaigns[campaign];
    uint32_t was = atomic_load_explicit(&at->rate, memory_order_relaxed), is = LEDGER_PACED | rate;
    atomic_store_explicit(&at->limit, limit, memory_order_relaxed);
    if (was == is)
        return;
    atomic_store_explicit(&at->rate, is, memory_order_release);
    atomic_fetch_add_explicit(&ledger->live.head->epoch, 1, memory_order_release);
}

uint16_t ledger_rate(const struct ledger *ledger, uint32_t campaign) {
    if (campaign >= ledger_campaign_count(ledger))
        return LEDGER_RATE_FULL;
    uint32_t rate = atomic_load_explicit(&ledger->live.campaigns[campaign].rate, memory_order_relaxed);
    return rate & LEDGER_PACED ? (uint16_t)rate : LEDGER_RATE_FULL;
}

uint64_t ledger_epoch(const struct ledger *ledger) {
    return atomic_load_explicit(&ledger->live.head->epoch, memory_order_acquire);
}
