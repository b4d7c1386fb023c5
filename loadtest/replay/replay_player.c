/* Playing traffic, open loop; see replay_player.h. */
#include "replay/replay_player.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/prng.h"
#include "outbound/outbound.h"

#define SENDS_PER_TURN  64      /* then the answers get their turn */
#define QUEUE_MAX       1000000 /* requests that wait for a free connection; beyond it they are lost */
#define ANSWER_MAX      ((size_t)4 << 20)
#define RETRY_US        1000
#define START_DELAY_US  20000
#define PROGRESS_TTY_US 500000
#define PROGRESS_LOG_US 5000000

struct intent { /* a request that has to go out */
    const struct traffic_item *item;
    uint64_t due_us;
    uint64_t round; /* from 0; later rounds append it to the request's id */
};

struct shot { /* a request under way */
    struct player *player;
    struct shot *next; /* in the free list */
    uint64_t due_us;
    uint64_t sent_us;
    uint32_t tmax_ms;
};

struct player {
    struct loop *loop;
    struct player_options options;
    const struct traffic *traffic;
    struct tally *tally;
    void (*on_end)(void *ctx);
    void *ctx;
    struct outbound *outbound;
    struct outbound_target *target;
    struct follow *follow; /* NULL: nothing is shown */
    struct timer send_timer;
    struct timer progress_timer;
    struct timer end_timer;
    struct prng prng;
    struct intent next; /* item == NULL: nothing more to send */
    size_t at;          /* index of the next item */
    uint64_t round;
    uint64_t round_start_us; /* when the first item of this round is due */
    uint64_t start_us;
    uint64_t intended;    /* requests so far, queued and lost ones included */
    struct intent *queue; /* a ring of QUEUE_MAX, used in part */
    size_t queue_head, queue_count;
    struct shot *shots;
    struct shot *free_shots;
    size_t under_way;
    struct { /* at the last progress line */
        uint64_t us, sent;
    } shown;
    bool tty;
};

/* ---- the schedule ---- */

static uint64_t recorded_span_us(const struct traffic *traffic) {
    uint64_t last = traffic->items[traffic->count - 1].at_us;
    uint64_t gap = traffic->count > 1 ? last / (traffic->count - 1) : 1000;
    return last + (gap > 0 ? gap : 1);
}

/* When the item at `at` is due. */
static uint64_t due_time(struct player *player) {
    const struct player_options *options = &player->options;
    if (options->rate <= 0)
        return player->round_start_us +
               (uint64_t)((double)player->traffic->items[player->at].at_us / options->speed);
    if (player->intended == 0)
        return player->start_us;
    if (options->poisson)
        return player->next.due_us + (uint64_t)(prng_exponential(&player->prng, 1e6 / options->rate) + 0.5);
    return player->start_us + (uint64_t)((double)player->intended * 1e6 / options->rate);
}

/* Sets `next`, or its item to NULL when a bound is reached. */
static void schedule_next(struct player *player) {
    const struct player_options *options = &player->options;
    if (player->at == player->traffic->count) {
        player->at = 0;
        player->round++;
        player->round_start_us += (uint64_t)((double)recorded_span_us(player->traffic) / options->speed);
    }
    uint64_t due_us = due_time(player);
    if ((options->repeat > 0 && player->round >= options->repeat) ||
        (options->count > 0 && player->intended >= options->count) ||
        (options->duration_us > 0 && due_us >= player->start_us + options->duration_us)) {
        player->next.item = NULL;
        return;
    }
    player->next = (struct intent){&player->traffic->items[player->at++], due_us, player->round};
    player->intended++;
}

/* ---- sending ---- */

static void on_done(void *ctx, const struct outbound_result *result);

static void end_when_done(struct player *player) {
    if (!player->next.item && player->under_way == 0 && player->queue_count == 0 &&
        (!player->follow || follow_under_way(player->follow) == 0) &&
        timer_arm(&player->end_timer, loop_now(player->loop)) != 0)
        player->on_end(player->ctx);
}

static void on_followed(void *ctx) {
    end_when_done(ctx);
}

static void on_end_timer(void *ctx) {
    struct player *player = ctx;
    player->on_end(player->ctx);
}

/* The request; when it is played again, its id with "-round" behind it, as no two auctions share an id. */
static void write_request(const struct intent *intent, struct buf *body) {
    struct str json = intent->item->json;
    size_t id_end = intent->round > 0 ? intent->item->id_end : 0;
    buf_add(body, json.p, id_end);
    if (id_end > 0)
        buf_printf(body, "-%" PRIu64, intent->round);
    buf_add(body, json.p + id_end, json.n - id_end);
}

