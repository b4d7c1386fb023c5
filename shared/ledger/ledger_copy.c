/* The two copies in a ledger's file: where they are, whether they are whole, and back from one of them. */
#include <string.h>

#include "base/crc32c.h"
#include "ledger/ledger_internal.h"

struct ledger_copy_head *ledger_copy_head(const struct ledger *ledger, int copy) {
    return (void *)((char *)ledger->memory + ledger->layout.copies_at[copy]);
}

struct ledger_part ledger_copy_part(const struct ledger *ledger, int copy) {
    return ledger_part_at(&ledger->layout, (char *)ledger_copy_head(ledger, copy) + LEDGER_PAGE_BYTES);
}

static uint32_t part_crc(const struct ledger *ledger, const struct ledger_part *part, uint32_t count) {
    size_t cells = count * sizeof(struct ledger_cell);
    uint32_t crc = crc32c(0, part->head, ledger->layout.cells_at);
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        crc = crc32c(crc, ledger_cell_of(ledger, part, w, 0), cells);
    crc = crc32c(crc, part->slots, ledger->sizes.holds * sizeof(struct ledger_slot));
    return crc32c(crc, part->campaigns, count * sizeof(struct ledger_campaign));
}

static uint32_t head_crc(const struct ledger_copy_head *head) {
    struct ledger_copy_head copy = *head;
    copy.crc32c = 0;
    return crc32c(0, &copy, sizeof copy);
}

bool ledger_copy_is_whole(const struct ledger *ledger, int copy) {
    const struct ledger_copy_head *head = ledger_copy_head(ledger, copy);
    struct ledger_part part = ledger_copy_part(ledger, copy);
    return head->magic == LEDGER_COPY_MAGIC && head->crc32c == head_crc(head) &&
           (head->generation & 1) == (uint64_t)copy && head->count <= ledger->sizes.campaigns &&
           part.head->count == head->count && head->part_crc32c == part_crc(ledger, &part, head->count) &&
           ledger_check_part(ledger, &part) == NULL;
}

int ledger_copy_newest(const struct ledger *ledger) {
    int newest = -1;
    if (!ledger->header->has_copies)
        return -1;
    for (int i = 0; i < 2; i++)
        if (ledger_copy_is_whole(ledger, i) &&
            (newest < 0 ||
             ledger_copy_head(ledger, i)->generation > ledger_copy_head(ledger, newest)->generation))
            newest = i;
    return newest;
}

void ledger_copy_seal(struct ledger *ledger, int copy, uint64_t generation, uint32_t count) {
    struct ledger_copy_head *head = ledger_copy_head(ledger, copy);
    struct ledger_part part = ledger_copy_part(ledger, copy);
    *head = (struct ledger_copy_head){.magic = LEDGER_COPY_MAGIC,
                                      .generation = generation,
                                      .count = count,
                                      .part_crc32c = part_crc(ledger, &part, count)};
    head->crc32c = head_crc(head);
}

/* Slots that hold nothing start the new era with an incarnation of its own. */
static void begin_era(struct ledger *ledger) {
    uint32_t era = (ledger->live.head->era + 1) & 0xff;
    ledger->live.head->era = era;
    for (uint32_t i = 0; i < ledger->sizes.holds; i++) {
        struct ledger_slot *slot = &ledger->live.slots[i];
        enum ledger_state state = ledger_word_state(slot->word);
        if (state == LEDGER_SLOT_FREE || state == LEDGER_SLOT_RELEASED)
            slot->word = ledger_word(era << 24, LEDGER_SLOT_FREE, 0, 0);
    }
}

void ledger_copy_restore(struct ledger *ledger, int copy) {
    const struct ledger_layout *layout = &ledger->layout;
    struct ledger_part from = ledger_copy_part(ledger, copy);
    uint32_t count = from.head->count;
    /* The steps belong to another time. */
    memset((char *)ledger->memory + layout->live_at, 0, layout->copies_at[0] - layout->live_at);
    memcpy((void *)ledger->live.head, (const void *)from.head, layout->cells_at);
    for (uint32_t w = 0; w < ledger->sizes.writers; w++)
        memcpy((void *)ledger_cell_of(ledger, &ledger->live, w, 0),
               (const void *)ledger_cell_of(ledger, &from, w, 0), count * sizeof(struct ledger_cell));
    memcpy((void *)ledger->live.slots, (const void *)from.slots,
           ledger->sizes.holds * sizeof(struct ledger_slot));
    memcpy((void *)ledger->live.campaigns, (const void *)from.campaigns,
           count * sizeof(struct ledger_campaign));
    begin_era(ledger);
}
