/*
 * From one ledger into another of other sizes; nobody writes to either.
 *
 * Campaigns and slots keep their numbers, because tokens and the users' counts name them: what has a number
 * above the new size is left behind (its holds are gone, its budget's day begins anew). Cells of all writers
 * are added up into the first writer's: whose a slot is may change with the sizes, and cells are signed. What
 * is held is counted anew from the holds that came along.
 */
#include <string.h>

#include "ledger/ledger_internal.h"
#include "ledger/users.h"

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static void move_campaigns(const struct ledger *from, struct ledger *to) {
    uint32_t count = smaller(ledger_campaign_count(from), to->sizes.campaigns);
    to->live.head->count = count;
    memcpy((void *)to->live.campaigns, (const void *)from->live.campaigns,
           count * sizeof(struct ledger_campaign));
}

/* Of each parity the newest day that any writer knows. */
static void move_spent(const struct ledger *from, struct ledger *to) {
    for (uint32_t c = 0; c < to->live.head->count; c++)
        for (int i = 0; i < 2; i++) {
            uint32_t day = 0;
            for (uint32_t w = 0; w < from->sizes.writers; w++) {
                uint32_t its = ledger_cell_of(from, &from->live, w, c)->day[i];
                day = its > day ? its : day;
            }
            struct ledger_cell *cell = ledger_cell_of(to, &to->live, 0, c);
            cell->day[i] = day;
            cell->spent[i] = day ? ledger_sum_spent(from, c, day) : 0;
        }
}

static void count_held(struct ledger *to, const struct ledger_slot *slot) {
    struct ledger_cell *cell = ledger_cell_of(to, &to->live, 0, slot->campaign);
    int i = slot->day & 1;
    if (cell->day[i] == slot->day)
        cell->held[i] += slot->nanos;
}

static void move_slots(const struct ledger *from, struct ledger *to) {
    uint32_t holds = smaller(from->sizes.holds, to->sizes.holds);
    for (uint32_t i = 0; i < holds; i++) {
        const struct ledger_slot *old = &from->live.slots[i];
        struct ledger_slot *slot = &to->live.slots[i];
        uint64_t word = old->word;
        enum ledger_state state = ledger_word_state(word);
        memcpy((void *)slot, (const void *)old, sizeof *slot);
        if (slot->campaign != LEDGER_NONE && slot->campaign >= to->live.head->count)
            state = state == LEDGER_SLOT_FREE ? state : LEDGER_SLOT_RELEASED;
        /* Its steps are the old ledger's: in this one nobody has made any. */
        slot->word = ledger_word(ledger_word_incarnation(word), state, 0, 0) | (word & LEDGER_MARKS);
        if (state == LEDGER_SLOT_RELEASED)
            slot->campaign = LEDGER_NONE;
        if (state == LEDGER_SLOT_HELD && slot->campaign != LEDGER_NONE)
            count_held(to, slot);
    }
}

/* A table of another size gets what fits, user by user; one that is damaged begins anew, counts are no money.
 */
static void move_users(const struct ledger *from, struct ledger *to, int64_t now) {
    char *mine = (char *)from->memory + from->layout.users_at,
         *its = (char *)to->memory + to->layout.users_at;
    char error[LEDGER_ERROR_BYTES];
    if (from->layout.users_bytes == 0 || to->layout.users_bytes == 0)
        return;
    struct users *old = users_attach(mine, from->layout.users_bytes, error, sizeof error);
    if (old != NULL && from->sizes.users == to->sizes.users) {
        memcpy(its, mine, to->layout.users_bytes);
    } else if (old != NULL) {
        users_format(its, to->sizes.users);
        struct users *new = users_attach(its, to->layout.users_bytes, error, sizeof error);
        if (new != NULL)
            users_move(old, new, now);
        users_detach(new);
    }
    users_detach(old);
}

void ledger_move(const struct ledger *from, struct ledger *to, int64_t now) {
    struct ledger_head *head = to->live.head;
    *head = *from->live.head;
    move_campaigns(from, to);
    move_spent(from, to);
    move_slots(from, to);
    for (uint32_t w = 0; w < from->sizes.writers; w++)
        for (int i = 0; i < LEDGER_COUNTERS; i++)
            to->live.writers[0].counters[i] += from->live.writers[w].counters[i];
    move_users(from, to, now);
    for (uint32_t w = 0; w < to->sizes.writers; w++)
        to->live.writers[w].next = to->layout.slots_each;
}
