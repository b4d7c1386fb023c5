/* slimbid-replay: recorded traffic, played open loop. The command line and the life of the process. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "replay/replay_call.h"
#include "replay/replay_player.h"
#include "replay/replay_show.h"
#include "replay/replay_tally.h"
#include "replay/replay_traffic.h"

#define GET_MAX_BYTES ((size_t)16 << 20)

static struct {
    const char *target, *rtbkit, *ipinyou, *ndjson, *get;
    bool demo, poisson, json, quiet, strict, check, print, events;
    double rate, speed, duration_s, views, clicks;
    uint64_t count, repeat, take, connections, tmax_ms, wait_ms, seed, max_late, show;
} given = {
    .target = "http://127.0.0.1:8080/openrtb2/auction",
    .speed = 1,
    .repeat = 1,
    .connections = 1024,
    .tmax_ms = 100,
    .wait_ms = 2000,
    .seed = 1,
    .max_late = UINT64_MAX,
    .show = UINT64_MAX,
};

static const struct option_row rows[] = {
    {"target", "URL", "where the requests go (http://127.0.0.1:8080/openrtb2/auction)", OPTION_TEXT,
     &given.target, 0, 0},
    {"demo", NULL, "play built-in requests", OPTION_FLAG, &given.demo, 0, 0},
    {"rtbkit", "FILE", "play RTBkit's recorded auctions (.xz or plain, - for stdin)", OPTION_TEXT,
     &given.rtbkit, 0, 0},
    {"ipinyou", "FILE", "play iPinYou's impression log (the same)", OPTION_TEXT, &given.ipinyou, 0, 0},
    {"as-events", NULL, "with --ipinyou: play page views for /v1/clickstream instead", OPTION_FLAG,
     &given.events, 0, 0},
    {"ndjson", "FILE", "play OpenRTB requests, one a line (the same)", OPTION_TEXT, &given.ndjson, 0, 0},
    {"take", "N", "load the first N requests only", OPTION_UINT, &given.take, 1, 1e9},
    {"speed", "X", "recorded times, X times as fast (1)", OPTION_NUMBER, &given.speed, 0.001, 1e6},
    {"rate", "R", "R requests a second instead of the recorded times", OPTION_NUMBER, &given.rate, 0.01, 1e6},
    {"poisson", NULL, "with --rate: exponentially distributed gaps", OPTION_FLAG, &given.poisson, 0, 0},
    {"duration", "S", "stop sending after S seconds", OPTION_NUMBER, &given.duration_s, 0.001, 1e6},
    {"count", "N", "stop sending after N requests", OPTION_UINT, &given.count, 1, 1e15},
    {"repeat", "N", "play the traffic N times (1; without end when --duration or --count is given)",
     OPTION_UINT, &given.repeat, 1, 1e9},
    {"connections", "N", "requests under way at once (1024)", OPTION_UINT, &given.connections, 1, 60000},
    {"tmax", "MS", "for recordings and requests without tmax (100)", OPTION_UINT, &given.tmax_ms, 1, 60000},
    {"wait", "MS", "beyond tmax, then a request is lost (2000)", OPTION_UINT, &given.wait_ms, 0, 600000},
    {"seed", "N", "of --poisson (1)", OPTION_UINT, &given.seed, 0, 9e15},
    {"max-late", "N", "exit 1 when more than N are lost or late", OPTION_UINT, &given.max_late, 0, 1e15},
    {"views", "SHARE", "show that share of the bids: fetch their burl (0)", OPTION_NUMBER, &given.views, 0,
     1},
    {"clicks", "SHARE", "with --views: click on that share of what was shown (0)", OPTION_NUMBER,
     &given.clicks, 0, 1},
    {"strict", NULL, "exit 1 when any is lost or late", OPTION_FLAG, &given.strict, 0, 0},
    {"json", NULL, "the report as JSON", OPTION_FLAG, &given.json, 0, 0},
    {"quiet", NULL, "no progress", OPTION_FLAG, &given.quiet, 0, 0},
    {"check", NULL, "send nothing: load, convert, tell how many are valid; exit 1 if any is not", OPTION_FLAG,
     &given.check, 0, 0},
    {"print", NULL, "send nothing: print the requests, one a line", OPTION_FLAG, &given.print, 0, 0},
    {"show", "N", "send only request number N (from 0), print the auction in full", OPTION_UINT, &given.show,
     0, 1e9},
    {"get", "URL", "only GET that URL and print its body", OPTION_TEXT, &given.get, 0, 0},
};

static const struct option_table table = {
    .program = "slimbid-replay",
    .purpose = "Plays recorded or made-up traffic against an OpenRTB exchange, open loop, and reports.",
    .notes = "Latencies are counted from the time at which a request should have been sent. Late: answered "
             "later than\ntmax after it was sent. Lost: no answer at all, tmax and --wait after it was sent.",
    .rows = rows,
    .count = COUNT_OF(rows),
};

static int get_and_print(void) {
    struct buf body;
    char error[200];
    buf_init(&body, GET_MAX_BYTES);
    int status = call_once(given.get, (struct str){NULL, 0}, 5000000, &body, error, sizeof error);
    if (status == 200)
        fwrite(body.p, 1, body.n, stdout);
    else if (status > 0)
        fprintf(stderr, "slimbid-replay: %s: status %d\n", given.get, status);
    else
        fprintf(stderr, "slimbid-replay: %s\n", error);
    buf_cleanup(&body);
    return status == 200 ? 0 : 1;
}

static struct traffic_options choose_source(void) {
    struct traffic_options options = {
        .source = TRAFFIC_DEMO, .path = "demo", .tmax_ms = (uint32_t)given.tmax_ms, .max_count = given.take};
    int sources = given.demo;
    struct {
        const char *path;
        enum traffic_source source;
    } files[] = {
        {given.rtbkit, TRAFFIC_RTBKIT}, {given.ipinyou, TRAFFIC_IPINYOU}, {given.ndjson, TRAFFIC_NDJSON}};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        if (!files[i].path)
            continue;
        options.source = files[i].source;
        options.path = files[i].path;
        sources++;
    }
    if (given.events && !given.ipinyou)
        options_refuse(&table, "--as-events needs --ipinyou", NULL);
    options.events = given.events;
    if (sources != 1)
        options_refuse(&table, "one of --demo, --rtbkit, --ipinyou, --ndjson is needed", NULL);
    return options;
}

static int check_traffic(const struct traffic *traffic) {
    printf("%zu requests, %zu valid OpenRTB 2.6, %zu not; %zu lines not converted; %.1f s, %zu bytes\n",
           traffic->count, traffic->count - traffic->invalid, traffic->invalid, traffic->skipped,
           (double)traffic->items[traffic->count - 1].at_us / 1e6, traffic->bytes);
    if (traffic->invalid > 0)
        printf("first invalid: %s\n", traffic->first_invalid);
    if (traffic->skipped > 0)
        printf("first not converted: %s\n", traffic->first_skip);
    return traffic->invalid + traffic->skipped > 0;
}

static void print_traffic(const struct traffic *traffic) {
    for (size_t i = 0; i < traffic->count; i++)
        printf("%.*s\n", STR_ARG(traffic->items[i].json));
}

/* ---- playing ---- */

