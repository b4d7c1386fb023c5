/* The report of a replay, for people and as JSON; see replay_tally.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "outbound/outbound.h"
#include "replay/replay_follow.h"
#include "replay/replay_put.h"
#include "replay/replay_tally.h"

#define BAR_WIDTH    28
#define REPORT_BYTES ((size_t)1 << 20)

static const double shares[] = {0.5, 0.9, 0.99, 0.999};
static const char *const share_names[] = {"p50", "p90", "p99", "p99_9"};

struct colours {
    const char *bold, *dim, *good, *bad, *bar, *end;
};

static struct colours choose_colours(FILE *out) {
    if (!isatty(fileno(out)) || getenv("NO_COLOR"))
        return (struct colours){"", "", "", "", "", ""};
    return (struct colours){"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[36m", "\033[0m"};
}

static double seconds_played(const struct tally *tally) {
    return tally->last_us > tally->first_us ? (double)(tally->last_us - tally->first_us) / 1e6 : 0;
}

static double achieved_rate(const struct tally *tally) {
    double seconds = seconds_played(tally);
    return seconds > 0 ? (double)tally->sent / seconds : 0;
}

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_bar(double share, const struct colours *colours, FILE *out) {
    int filled = (int)(share * BAR_WIDTH + 0.5);
    fputs(colours->bar, out);
    for (int i = 0; i < BAR_WIDTH; i++)
        fputs(i < filled ? "\xe2\x96\x88" : " ", out);
    fputs(colours->end, out);
}

static void print_outcomes(const struct tally *tally, const struct colours *colours, FILE *out) {
    static const char *const words[TALLY_OUTCOMES] = {
        [TALLY_BIDS] = "with bids",
        [TALLY_NO_BID] = "no bid",
        [TALLY_400] = "400",
        [TALLY_503] = "503",
        [TALLY_OTHER] = "other status",
        [TALLY_BROKEN] = "200, but no bid response",
        [TALLY_ACCEPTED] = "accepted, not auctioned",
        [TALLY_DUPLICATE] = "duplicate",
        [TALLY_REFUSED] = "event refused",
        [TALLY_LOST] = "lost (no answer)",
    };
    uint64_t whole = tally_answered(tally) + tally->outcomes[TALLY_LOST];
    for (int i = 0; i < TALLY_OUTCOMES; i++) {
        bool quiet = tally->outcomes[i] == 0 && i != TALLY_LOST;
        const char *colour = i == TALLY_BIDS ? colours->good : i <= TALLY_400 ? "" : colours->bad;
        if (!quiet)
            fprintf(out, "  %-26s %s%10" PRIu64 "%s  %5.1f %%\n", words[i], tally->outcomes[i] ? colour : "",
                    tally->outcomes[i], colours->end, percent(tally->outcomes[i], whole));
    }
    for (int i = 1; i < OUTBOUND_OUTCOMES; i++)
        if (tally->lost_by_reason[i] > 0)
            fprintf(out, "    %-24s %10" PRIu64 "\n", outbound_outcome_name((enum outbound_outcome)i),
                    tally->lost_by_reason[i]);
    fprintf(out, "  %-26s %s%10" PRIu64 "%s\n", "answered after tmax", tally->late ? colours->bad : "",
            tally->late, colours->end);
    if (tally->queued > 0)
        fprintf(out, "  %-26s %10" PRIu64 "  at most %" PRIu64 " at once\n", "waited for a connection",
                tally->queued, tally->queue_max);
}

static void print_latency(const char *name, const struct quantiles *q, FILE *out) {
    fprintf(out, "  %-16s", name);
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        fprintf(out, "%9.2f", (double)quantiles_at(q, shares[i]) / 1000);
    fprintf(out, "%9.2f\n", (double)q->max / 1000);
}

static int compare_seats(const void *a, const void *b) {
    const struct tally_seat *x = a;
    const struct tally_seat *y = b;
    return x->wins > y->wins ? -1 : x->wins < y->wins;
}

static void print_seats(const struct tally *tally, const struct colours *colours, FILE *out) {
    struct tally_seat sorted[TALLY_SEATS];
    if (tally->seat_count == 0)
        return;
    memcpy(sorted, tally->seats, sizeof sorted);
    qsort(sorted, tally->seat_count, sizeof *sorted, compare_seats);
    fprintf(out, "\n%s%-18s %9s %8s  %-*s %s%s\n", colours->bold, "winners", "imps", "share", BAR_WIDTH, "",
            "mean CPM", colours->end);
    for (size_t i = 0; i < tally->seat_count && i < 16; i++) {
        const struct tally_seat *seat = &sorted[i];
        double share = (double)seat->wins / (double)tally->imps_won;
        fprintf(out, "  %-16.16s %9" PRIu64 " %6.1f %%  ", seat->name, seat->wins, 100 * share);
        print_bar(share, colours, out);
        fprintf(out, " %6.2f %s\n", seat->price_sum / (double)seat->wins, seat->cur);
    }
}

static void print_follow(const struct tally *tally, const struct follow_counts *counts,
                         const struct colours *colours, FILE *out) {
    fprintf(out, "\n%sshown and clicked%s\n", colours->bold, colours->end);
    fprintf(out, "  views  %8" PRIu64 "  %.1f %% of the bids\n  clicks %8" PRIu64 "  %.1f %% of the views\n",
            counts->views, percent(counts->views, tally->imps_won), counts->clicks,
            percent(counts->clicks, counts->views));
    if (counts->refused + counts->lost > 0)
        fprintf(out, "  %srefused %" PRIu64 ", lost %" PRIu64 "%s\n", colours->bad, counts->refused,
                counts->lost, colours->end);
}

void tally_print(const struct tally *tally, const struct tally_about *about, FILE *out) {
    struct colours colours = choose_colours(out);
    fprintf(out, "%s%s -> %s%s\n", colours.bold, about->source, about->target, colours.end);
    fprintf(out, "  sent %" PRIu64 " in %.1f s, %.0f a second, over %" PRIu64 " connections\n", tally->sent,
            seconds_played(tally), achieved_rate(tally), about->connections_opened);
    print_outcomes(tally, &colours, out);
    fprintf(out, "\n%s%-18s%9s%9s%9s%9s%9s%s\n", colours.bold, "milliseconds", "p50", "p90", "p99", "p99.9",
            "max", colours.end);
    print_latency("from its time", &tally->latency, out);
    print_latency("from its sending", &tally->service, out);
    print_seats(tally, &colours, out);
    if (about->follow)
        print_follow(tally, about->follow, &colours, out);
}

static void put_quantiles(struct buf *out, const char *key, const struct quantiles *q) {
    put_open(out, key, '{');
    put_double(out, "mean", quantiles_mean(q) / 1000);
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        put_double(out, share_names[i], (double)quantiles_at(q, shares[i]) / 1000);
    put_double(out, "max", (double)q->max / 1000);
    put_close(out, '}');
}

static void put_seats(struct buf *out, const struct tally *tally) {
    put_open(out, "seats", '[');
    for (size_t i = 0; i < tally->seat_count; i++) {
        const struct tally_seat *seat = &tally->seats[i];
        put_open(out, NULL, '{');
        put_text(out, "seat", str_from(seat->name));
        put_text(out, "cur", str_from(seat->cur));
        put_int(out, "wins", (int64_t)seat->wins);
        put_double(out, "mean_price", seat->price_sum / (double)seat->wins);
        put_close(out, '}');
    }
    put_close(out, ']');
}

void tally_print_json(const struct tally *tally, const struct tally_about *about, FILE *out) {
    struct buf text;
    buf_init(&text, REPORT_BYTES);
    put_open(&text, NULL, '{');
    put_text(&text, "source", str_from(about->source));
    put_text(&text, "target", str_from(about->target));
    put_int(&text, "sent", (int64_t)tally->sent);
    put_double(&text, "seconds", seconds_played(tally));
    put_double(&text, "rate", achieved_rate(tally));
    put_open(&text, "outcomes", '{');
    for (int i = 0; i < TALLY_OUTCOMES; i++)
        put_int(&text, tally_outcome_name((enum tally_outcome)i), (int64_t)tally->outcomes[i]);
    put_close(&text, '}');
    put_int(&text, "late", (int64_t)tally->late);
    put_int(&text, "queued", (int64_t)tally->queued);
    put_int(&text, "imps_won", (int64_t)tally->imps_won);
    put_int(&text, "connections_opened", (int64_t)about->connections_opened);
    put_double(&text, "client_cpu_us_per_request", about->cpu_us_per_request);
    put_quantiles(&text, "latency_ms", &tally->latency);
    put_quantiles(&text, "service_ms", &tally->service);
    put_quantiles(&text, "taken_ms", &tally->taken);
    put_quantiles(&text, "shed_ms", &tally->shed);
    put_seats(&text, tally);
    if (about->follow) {
        put_int(&text, "views", (int64_t)about->follow->views);
        put_int(&text, "clicks", (int64_t)about->follow->clicks);
        put_int(&text, "events_refused", (int64_t)about->follow->refused);
        put_int(&text, "events_lost", (int64_t)about->follow->lost);
    }
    put_close(&text, '}');
    fprintf(out, "%.*s\n", STR_ARG(buf_view(&text)));
    buf_cleanup(&text);
}
