/* From the ledger's rates to the tables'; see rates.h. */
#include "rates.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "fault.h"
#include "generations.h"
#include "ledger/ledger.h"

#define LOOK_US        100000u
#define FIND_US        1000000u
#define READ_CAMPAIGNS 4096u /* in a piece */
#define FIND_CAMPAIGNS 256u

/* ---- of one table ---- */

int rates_init(struct rates *rates, uint32_t campaigns) {
    size_t count = campaigns ? campaigns : 1;
    *rates = (struct rates){.items = malloc(count * sizeof *rates->items),
                            .numbers = malloc(count * sizeof *rates->numbers),
                            .count = campaigns};
    if (!rates->items || !rates->numbers) {
        rates_cleanup(rates);
        return -1;
    }
    for (uint32_t i = 0; i < campaigns; i++) {
        rates->items[i] = LEDGER_RATE_FULL;
        rates->numbers[i] = LEDGER_NONE;
    }
    return 0;
}

void rates_cleanup(struct rates *rates) {
    free(rates->items);
    free(rates->numbers);
    *rates = (struct rates){.items = NULL};
}

/* ---- the ledger ---- */

struct attaching {
    struct rates_source *source;
    int fd;
    char error[LEDGER_ERROR_BYTES];
};

static void attach(void *ctx) {
    struct attaching *attaching = ctx;
    attaching->source->ledger =
        ledger_attach_to_read(attaching->fd, attaching->error, sizeof attaching->error);
}

void rates_source_init(struct rates_source *source, int fd) {
    struct attaching attaching = {.source = source, .fd = fd, .error = "it was cut short"};
    *source = (struct rates_source){.fresh = true};
    if (fault_run(NULL, 0, attach, &attaching) != 0 || !source->ledger)
        log_error("worker", "ledger not read, all campaigns take part: %s", attaching.error);
}

void rates_source_cleanup(struct rates_source *source) {
    ledger_close(source->ledger);
    *source = (struct rates_source){.ledger = NULL};
}

static void give_up(struct rates_source *source) {
    log_error("worker", "ledger damaged, cut short while in use? rates stay as they are");
    rates_source_cleanup(source);
}

void rates_source_add(struct rates_source *source) {
    source->fresh = true;
    source->look_at_us = 0;
}

/* ---- a pass ---- */

/* Some campaigns of one table, by their numbers from `first` on. */
struct piece {
    struct rates_source *source;
    struct generation *generation;
    uint32_t first, end;
    uint64_t epoch;
    uint64_t keys[FIND_CAMPAIGNS];
};

static void read_epoch(void *ctx) {
    struct piece *piece = ctx;
    piece->epoch = ledger_epoch(piece->source->ledger);
}

static void read_keys(void *ctx) {
    struct piece *piece = ctx;
    const struct table *table = &piece->generation->table;
    for (uint32_t i = piece->first; i < piece->end; i++)
        piece->keys[i - piece->first] = hash_bytes(table_text(table, table->campaigns[i].id), 0);
}

static void find_numbers(void *ctx) {
    struct piece *piece = ctx;
    for (uint32_t i = piece->first; i < piece->end; i++)
        piece->generation->rates.numbers[i] =
            ledger_campaign_find(piece->source->ledger, piece->keys[i - piece->first]);
}

static void read_rates(void *ctx) {
    struct piece *piece = ctx;
    const struct rates *rates = &piece->generation->rates;
    for (uint32_t i = piece->first; i < piece->end; i++) {
        uint32_t number = rates->numbers[i];
        rates->items[i] =
            number == LEDGER_NONE ? LEDGER_RATE_FULL : ledger_rate(piece->source->ledger, number);
    }
}

/* Whether there is a reason for a pass, and which. */
static bool begin(struct rates_source *source, uint64_t now_us) {
    struct piece piece = {.source = source};
    if (now_us < source->look_at_us)
        return false;
    source->look_at_us = now_us + LOOK_US;
    if (fault_run(NULL, 0, read_epoch, &piece) != 0) {
        give_up(source);
        return false;
    }
    source->finding = source->fresh || (piece.epoch != source->found_epoch && now_us >= source->find_at_us);
    if (!source->finding && piece.epoch == source->epoch)
        return false;
    source->epoch = piece.epoch;
    if (source->finding) {
        source->found_epoch = piece.epoch;
        source->find_at_us = now_us + FIND_US;
    }
    source->fresh = false;
    source->generation = source->campaign = 0;
    return true;
}

/* The table at which the pass stands: tables may have gone meanwhile. NULL: it is through. */
static struct generation *standing(struct rates_source *source, struct generations *generations) {
    for (uint32_t i = 0; i < generations->count; i++) {
        struct generation *generation = &generations->items[i];
        if (generation->number < source->generation || !generation->matcher)
            continue;
        if (generation->number != source->generation)
            source->campaign = 0;
        source->generation = generation->number;
        if (source->campaign < generation->rates.count)
            return generation;
    }
    return NULL;
}

bool rates_source_work(struct rates_source *source, struct generations *generations, uint64_t now_us) {
    if (!source->ledger)
        return false;
    if (!source->under_way)
        source->under_way = begin(source, now_us);
    struct generation *generation = source->under_way ? standing(source, generations) : NULL;
    source->under_way = generation != NULL;
    if (!generation)
        return false;
    uint32_t most = source->finding ? FIND_CAMPAIGNS : READ_CAMPAIGNS;
    uint32_t left = generation->rates.count - source->campaign;
    struct piece piece = {.source = source, .generation = generation, .first = source->campaign};
    piece.end = piece.first + (left < most ? left : most);
    source->campaign = piece.end;
    const struct table *table = &generation->table;
    if (source->finding && fault_run(table->mapping, table->mapped_bytes, read_keys, &piece) != 0) {
        source->campaign = generation->rates.count; /* its next job finds out as well */
        return true;
    }
    if ((source->finding && fault_run(NULL, 0, find_numbers, &piece) != 0) ||
        fault_run(NULL, 0, read_rates, &piece) != 0)
        give_up(source);
    return true;
}
