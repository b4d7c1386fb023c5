/* Sizing; see memory_size.h. */
#include "budget/memory_size.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/macros.h"
#include "base/memory_costs.h"
#include "budget/memory_plan.h"

#define HOT_BYTES_AN_AD 200u /* what matching reads (docs/own-campaigns.md) */
/* A usual request of one or two kilobytes: its read buffer, its auction with two or three chunks of arena, a
 * scoring job's copy. */
#define REQUEST_BYTES (8192u + 1024u + 20480u + 4096u)
/* Request and answer of a call, in buffers that grow by doubling. */
#define CALL_TEXT_BYTES 3072u

static uint64_t at_least_1(uint64_t n) {
    return n ? n : 1;
}

/* The parts of the limit. */
static void fill_parts(const struct memory_load *load, struct memory_size *size) {
    uint32_t others = 1 + (load->ads ? load->workers : 0);
    struct memory_plan plan = {
        .limit = load->limit,
        .margin = memory_plan_margin(load->limit, load->margin_mib),
        .idle = load->front_ends * MEMORY_PLAN_FRONT_END_BYTES + others * MEMORY_PLAN_OTHER_BYTES,
        .table = load->ads * HOT_BYTES_AN_AD,
        .front_ends = load->front_ends,
    };
    size->margin = plan.margin;
    size->idle = plan.idle;
    size->table = memory_plan_table_room(&plan);
    size->shares = memory_plan_share(&plan) * load->front_ends;
    size->buffer = memory_plan_buffer(load->limit, (uint64_t)load->front_ends * load->most_clients);
}

static void fill_costs(const struct memory_load *load, struct memory_size *size) {
    size->connection_bytes = MEMORY_CLIENT_BYTES + memory_socket_bytes(size->buffer, size->buffer);
    size->call_bytes = MEMORY_HANDLE_BYTES + CALL_TEXT_BYTES;
    size->call_bytes += load->tls ? MEMORY_TLS_CONNECTION + MEMORY_TLS_TRANSFER_BYTES
                                  : MEMORY_PLAIN_CONNECTION + MEMORY_PLAIN_TRANSFER_BYTES;
    size->auction_bytes = REQUEST_BYTES + load->partners * size->call_bytes;
}

void memory_size(const struct memory_load *load, struct memory_size *size) {
    *size = (struct memory_size){.shed = 0};
    fill_parts(load, size);
    fill_costs(load, size);
    struct budgets budgets;
    budgets_init(&budgets, size->shares);
    size->connections = budgets.kinds[BUDGET_CONNECTIONS].limit / size->connection_bytes;
    uint64_t clients = load->clients < size->connections ? load->clients : size->connections;
    uint64_t taken = clients * size->connection_bytes;
    uint64_t most = budgets.kinds[BUDGET_AUCTIONS].ceiling; /* beyond it no new auction begins */
    uint64_t left = most > taken ? most - taken : 0;
    uint32_t lasts_ms = load->partners && load->partner_ms < load->tmax_ms ? load->partner_ms : load->tmax_ms;
    if (!load->partners)
        lasts_ms = 5; /* own campaigns alone */
    size->auctions = left / size->auction_bytes;
    size->auctions_wanted = (uint64_t)load->rate * lasts_ms / 1000;
    size->rate = (double)size->auctions * 1000 / (double)at_least_1(lasts_ms);
    if (size->auctions < size->auctions_wanted)
        size->shed = 1 - (double)size->auctions / (double)size->auctions_wanted;
}

/* ---- the command ---- */

static const char usage[] = "usage: slimbid --size --limit MIB [options]\n"
                            "What a container of that much memory holds.\n"
                            "\n"
                            "  --limit MIB          memory of the container\n"
                            "  --margin MIB         memory.margin_mib (0: a sixteenth, at least 2)\n"
                            "  --front-ends N       (1)\n"
                            "  --workers N          (1)\n"
                            "  --ads N              in the table (0: own campaigns are off)\n"
                            "  --clients N          connections kept open (100)\n"
                            "  --max-connections N  http.max_connections (4096)\n"
                            "  --partners N         asked in each auction (4)\n"
                            "  --https              they speak https\n"
                            "  --partner-ms MS      until they have answered (100)\n"
                            "  --tmax MS            of the requests (500)\n"
                            "  --rate N             requests a second (1000)\n";