/* False when all connections are busy. */
static bool send_one(struct player *player, const struct intent *intent) {
    struct shot *shot = player->free_shots;
    struct outbound_call *call = shot ? outbound_begin(player->target) : NULL;
    if (!call)
        return false;
    uint64_t now = loop_now(player->loop);
    player->free_shots = shot->next;
    player->under_way++;
    shot->due_us = intent->due_us;
    shot->sent_us = now;
    shot->tmax_ms = intent->item->tmax_ms > 0 ? intent->item->tmax_ms : player->options.tmax_ms;
    write_request(intent, outbound_call_body(call));
    player->tally->sent++;
    outbound_send(call, now + (uint64_t)shot->tmax_ms * 1000 + player->options.wait_us, on_done, shot);
    return true;
}

static void enqueue(struct player *player, const struct intent *intent) {
    struct tally *tally = player->tally;
    if (player->queue_count == QUEUE_MAX) {
        tally_lost(tally, OUTBOUND_NO_MEMORY);
        return;
    }
    player->queue[(player->queue_head + player->queue_count++) % QUEUE_MAX] = *intent;
    tally->queued++;
    if (player->queue_count > tally->queue_max)
        tally->queue_max = player->queue_count;
}

static void send_queued(struct player *player) {
    while (player->queue_count > 0 && send_one(player, &player->queue[player->queue_head])) {
        player->queue_head = (player->queue_head + 1) % QUEUE_MAX;
        player->queue_count--;
    }
}

static void on_send_timer(void *ctx) {
    struct player *player = ctx;
    uint64_t now = loop_now(player->loop);
    send_queued(player);
    for (int i = 0; i < SENDS_PER_TURN && player->next.item && player->next.due_us <= now; i++) {
        player->tally->last_us = player->next.due_us;
        if (player->queue_count > 0 || !send_one(player, &player->next))
            enqueue(player, &player->next);
        schedule_next(player);
    }
    bool stuck = player->queue_count > 0 && player->under_way == 0; /* no answer will wake us */
    uint64_t again_us = stuck ? now + RETRY_US : player->next.due_us;
    if ((stuck || player->next.item) && timer_arm(&player->send_timer, again_us) != 0)
        player->next.item = NULL;
    end_when_done(player);
}

static void on_done(void *ctx, const struct outbound_result *result) {
    struct shot *shot = ctx;
    struct player *player = shot->player;
    uint64_t now = loop_now(player->loop);
    if (result->outcome == OUTBOUND_ANSWERED)
        tally_answer(player->tally, result->status, result->body, now - shot->due_us, now - shot->sent_us,
                     now - shot->sent_us > (uint64_t)shot->tmax_ms * 1000);
    else
        tally_lost(player->tally, result->outcome);
    if (player->follow && result->outcome == OUTBOUND_ANSWERED && result->status == 200)
        follow_answer(player->follow, result->body);
    player->tally->ended_us = now;
    player->under_way--;
    shot->next = player->free_shots;
    player->free_shots = shot;
    if (player->queue_count > 0 && timer_arm(&player->send_timer, now) == 0)
        return; /* the call becomes free when this callback has returned */
    end_when_done(player);
}

/* ---- progress ---- */

static void on_progress(void *ctx) {
    struct player *player = ctx;
    const struct tally *tally = player->tally;
    uint64_t now = loop_now(player->loop);
    double seconds = (double)(now - player->shown.us) / 1e6;
    fprintf(stderr,
            "%s%6.1f s  sent %" PRIu64 " (%.0f/s)  bids %" PRIu64 "  no bid %" PRIu64 "  late %" PRIu64
            "  lost %" PRIu64 "  under way %zu  p99 %.1f ms%s",
            player->tty ? "\r\033[K" : "", (double)(now - player->start_us) / 1e6, tally->sent,
            (double)(tally->sent - player->shown.sent) / seconds, tally->outcomes[TALLY_BIDS],
            tally->outcomes[TALLY_NO_BID], tally->late, tally->outcomes[TALLY_LOST], player->under_way,
            (double)quantiles_at(&tally->latency, 0.99) / 1000, player->tty ? "" : "\n");
    player->shown.us = now;
    player->shown.sent = tally->sent;
    if (timer_arm(&player->progress_timer, now + (player->tty ? PROGRESS_TTY_US : PROGRESS_LOG_US)) != 0)
        return;
}

