/*
 * A ledger's file with any words in it, opened, and everything that can be done with it.
 *
 * The input is a list of steps of 12 bytes: what, who, a number, a value of 8 bytes. Those that change the
 * file (a word, a cut, checksums made right again) come first, whatever their place; then it is opened, under
 * the same boot or another, with its sizes or others; the rest are operations at any time, words that change
 * under the open ledger, and the file opened again. Whatever comes in: no crash, no endless walk, and what is
 * answered keeps its bounds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "ledger/ledger.h"
#include "ledger/ledger_internal.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#define STEP_BYTES 12u
#define MOST_STEPS 200u
#define NOON       INT64_C(1728043200)
#define HOLDS      8u

static const struct ledger_sizes good_sizes = {2, 4, HOLDS, 0};

struct step {
    uint8_t what, who;
    uint16_t number;
    uint64_t value;
};

struct fuzz {
    char path[64];
    char *good, *bytes; /* the file as it was made, and as it is changed */
    size_t n;
    struct ledger *ledger;
    uint64_t holds[HOLDS];
    uint64_t boot;
};

/* In the step's `what`, by its remainder. */
enum {
    CHANGE_PLACE, /* a word anywhere */
    CHANGE_LIVE,  /* a word of what is used */
    CHANGE_SEAL,
    CHANGES,
    RESERVE = CHANGES,
    VIEW,
    MARK,
    RELEASE,
    EXPIRE,
    ADOPT,
    SYNC,
    NOTE,
    PACE,
    LOOK,
    BEND, /* a word, while it is open */
    RESET,
    OPEN_AGAIN,
    WHATS
};

static struct ledger *open_it(struct fuzz *fuzz, const struct ledger_sizes *sizes) {
    char error[LEDGER_ERROR_BYTES] = "", boot[24];
    (void)snprintf(boot, sizeof boot, "boot-%d", (int)(fuzz->boot % 1000));
    struct ledger *ledger = ledger_open_under(fuzz->path, sizes, NOON, boot, error, sizeof error);
    MUST(ledger || error[0]);
    return ledger;
}

static uint64_t reserve(struct ledger *ledger, uint32_t writer, uint32_t campaign, int64_t nanos,
                        int64_t now) {
    uint64_t hold = 0;
    struct ledger_win win = {campaign, nanos, 1, 2, now + 600};
    enum ledger_result got = ledger_reserve(ledger, writer, &win, now, &hold);
    MUST(got == LEDGER_COUNTED ? hold != 0 : hold == 0);
    MUST(got != LEDGER_REPEATED && got != LEDGER_GONE);
    return hold;
}

