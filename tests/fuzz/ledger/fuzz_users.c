/*
 * A table of users in which any words stand, and everything that can be done with it.
 *
 * The input is a list of steps of 12 bytes: what, whose, a number, a value of 8 bytes. Some write the value
 * somewhere into the table, header included, as a damaged file or a mad process would; the others are
 * ordinary updates at any time. Whatever comes in: no crash, and what is read keeps its bounds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/users.h"
#include "ledger/users_layout.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#define USERS      16u
#define STEP_BYTES 12u
#define MOST_STEPS 200u

struct step {
    uint8_t what, key;
    uint16_t number;
    uint64_t value;
};

struct table {
    void *memory;
    size_t bytes;
    struct users *users;
};

static void attach_again(struct table *table) {
    char error[64] = "";
    users_detach(table->users);
    table->users = users_attach(table->memory, table->bytes, error, sizeof(error));
    MUST(table->users || error[0]);
}

/* The first words are the header's, then come some of the names', then all of the buckets'. */
static void write_word(struct table *table, const struct step *step) {
    size_t bytes = sizeof(struct users_header) + USERS_NAME_PLACES * sizeof(struct users_name);
    size_t words = table->bytes / 8, place = step->number;
    if (place >= 64)
        place = bytes / 8 + place % (words - bytes / 8);
    memcpy((char *)table->memory + place * 8, &step->value, 8);
}

static void read_all(const struct table *table, uint64_t key, int64_t now) {
    struct user_profile profile;
    const char *from = table->memory, *to = from + table->bytes;
    bool known = users_read(table->users, key, now, &profile);
    MUST(profile.view_count <= USERS_MOST_VIEWS && profile.interest_count <= USERS_MOST_INTERESTS);
    MUST(known == (profile.view_count + profile.interest_count > 0));
    for (uint32_t i = 0; i < profile.view_count; i++)
        MUST(profile.views[i].count > 0 && profile.views[i].count <= 4095 &&
             profile.views[i].campaign < 1u << 20 && (now < 0 || profile.views[i].since <= now));
    for (uint32_t i = 0; i < profile.interest_count; i++) {
        const struct user_interest *interest = profile.interests + i;
        MUST(interest->weight > 0 && isfinite(interest->weight));
        MUST(i == 0 || interest->weight <= interest[-1].weight);
        MUST(interest->name.p >= from && interest->name.p + interest->name.n < to);
        MUST(strlen(interest->name.p) == interest->name.n && interest->name.n < USERS_NAME_BYTES);
    }
}

/* Times of all years, most of them near each other. */
static int64_t time_of(const struct step *step) {
    return step->what & 0x80 ? (int64_t)step->value : 1790000000 + (int64_t)(step->value & 0xfffff);
}

static void interest(struct table *table, const struct step *step) {
    char name[8];
    double weight;
    int length = snprintf(name, sizeof(name), "n%u", step->number % 300u);
    memcpy(&weight, &step->value, sizeof(weight));
    (void)users_interest(table->users, step->key % 24, (struct str){name, (size_t)length},
                         step->what & 0x40 ? weight : 1.0, time_of(step));
}

static void play(struct table *table, const struct step *step) {
    struct users_stats stats;
    uint64_t key = step->key % 24;
    switch (step->what & 7) {
    case 0:
    case 1:
        write_word(table, step);
        attach_again(table);
        break;
    case 2:
    case 3:
        MUST(users_count_view(table->users, key, step->number, step->what >> 3 & 7, time_of(step)) <= 4095);
        break;
    case 4:
    case 5:
        interest(table, step);
        break;
    case 6:
        if (step->what & 8) {
            users_forget(table->users, key);
            MUST(!users_forget(table->users, key));
        }
        break;
    default:
        users_stats(table->users, &stats);
        MUST(stats.users <= 1000);
    }
    if (table->users)
        read_all(table, key, time_of(step));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void *memory; /* kept: its half a megabyte is mostly names */
    struct table table = {.bytes = users_bytes(USERS)};
    memory = memory ? memory : aligned_alloc(64, table.bytes);
    MUST(memory);
    table.memory = memset(memory, 0, table.bytes);
    users_format(table.memory, USERS);
    attach_again(&table);
    for (size_t i = 0; i < MOST_STEPS && size >= STEP_BYTES && table.users; i++) {
        struct step step = {.what = data[0], .key = data[1], .number = (uint16_t)(data[2] | data[3] << 8)};
        memcpy(&step.value, data + 4, 8);
        play(&table, &step);
        data += STEP_BYTES;
        size -= STEP_BYTES;
    }
    users_detach(table.users);
    return 0;
}
