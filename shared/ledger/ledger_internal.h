/* What the files of ledger_*.c share: one process's view of a ledger, and the steps of money. */
#ifndef SLIMBID_LEDGER_LEDGER_INTERNAL_H
#define SLIMBID_LEDGER_LEDGER_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "ledger/ledger_format.h"

/* ---- layout ---- */

/* Where everything is: in a part, and in the file. */
struct ledger_layout {
    uint32_t slots_each; /* of a writer */
    uint32_t index_entries;
    size_t writers_at, cells_at, slots_at, campaigns_at, part_bytes;
    size_t live_at, steps_at, index_at, copies_at[2], users_at, users_bytes, file_bytes;
};

bool ledger_sizes_are_legal(const struct ledger_sizes *sizes);
/* Of legal sizes. */
struct ledger_layout ledger_layout_of(const struct ledger_sizes *sizes, bool has_copies);

struct ledger_part {
    struct ledger_head *head;
    struct ledger_writer *writers;
    struct ledger_cell *cells; /* writer by writer, `campaigns` each */
    struct ledger_slot *slots;
    struct ledger_campaign *campaigns;
};

struct ledger_part ledger_part_at(const struct ledger_layout *layout, void *memory);

/* ---- a process's view ---- */

struct ledger {
    void *memory;
    size_t bytes;
    int fd;
    pid_t owner; /* who opened it to serve; 0: nobody here */
    struct ledger_sizes sizes;
    struct ledger_layout layout;
    struct ledger_header *header;
    struct ledger_part live; /* or a copy, for who only reads after a stop of the machine */
    struct ledger_step_words *steps;
    _Atomic uint32_t *index; /* a campaign's number + 1; NULL: there is none, all campaigns are looked at */
    struct users *users;
};

static inline struct ledger_cell *ledger_cell_of(const struct ledger *ledger, const struct ledger_part *part,
                                                 uint32_t writer, uint32_t campaign) {
    return &part->cells[(size_t)writer * ledger->sizes.campaigns + campaign];
}

/* The day of a moment, UTC; 0: before there were any. */
static inline uint32_t ledger_day(int64_t now) {
    return now > 0 ? (uint32_t)(now / 86400) : 0;
}

static inline uint32_t ledger_slot_owner(const struct ledger *ledger, uint32_t slot) {
    return slot / ledger->layout.slots_each;
}

/* Counters have one writer each. */
static inline void ledger_count(struct ledger *ledger, uint32_t writer, enum ledger_counter what) {
    _Atomic uint64_t *counter = &ledger->live.writers[writer].counters[what];
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* As ledger_open(), under the boot of that name. */
struct ledger *ledger_open_under(const char *path, const struct ledger_sizes *sizes, int64_t now,
                                 const char *boot_id, char *error, size_t error_size) CHECK_RESULT;
struct ledger *ledger_open_to_read_under(const char *path, const char *boot_id, char *error,
                                         size_t error_size) CHECK_RESULT;

/* Sets pointers; memory, sizes and layout are there. */
void ledger_place(struct ledger *ledger);
/* Writes the header of a new one; memory is zeroed. */
void ledger_format_memory(struct ledger *ledger, uint64_t salt, int64_t now, bool has_copies);
uint32_t ledger_header_crc(const struct ledger_header *header);
/* NULL, or what is wrong with a part's numbers. */
const char *ledger_check_part(const struct ledger *ledger, const struct ledger_part *part);

/* ---- campaigns ---- */

/* Makes the index anew; nobody else is there. */
void ledger_index_rebuild(struct ledger *ledger);
int64_t ledger_sum_spent(const struct ledger *ledger, uint32_t campaign, uint32_t day);
int64_t ledger_sum_held(const struct ledger *ledger, uint32_t campaign, uint32_t day);
/* What spent and held may be together, on the day whose pacing is set. */
int64_t ledger_limit(const struct ledger *ledger, uint32_t campaign);

/* ---- steps (ledger_step.c) ---- */

/* Fills in what the cell is and would be with so much more spent and held. reserve: the cell becomes one of
 * step->day whatever it was; else a cell of a later day stays as it is. */
void ledger_step_money(const struct ledger *ledger, uint32_t writer, struct ledger_step *step, int64_t spent,
                       int64_t held, bool reserve);
/* The number of the next step. */
uint64_t ledger_step_next(const struct ledger *ledger, uint32_t writer);
/* Notes the step: from now on it is finished or forgotten whatever happens. */
void ledger_step_begin(struct ledger *ledger, uint32_t writer, const struct ledger_step *step);
/* Sets the cell as it is after the step, or as it was before. */
void ledger_step_cell(const struct ledger *ledger, const struct ledger_part *part, uint32_t writer,
                      const struct ledger_step *step, bool after);
void ledger_step_end(struct ledger *ledger, uint32_t writer, uint64_t number, enum ledger_outcome outcome);
/* Reads that step of a writer's ring. False: it is not there, or there no longer. */
bool ledger_step_read(const struct ledger *ledger, uint32_t writer, uint64_t number,
                      struct ledger_step *step);
/* The slot's word says that the step has happened. While the step is open nobody overwrites that. */
bool ledger_step_happened(uint64_t word, const struct ledger_step *step);
/* Another writer's last step on a slot with this word is still open. */
bool ledger_word_is_open(const struct ledger *ledger, uint32_t writer, uint32_t slot, uint64_t word);

/* ---- copies ---- */

struct ledger_copy_head *ledger_copy_head(const struct ledger *ledger, int copy);
/* Puts the checksums on a copy that is complete. */
void ledger_copy_seal(struct ledger *ledger, int copy, uint64_t generation, uint32_t count);
bool ledger_copy_is_whole(const struct ledger *ledger, int copy);
/* The newest whole copy: 0 or 1; -1: none. */
int ledger_copy_newest(const struct ledger *ledger);
struct ledger_part ledger_copy_part(const struct ledger *ledger, int copy);
/* Makes the copy the live part; a new era. Nobody else is there. */
void ledger_copy_restore(struct ledger *ledger, int copy);

/* Moves what fits into `to`, which is new. */
void ledger_move(const struct ledger *from, struct ledger *to, int64_t now);

#endif