/* A file with a bit of everything in it: steps of two writers, two days, two copies. */
static void make_good(struct fuzz *fuzz) {
    char directory[40];
    /* In memory where that can be had: each input writes the file, and waits for the disk a few times. */
    (void)snprintf(directory, sizeof directory, "%s/slimbid-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    MUST(mkdtemp(directory));
    (void)snprintf(fuzz->path, sizeof fuzz->path, "%s/ledger", directory);
    struct ledger *ledger = open_it(fuzz, &good_sizes);
    MUST(ledger);
    for (int i = 0; i < 3; i++) {
        char id[2] = {(char)('a' + i), 0};
        struct ledger_campaign_facts facts = {hash_bytes(str_from(id), 0), str_from(id), 1000 * (int64_t)i, 3,
                                              24};
        MUST(ledger_campaign_note(ledger, &facts, NOON) == (uint32_t)i);
    }
    uint64_t a = reserve(ledger, 0, 0, 5, NOON - 86400), b = reserve(ledger, 1, 1, 7, NOON);
    MUST(ledger_view(ledger, 1, a, NOON - 86400, NULL) == LEDGER_COUNTED);
    MUST(ledger_click(ledger, 0, b, NOON, NULL) == LEDGER_COUNTED);
    MUST(ledger_sync(ledger) == 0);
    MUST(ledger_release(ledger, 1, b) == LEDGER_COUNTED);
    (void)reserve(ledger, 0, 2, 11, NOON);
    ledger_close(ledger);
    int fd = open(fuzz->path, O_RDONLY);
    fuzz->n = (size_t)lseek(fd, 0, SEEK_END);
    fuzz->good = malloc(fuzz->n);
    fuzz->bytes = malloc(fuzz->n);
    MUST(fuzz->good && fuzz->bytes && pread(fd, fuzz->good, fuzz->n, 0) == (ssize_t)fuzz->n);
    close(fd);
}

/* ---- the file ---- */

/* Checksums made right again, so that what lies behind them is reached. */
static void seal(struct fuzz *fuzz) {
    struct ledger view = {.memory = fuzz->bytes, .bytes = fuzz->n, .sizes = good_sizes};
    struct ledger_header *header = (void *)fuzz->bytes;
    view.layout = ledger_layout_of(&good_sizes, true);
    ledger_place(&view);
    header->crc32c = ledger_header_crc(header);
    for (int i = 0; i < 2; i++) {
        const struct ledger_copy_head *head = ledger_copy_head(&view, i);
        if (head->count <= good_sizes.campaigns)
            ledger_copy_seal(&view, i, head->generation, head->count);
    }
}

/* Most of a file is a ring of steps that were never made: places are drawn from what is used. */
static size_t used_place(const struct step *step) {
    const struct ledger_layout l = ledger_layout_of(&good_sizes, true);
    size_t used = step->number % 2 ? LEDGER_PAGE_BYTES + l.part_bytes : 1024;
    const size_t regions[] = {0,
                              l.live_at,
                              l.steps_at,
                              l.steps_at + LEDGER_STEPS * sizeof(struct ledger_step_words),
                              l.index_at,
                              l.copies_at[0],
                              l.copies_at[1]};
    size_t region = regions[step->who % COUNT_OF(regions)], word = step->number / 2u;
    size_t most = region == 0 ? 128 : region >= l.index_at && region < l.copies_at[0] ? 256 : used;
    return (region + word * 8 % most) / 8 * 8;
}

static void change(struct fuzz *fuzz, const struct step *step) {
    switch (step->what % WHATS) {
    case CHANGE_PLACE:
        memcpy(fuzz->bytes + (step->number * UINT64_C(8191) + step->who) * 8 % (fuzz->n - 8), &step->value,
               8);
        break;
    case CHANGE_LIVE:
        memcpy(fuzz->bytes + used_place(step), &step->value, 8);
        break;
    default:
        seal(fuzz);
    }
}

static void put_file(const struct fuzz *fuzz, size_t n) {
    int fd = open(fuzz->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    MUST(fd >= 0 && write(fd, fuzz->bytes, n) == (ssize_t)n);
    close(fd);
}

/* ---- operations ---- */

static int64_t time_of(const struct step *step) {
    switch (step->number % 8) {
    case 0:
        return (int64_t)(step->value >> 1);
    case 1:
        return NOON + 86400;
    default:
        return NOON + step->number;
    }
}

static uint64_t hold_of(const struct fuzz *fuzz, const struct step *step) {
    return step->number & 1 ? fuzz->holds[step->who % HOLDS] : step->value;
}

static void is_in_bounds(const struct fuzz *fuzz, enum ledger_result got, const struct ledger_win *win) {
    MUST(got == LEDGER_COUNTED || got == LEDGER_REPEATED || got == LEDGER_GONE);
    if (got != LEDGER_GONE)
        MUST(win->campaign == LEDGER_NONE || win->campaign < ledger_sizes(fuzz->ledger)->campaigns);
}

/* All that can be looked at. */
static void look(const struct fuzz *fuzz, int64_t now) {
    char error[LEDGER_ERROR_BYTES] = "";
    struct ledger_campaign_facts facts;
    struct ledger_stats stats;
    struct ledger_facts whole;
    struct ledger_hold hold;
    uint32_t count = ledger_campaign_count(fuzz->ledger);
    MUST(count <= ledger_sizes(fuzz->ledger)->campaigns);
    ledger_stats(fuzz->ledger, &stats);
    ledger_facts(fuzz->ledger, &whole);
    MUST(ledger_audit(fuzz->ledger, error, sizeof error) || error[0]);
    for (uint32_t i = 0; i < count + 2; i++) {
        (void)ledger_spent(fuzz->ledger, i, now / 86400);
        (void)ledger_held(fuzz->ledger, i);
        (void)ledger_left(fuzz->ledger, i, now);
        (void)ledger_rate(fuzz->ledger, i);
        if (ledger_campaign_facts(fuzz->ledger, i, &facts))
            MUST(facts.id.n <= LEDGER_ID_BYTES && hash_bytes(facts.id, 1) + 1 > 0);
    }
    for (uint32_t i = 0; i < ledger_sizes(fuzz->ledger)->holds + 2; i++)
        if (ledger_hold_at(fuzz->ledger, i, now, &hold))
            MUST(hold.win.campaign == LEDGER_NONE || hold.win.campaign < count + 4);
}

static void note(const struct fuzz *fuzz, const struct step *step) {
    char id[LEDGER_ID_BYTES * 2] = "x";
    struct ledger_campaign_facts facts = {.key = step->number & 1 ? step->value : step->number % 16,
                                          .id = {id, step->number % sizeof id},
                                          .daily_budget = (int64_t)step->value};
    uint32_t got = ledger_campaign_note(fuzz->ledger, &facts, time_of(step));
    MUST(got == LEDGER_NONE || got < ledger_sizes(fuzz->ledger)->campaigns);
}

static void bend(const struct fuzz *fuzz, const struct step *step) {
    size_t place = used_place(step);
    /* Sizes are this process's own; the header is read when the file is opened. */
    if (place >= LEDGER_PAGE_BYTES && place + 8 <= fuzz->ledger->bytes)
        memcpy((char *)fuzz->ledger->memory + place, &step->value, 8);
}

static void open_again(struct fuzz *fuzz, const struct step *step) {
    struct ledger_sizes sizes = *ledger_sizes(fuzz->ledger);
    if (step->number & 1)
        fuzz->ledger->owner = 0; /* killed */
    ledger_close(fuzz->ledger);
    fuzz->boot += step->number & 2 ? 1 : 0;
    if (step->number & 4)
        sizes = (struct ledger_sizes){1 + step->who % 3, 1 + step->who % 6, (1 + step->who % 3) * 4, 0};
    fuzz->ledger = open_it(fuzz, &sizes);
}

static void do_money(struct fuzz *fuzz, const struct step *step) {
    uint32_t writer = step->who % ledger_sizes(fuzz->ledger)->writers;
    int64_t now = time_of(step);
    struct ledger_win win;
    switch (step->what % WHATS) {
    case RESERVE:
        now = now > INT64_MAX / 2 ? NOON : now;
        fuzz->holds[step->number % HOLDS] =
            reserve(fuzz->ledger, writer, step->who / 16 % 5 ? step->who / 16 % 5 : LEDGER_NONE,
                    (int64_t)step->value, now);
        break;
    case VIEW:
        is_in_bounds(fuzz, ledger_view(fuzz->ledger, writer, hold_of(fuzz, step), now, &win), &win);
        break;
    case MARK:
        is_in_bounds(fuzz,
                     step->number & 2 ? ledger_click(fuzz->ledger, writer, hold_of(fuzz, step), now, &win)
                                      : ledger_won(fuzz->ledger, writer, hold_of(fuzz, step), now, &win),
                     &win);
        break;
    case RELEASE:
        (void)!ledger_release(fuzz->ledger, writer, hold_of(fuzz, step));
        break;
    case EXPIRE:
        MUST(ledger_expire(fuzz->ledger, writer, now, step->who) <= step->who);
        break;
    default:
        ledger_adopt(fuzz->ledger, step->who % LEDGER_MOST_WRITERS);
    }
}

static void do_other(struct fuzz *fuzz, const struct step *step) {
    switch (step->what % WHATS) {
    case SYNC:
        (void)!ledger_sync(fuzz->ledger); /* refuses where the steps are bent */
        break;
    case NOTE:
        note(fuzz, step);
        break;
    case PACE:
        ledger_pace(fuzz->ledger, step->who % 6, (int64_t)step->value, step->number);
        break;
    case LOOK:
        look(fuzz, time_of(step));
        break;
    case BEND:
        bend(fuzz, step);
        break;
    case RESET:
        ledger_reset_campaign(fuzz->ledger, step->who % 6);
        break;
    default:
        open_again(fuzz, step);
    }
}

/* ---- an input ---- */

static size_t read_steps(const uint8_t *data, size_t size, struct step *steps) {
    size_t n = size / STEP_BYTES < MOST_STEPS ? size / STEP_BYTES : MOST_STEPS;
    for (size_t i = 0; i < n; i++, data += STEP_BYTES) {
        steps[i] = (struct step){.what = data[0], .who = data[1]};
        memcpy(&steps[i].number, data + 2, sizeof steps[i].number);
        memcpy(&steps[i].value, data + 4, sizeof steps[i].value);
    }
    return n;
}

static struct fuzz fuzz;

static void clean_up(void) {
    (void)unlink(fuzz.path);
    *strrchr(fuzz.path, '/') = '\0';
    (void)rmdir(fuzz.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct step steps[MOST_STEPS];
    size_t n = read_steps(data, size, steps);
    if (fuzz.good == NULL) {
        make_good(&fuzz);
        (void)atexit(clean_up);
    }
    memcpy(fuzz.bytes, fuzz.good, fuzz.n);
    memset(fuzz.holds, 0, sizeof fuzz.holds);
    for (size_t i = 0; i < n; i++)
        if (steps[i].what % WHATS < CHANGES)
            change(&fuzz, &steps[i]);
    fuzz.boot = size % 2; /* the one that made it, or another */
    put_file(&fuzz, size % 64 == 63 ? fuzz.n / 2 : fuzz.n);
    fuzz.ledger = open_it(&fuzz, &good_sizes);
    for (size_t i = 0; i < n && fuzz.ledger != NULL; i++)
        if (steps[i].what % WHATS >= RESERVE && steps[i].what % WHATS <= ADOPT)
            do_money(&fuzz, &steps[i]);
        else if (steps[i].what % WHATS > ADOPT)
            do_other(&fuzz, &steps[i]);
    ledger_close(fuzz.ledger);
    return 0;
}