/* ---- life ---- */

static struct outbound_target *open_target(struct player *player, char *error, size_t error_size) {
    static struct str headers[] = {STR_INIT("Content-Type: application/json"),
                                   STR_INIT("x-openrtb-version: 2.6")};
    struct outbound_target_options options;
    outbound_target_options_default(&options);
    options.name = "target";
    options.url = player->options.url;
    options.headers = (struct str_list){headers, 2};
    options.gzip_request = false;
    options.gzip_answer = false;
    options.late_timeout_us = 1;
    options.max_in_flight = player->options.connections;
    options.max_connections = player->options.connections;
    options.max_late = 1;
    options.max_answer_bytes = ANSWER_MAX;
    options.max_inflated_bytes = ANSWER_MAX;
    options.max_request_bytes = (size_t)64 << 20;
    return outbound_target_create(player->outbound, &options, error, error_size);
}

static bool open_follow(struct player *player, char *error, size_t error_size) {
    struct follow_options options = {.url = player->options.url,
                                     .views = player->options.views,
                                     .clicks = player->options.clicks,
                                     .seed = player->options.seed,
                                     .connections = player->options.connections};
    if (options.views <= 0)
        return true;
    player->follow =
        follow_create(player->loop, player->outbound, &options, on_followed, player, error, error_size);
    return player->follow != NULL;
}

static bool make_shots(struct player *player) {
    size_t count = player->options.connections;
    player->shots = calloc(count, sizeof *player->shots);
    player->queue = malloc(QUEUE_MAX * sizeof *player->queue);
    if (!player->shots || !player->queue)
        return false;
    for (size_t i = 0; i < count; i++) {
        player->shots[i].player = player;
        player->shots[i].next = player->free_shots;
        player->free_shots = &player->shots[i];
    }
    return true;
}

static bool start(struct player *player) {
    uint64_t now = loop_now(player->loop);
    timer_init(&player->send_timer, player->loop, on_send_timer, player);
    timer_init(&player->progress_timer, player->loop, on_progress, player);
    timer_init(&player->end_timer, player->loop, on_end_timer, player);
    prng_seed(&player->prng, player->options.seed);
    player->start_us = player->round_start_us = now + START_DELAY_US;
    player->shown.us = player->start_us;
    player->tty = isatty(STDERR_FILENO) == 1;
    player->tally->first_us = player->start_us;
    schedule_next(player);
    if (player->options.progress &&
        timer_arm(&player->progress_timer,
                  player->start_us + (player->tty ? PROGRESS_TTY_US : PROGRESS_LOG_US)) != 0)
        return false;
    return timer_arm(&player->send_timer, player->start_us) == 0;
}

struct player *player_create(struct loop *loop, const struct player_options *options,
                             const struct traffic *traffic, struct tally *tally, void (*on_end)(void *ctx),
                             void *ctx, char *error, size_t error_size) {
    struct player *player = calloc(1, sizeof *player);
    snprintf(error, error_size, "out of memory");
    if (!player)
        return NULL;
    player->loop = loop;
    player->options = *options;
    player->traffic = traffic;
    player->tally = tally;
    player->on_end = on_end;
    player->ctx = ctx;
    player->outbound = make_shots(player) ? outbound_create(loop) : NULL;
    if (player->outbound)
        player->target = open_target(player, error, error_size);
    if (player->target && open_follow(player, error, error_size) && start(player))
        return player;
    player_destroy(player);
    return NULL;
}

void player_stop(struct player *player) {
    player->next.item = NULL;
    player->queue_count = 0;
    end_when_done(player);
}

uint64_t player_connections_opened(const struct player *player) {
    struct outbound_target_stats stats;
    outbound_target_stats(player->target, &stats);
    return stats.connections_opened;
}

const struct follow_counts *player_follow_counts(const struct player *player) {
    return player->follow ? follow_counts(player->follow) : NULL;
}

void player_destroy(struct player *player) {
    if (!player)
        return;
    if (player->tty && player->options.progress)
        fputs("\r\033[K", stderr);
    timer_disarm(&player->send_timer);
    timer_disarm(&player->progress_timer);
    timer_disarm(&player->end_timer);
    follow_destroy(player->follow);
    outbound_target_destroy(player->target);
    outbound_destroy(player->outbound);
    free(player->shots);
    free(player->queue);
    free(player);
}