struct play {
    struct loop *loop;
    struct player *player;
};

static void on_end(void *ctx) {
    struct play *play = ctx;
    loop_stop(play->loop);
}

/* The first Ctrl-C ends the sending; the second one the program. */
static void on_signal(void *ctx, int signum) {
    struct play *play = ctx;
    static int seen;
    if (seen++ > 0)
        _exit(128 + signum);
    player_stop(play->player);
}

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static struct player_options choose_play(void) {
    bool bounded = given.count > 0 || given.duration_s > 0;
    bool repeat_given = given.repeat != 1;
    return (struct player_options){
        .url = given.target,
        .rate = given.rate,
        .poisson = given.poisson,
        .speed = given.speed,
        .count = given.count,
        .duration_us = (uint64_t)(given.duration_s * 1e6),
        .repeat = bounded && !repeat_given ? 0 : given.repeat,
        .seed = given.seed,
        .connections = given.connections,
        .tmax_ms = (uint32_t)given.tmax_ms,
        .wait_us = given.wait_ms * 1000,
        .views = given.views,
        .clicks = given.clicks,
        .progress = !given.quiet,
    };
}

static void report(const struct tally *tally, const struct play *play, const char *source, double cpu) {
    struct tally_about about = {
        .source = source,
        .target = given.target,
        .connections_opened = player_connections_opened(play->player),
        .follow = player_follow_counts(play->player),
        .cpu_us_per_request = tally->sent ? cpu / (double)tally->sent : 0,
    };
    if (given.json)
        tally_print_json(tally, &about, stdout);
    else
        tally_print(tally, &about, stdout);
}

/* 0 when all went as wanted, 1 when too many are lost or late. */
static int judge(const struct tally *tally) {
    uint64_t bad = tally->late + tally->outcomes[TALLY_LOST];
    uint64_t most = given.strict ? 0 : given.max_late;
    return tally->sent == 0 || bad > most;
}

static int play_traffic(const struct traffic *traffic, const char *source) {
    struct play play = {.loop = loop_create()};
    struct tally *tally = malloc(sizeof *tally);
    struct player_options options = choose_play();
    char error[300];
    int status = 1;
    if (!play.loop || !tally) {
        fputs("slimbid-replay: out of memory\n", stderr);
        free(tally);
        loop_destroy(play.loop);
        return 1;
    }
    tally_init(tally);
    tally->events = given.events;
    double cpu = cpu_us();
    play.player = player_create(play.loop, &options, traffic, tally, on_end, &play, error, sizeof error);
    struct signal_watch *interrupt = signal_watch_create(play.loop, SIGINT, on_signal, &play);
    struct signal_watch *term = signal_watch_create(play.loop, SIGTERM, on_signal, &play);
    if (!play.player) {
        fprintf(stderr, "slimbid-replay: %s\n", error);
    } else if (interrupt && term && loop_run(play.loop) == 0) {
        if (!given.quiet && isatty(STDERR_FILENO))
            fputs("\r\033[K", stderr);
        report(tally, &play, source, cpu_us() - cpu);
        status = judge(tally);
    }
    signal_watch_destroy(interrupt);
    signal_watch_destroy(term);
    player_destroy(play.player);
    loop_destroy(play.loop);
    tally_cleanup(tally);
    free(tally);
    return status;
}

int main(int argc, char **argv) {
    char error[500];
    struct traffic traffic;
    int status;
    options_read(&table, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_WARN);
    if (given.get)
        return get_and_print();
    struct traffic_options options = choose_source();
    if (traffic_load(&traffic, &options, error, sizeof error) != 0) {
        fprintf(stderr, "slimbid-replay: %s: %s\n", options.path, error);
        return 1;
    }
    if (traffic.skipped > 0 && !given.check)
        fprintf(stderr, "slimbid-replay: %zu lines not converted, first: %s\n", traffic.skipped,
                traffic.first_skip);
    if (given.check)
        status = check_traffic(&traffic);
    else if (given.print)
        print_traffic(&traffic), status = 0;
    else if (given.show != UINT64_MAX)
        status = show_auction(&traffic, (size_t)given.show, given.target);
    else
        status = play_traffic(&traffic, options.path);
    traffic_cleanup(&traffic);
    return status;
}