enum {
    LIMIT = 256,
    MARGIN,
    FRONT_ENDS,
    WORKERS,
    ADS,
    CLIENTS,
    MOST,
    PARTNERS,
    HTTPS,
    PARTNER_MS,
    TMAX,
    RATE
};

static const struct option options[] = {
    {"limit", required_argument, NULL, LIMIT},
    {"margin", required_argument, NULL, MARGIN},
    {"front-ends", required_argument, NULL, FRONT_ENDS},
    {"workers", required_argument, NULL, WORKERS},
    {"ads", required_argument, NULL, ADS},
    {"clients", required_argument, NULL, CLIENTS},
    {"max-connections", required_argument, NULL, MOST},
    {"partners", required_argument, NULL, PARTNERS},
    {"https", no_argument, NULL, HTTPS},
    {"partner-ms", required_argument, NULL, PARTNER_MS},
    {"tmax", required_argument, NULL, TMAX},
    {"rate", required_argument, NULL, RATE},
    {NULL, 0, NULL, 0},
};

/* False when text is no whole number up to a thousand million. */
static bool read_number(const char *text, uint32_t *number) {
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value > 1000000000)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool read_option(int option, uint32_t value, struct memory_load *load) {
    switch (option) {
    case LIMIT:
        load->limit = (uint64_t)value << 20;
        return value > 0;
    case ADS:
        load->ads = value;
        return true;
    case HTTPS:
        load->tls = true;
        return true;
    default:
        break;
    }
    uint32_t *const places[] = {[MARGIN - LIMIT] = &load->margin_mib,
                                [FRONT_ENDS - LIMIT] = &load->front_ends,
                                [WORKERS - LIMIT] = &load->workers,
                                [CLIENTS - LIMIT] = &load->clients,
                                [MOST - LIMIT] = &load->most_clients,
                                [PARTNERS - LIMIT] = &load->partners,
                                [PARTNER_MS - LIMIT] = &load->partner_ms,
                                [TMAX - LIMIT] = &load->tmax_ms,
                                [RATE - LIMIT] = &load->rate};
    size_t place = (size_t)(option - LIMIT);
    if (option < LIMIT || place >= COUNT_OF(places) || !places[place])
        return false;
    *places[place] = value;
    return true;
}

static double mib(uint64_t bytes) {
    return (double)bytes / 1048576;
}

static void print_size(const struct memory_load *load, const struct memory_size *size) {
    printf("of the limit, MiB      %9.1f\n", mib(load->limit));
    printf("  margin               %9.1f\n", mib(size->margin));
    printf("  processes when idle  %9.1f\n", mib(size->idle));
    printf("  table's hot part     %9.1f", mib(size->table));
    puts(size->table < load->ads * HOT_BYTES_AN_AD ? "  does not fit: own campaigns will be slow" : "");
    printf("  for traffic          %9.1f\n", mib(size->shares));
    printf("a connection, KiB      %9.1f  socket buffers %u bytes%s\n", (double)size->connection_bytes / 1024,
           size->buffer, size->buffer ? "" : ": the kernel's choice");
    printf("an auction, KiB        %9.1f  of which each partner takes %.1f\n",
           (double)size->auction_bytes / 1024, (double)size->call_bytes / 1024);
    printf("connections at most    %9llu\n", (unsigned long long)size->connections);
    printf("beside %u of them:\n", load->clients);
    printf("  auctions at once     %9llu  with all %u partners: %.0f a second\n",
           (unsigned long long)size->auctions, load->partners, size->rate);
    printf("at %u requests a second:\n", load->rate);
    printf("  auctions at once     %9llu\n", (unsigned long long)size->auctions_wanted);
    printf("  requests refused     %9.1f  per cent\n", size->shed * 100);
    if (load->clients > size->connections)
        printf("  %llu of %u clients wait in the backlog\n",
               (unsigned long long)(load->clients - size->connections), load->clients);
}

int memory_size_command(int argc, char **argv) {
    struct memory_load load = {.front_ends = 1,
                               .workers = 1,
                               .clients = 100,
                               .most_clients = 4096,
                               .partners = 4,
                               .partner_ms = 100,
                               .tmax_ms = 500,
                               .rate = 1000};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint32_t value = 0;
        if (c == '?' || (optarg && !read_number(optarg, &value)) || !read_option(c, value, &load)) {
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc || !load.limit || !load.front_ends || !load.tmax_ms) {
        fputs(usage, stderr);
        return 2;
    }
    struct memory_size size;
    memory_size(&load, &size);
    print_size(&load, &size);
    return 0;
}
