/* Where everything is in a ledger's file; see ledger_format.h. */
#include "ledger/ledger_internal.h"
#include "ledger/users.h"

static size_t lines(size_t n) {
    return (n + LEDGER_LINE_BYTES - 1) / LEDGER_LINE_BYTES * LEDGER_LINE_BYTES;
}

static size_t pages(size_t n) {
    return (n + LEDGER_PAGE_BYTES - 1) / LEDGER_PAGE_BYTES * LEDGER_PAGE_BYTES;
}

bool ledger_sizes_are_legal(const struct ledger_sizes *sizes) {
    return sizes->writers >= 1 && sizes->writers <= LEDGER_MOST_WRITERS && sizes->campaigns >= 1 &&
           sizes->campaigns <= LEDGER_MOST_CAMPAIGNS && sizes->holds >= sizes->writers &&
           sizes->holds <= LEDGER_MOST_HOLDS && sizes->holds % sizes->writers == 0 &&
           (sizes->users == 0 || users_bytes(sizes->users) > 0);
}

struct ledger_layout ledger_layout_of(const struct ledger_sizes *sizes, bool has_copies) {
    struct ledger_layout l = {.slots_each = sizes->holds / sizes->writers, .index_entries = 64};
    while (l.index_entries < 2 * sizes->campaigns)
        l.index_entries *= 2;
    l.writers_at = lines(sizeof(struct ledger_head));
    l.cells_at = l.writers_at + sizes->writers * sizeof(struct ledger_writer);
    l.slots_at = l.cells_at + (size_t)sizes->writers * sizes->campaigns * sizeof(struct ledger_cell);
    l.campaigns_at = l.slots_at + sizes->holds * sizeof(struct ledger_slot);
    l.part_bytes = pages(l.campaigns_at + sizes->campaigns * sizeof(struct ledger_campaign));
    l.live_at = LEDGER_PAGE_BYTES;
    l.steps_at = l.live_at + l.part_bytes;
    l.index_at = l.steps_at + (size_t)sizes->writers * LEDGER_STEPS * sizeof(struct ledger_step_words);
    size_t end = pages(l.index_at + l.index_entries * sizeof(uint32_t));
    for (int i = 0; i < 2; i++) {
        l.copies_at[i] = end;
        end += has_copies ? LEDGER_PAGE_BYTES + l.part_bytes : 0;
    }
    l.users_at = end;
    l.users_bytes = users_bytes(sizes->users); /* none: 0 */
    l.file_bytes = pages(end + l.users_bytes);
    return l;
}

struct ledger_part ledger_part_at(const struct ledger_layout *layout, void *memory) {
    char *at = memory;
    return (struct ledger_part){.head = (void *)at,
                                .writers = (void *)(at + layout->writers_at),
                                .cells = (void *)(at + layout->cells_at),
                                .slots = (void *)(at + layout->slots_at),
                                .campaigns = (void *)(at + layout->campaigns_at)};
}

void ledger_place(struct ledger *ledger) {
    char *memory = ledger->memory;
    ledger->header = ledger->memory;
    ledger->live = ledger_part_at(&ledger->layout, memory + ledger->layout.live_at);
    ledger->steps = (void *)(memory + ledger->layout.steps_at);
    ledger->index = (void *)(memory + ledger->layout.index_at);
}
