/* Is a part's every number one that a ledger writes, and do its sums agree? */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/ledger_internal.h"

/* ---- numbers ---- */

static bool money_is_sane(int64_t nanos) {
    return nanos > -LEDGER_MOST_NANOS && nanos < LEDGER_MOST_NANOS;
}

static const char *check_cells(const struct ledger *ledger, const struct ledger_part *part) {
    uint32_t count = part->head->count;
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        for (uint32_t c = 0; c < count; c++) {
            const struct ledger_cell *cell = ledger_cell_of(ledger, part, w, c);
            for (int i = 0; i < 2; i++) {
                if (!money_is_sane(cell->spent[i]) || cell->spent[i] < 0 || !money_is_sane(cell->held[i]))
                    return "a sum of money is out of range";
                if (cell->day[i] != 0 && (cell->day[i] & 1) != (uint32_t)i)
                    return "a day's money stands in another day's place";
            }
        }
    return NULL;
}

static const char *check_slots(const struct ledger *ledger, const struct ledger_part *part) {
    uint32_t count = part->head->count;
    for (uint32_t i = 0; i < ledger->sizes.holds; i++) {
        const struct ledger_slot *slot = &part->slots[i];
        uint64_t word = slot->word;
        if (ledger_word_state(word) == LEDGER_SLOT_FREE)
            continue;
        if (ledger_word_incarnation(word) == 0 || ledger_word_writer(word) >= ledger->sizes.writers)
            return "a hold's word is none that a ledger writes";
        if (slot->nanos < 0 || slot->nanos >= LEDGER_MOST_NANOS)
            return "a hold's price is out of range";
        if (slot->campaign != LEDGER_NONE && slot->campaign >= count)
            return "a hold is of a campaign that is not there";
    }
    return NULL;
}

static const char *check_campaigns(const struct ledger_part *part) {
    for (uint32_t i = 0; i < part->head->count; i++) {
        const struct ledger_campaign *campaign = &part->campaigns[i];
        if (campaign->key == 0)
            continue;
        if (campaign->id_bytes > LEDGER_ID_BYTES || campaign->daily_budget < 0)
            return "a campaign's facts are out of range";
        if (campaign->rate > (LEDGER_PACED | LEDGER_RATE_FULL))
            return "a campaign's rate is out of range";
    }
    return NULL;
}

const char *ledger_check_part(const struct ledger *ledger, const struct ledger_part *part) {
    const char *wrong = NULL;
    if (part->head->count > ledger->sizes.campaigns)
        return "it counts more campaigns than it has places";
    wrong = check_campaigns(part);
    if (wrong == NULL)
        wrong = check_cells(ledger, part);
    return wrong != NULL ? wrong : check_slots(ledger, part);
}

/* ---- sums ---- */

struct complaint {
    char *text;
    size_t size;
};

/* What the slots of one campaign say of the newest even and the newest odd day of its cells. */
struct tally {
    uint32_t day[2];
    uint64_t held[2], viewed[2]; /* modulo 2^64, as the sums */
    bool strange;                /* a hold of a day that no cell knows */
};

static void tally_days(const struct ledger *ledger, struct tally *tallies, uint32_t count) {
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        for (uint32_t c = 0; c < count; c++)
            for (int i = 0; i < 2; i++) {
                uint32_t day = ledger_cell_of(ledger, &ledger->live, w, c)->day[i];
                tallies[c].day[i] = day > tallies[c].day[i] ? day : tallies[c].day[i];
            }
}

static void tally_slots(const struct ledger *ledger, struct tally *tallies, uint32_t count) {
    for (uint32_t s = 0; s < ledger->sizes.holds; s++) {
        const struct ledger_slot *slot = &ledger->live.slots[s];
        enum ledger_state state = ledger_word_state(slot->word);
        if (slot->campaign >= count || (state != LEDGER_SLOT_HELD && state != LEDGER_SLOT_VIEWED))
            continue;
        struct tally *tally = &tallies[slot->campaign];
        int i = slot->day & 1;
        tally->strange |= slot->day > tally->day[i];
        if (slot->day == tally->day[i])
            *(state == LEDGER_SLOT_HELD ? &tally->held[i] : &tally->viewed[i]) += (uint64_t)slot->nanos;
    }
}

static bool tally_agrees(const struct ledger *ledger, const struct tally *tally, uint32_t campaign, int i,
                         const struct complaint *complaint) {
    int64_t held = tally->day[i] ? ledger_sum_held(ledger, campaign, tally->day[i]) : 0;
    int64_t spent = tally->day[i] ? ledger_sum_spent(ledger, campaign, tally->day[i]) : 0;
    if (!tally->strange && held == (int64_t)tally->held[i] && spent >= (int64_t)tally->viewed[i])
        return true;
    (void)snprintf(
        complaint->text, complaint->size,
        "campaign number %u, day %u: held %lld, its holds say %lld; spent %lld, its views say %lld%s",
        campaign, tally->day[i], (long long)held, (long long)tally->held[i], (long long)spent,
        (long long)tally->viewed[i], tally->strange ? "; a hold of a day that no sum is of" : "");
    return false;
}

bool ledger_audit(const struct ledger *ledger, char *error, size_t error_size) {
    const struct complaint complaint = {error, error_size};
    const char *wrong = ledger_check_part(ledger, &ledger->live);
    uint32_t count = ledger_campaign_count(ledger);
    struct tally *tallies = calloc((size_t)count + 1, sizeof *tallies);
    bool agrees = wrong == NULL && tallies != NULL;
    if (!agrees)
        (void)snprintf(error, error_size, "%s", wrong != NULL ? wrong : "no memory");
    else {
        tally_days(ledger, tallies, count);
        tally_slots(ledger, tallies, count);
    }
    for (uint32_t c = 0; agrees && c < count; c++)
        agrees = tally_agrees(ledger, &tallies[c], c, 0, &complaint) &&
                 tally_agrees(ledger, &tallies[c], c, 1, &complaint);
    free(tallies);
    return agrees;
}
