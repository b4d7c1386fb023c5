/* A ledger looked into by tools, and a campaign that begins anew. */
#include "ledger/ledger_internal.h"

bool ledger_hold_at(const struct ledger *ledger, uint32_t slot, int64_t now, struct ledger_hold *hold) {
    if (slot >= ledger->sizes.holds)
        return false;
    const struct ledger_slot *at = &ledger->live.slots[slot];
    uint64_t word = atomic_load_explicit(&at->word, memory_order_acquire);
    enum ledger_state state = ledger_word_state(word);
    uint32_t campaign = atomic_load_explicit(&at->campaign, memory_order_relaxed);
    *hold =
        (struct ledger_hold){.hold = (uint64_t)slot << 32 | ledger_word_incarnation(word),
                             .win = {.campaign = campaign < ledger->sizes.campaigns ? campaign : LEDGER_NONE,
                                     .nanos = atomic_load_explicit(&at->nanos, memory_order_relaxed),
                                     .user = atomic_load_explicit(&at->user, memory_order_relaxed),
                                     .auction = atomic_load_explicit(&at->auction, memory_order_relaxed),
                                     .expires = atomic_load_explicit(&at->expires, memory_order_relaxed)},
                             .day = atomic_load_explicit(&at->day, memory_order_relaxed),
                             .viewed = state == LEDGER_SLOT_VIEWED,
                             .clicked = word & LEDGER_MARK_CLICKED,
                             .won = word & LEDGER_MARK_WON};
    /* All of one moment, or a server was faster. */
    atomic_thread_fence(memory_order_acquire);
    return (state == LEDGER_SLOT_HELD || state == LEDGER_SLOT_VIEWED) && now < hold->win.expires &&
           ledger_word_incarnation(atomic_load_explicit(&at->word, memory_order_relaxed)) ==
               ledger_word_incarnation(word);
}

void ledger_facts(const struct ledger *ledger, struct ledger_facts *facts) {
    *facts = (struct ledger_facts){.created = ledger->header->created,
                                   .file_bytes = ledger->header->file_bytes,
                                   .from_copy = ledger->index == NULL};
    for (int i = 0; ledger->header->has_copies && i < 2; i++) {
        facts->copies[i].whole = ledger_copy_is_whole(ledger, i);
        facts->copies[i].generation = facts->copies[i].whole ? ledger_copy_head(ledger, i)->generation : 0;
    }
}

void ledger_reset_campaign(struct ledger *ledger, uint32_t campaign) {
    if (campaign >= ledger_campaign_count(ledger))
        return;
    for (uint32_t s = 0; s < ledger->sizes.holds; s++) {
        struct ledger_slot *slot = &ledger->live.slots[s];
        uint64_t word = slot->word;
        if (slot->campaign == campaign && ledger_word_state(word) != LEDGER_SLOT_FREE)
            slot->word = ledger_word(ledger_word_incarnation(word), LEDGER_SLOT_RELEASED,
                                     ledger_word_writer(word), ledger_word_step(word));
    }
    for (uint32_t w = 0; w < ledger->sizes.writers; w++) {
        struct ledger_cell *cell = ledger_cell_of(ledger, &ledger->live, w, campaign);
        for (int i = 0; i < 2; i++)
            cell->spent[i] = cell->held[i] = 0;
    }
}
