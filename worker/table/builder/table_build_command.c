/* slimbid-table build. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/table_build.h"
#include "builder/table_commands.h"
#include "builder/weights.h"

#define MOST_BAD 1000u

static const char usage[] =
    "usage: slimbid-table build ADS -o TABLE [options]\n"
    "\n"
    "Builds TABLE from ADS, one ad a line (docs/ads.md). ADS may end in .xz, or be - for standard input.\n"
    "A bad line is told and left out. TABLE appears when it is complete and verified, or not at all.\n"
    "\n"
    "  -o, --output TABLE\n"
    "      --currency CUR      of the table's prices; USD\n"
    "      --rates FILE        currency rates in Prebid's format, for prices in other currencies\n"
    "      --weights FILE      the model: lines `feature<TAB>weight`; without one every weight is 0\n"
    "      --weight-bits N     2^N weights of requests; 18\n"
    "      --cross-bits N      2^N weights of each kind of cross; 16\n"
    "      --strict            end at the first bad line\n"
    "      --max-bad N         end when more lines are bad; 1000\n"
    "      --stamp             note the time of the build; else SOURCE_DATE_EPOCH, or 0\n"
    "  -q, --quiet             no progress and no summary\n"
    "  -h, --help\n";

enum { CURRENCY = 256, RATES, WEIGHTS, WEIGHT_BITS, CROSS_BITS, STRICT, MAX_BAD, STAMP };

static int refuse(const char *message, const char *what) {
    fprintf(stderr, "slimbid-table build: %s%s%s (--help lists the options)\n", message, what ? ": " : "",
            what ? what : "");
    return TABLE_USAGE;
}

static bool take_number(const char *text, uint64_t low, uint64_t top, uint64_t *out) {
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || v < low || v > top)
        return false;
    *out = v;
    return true;
}

static bool take_bits(const char *text, uint32_t *bits) {
    uint64_t v = 0;
    if (!take_number(text, 1, TABLE_MOST_BITS, &v))
        return false;
    *bits = (uint32_t)v;
    return true;
}

static bool is_currency(const char *text) {
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

/* 0 or TABLE_USAGE. */
static int take_option(struct table_build_options *options, int option, const char *text) {
    switch (option) {
    case 'o':
        options->output = text;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case CURRENCY:
        options->currency = text;
        return is_currency(text) ? 0 : refuse("--currency must be three capital letters", text);
    case RATES:
        options->rates = text;
        return 0;
    case WEIGHTS:
        options->weights = text;
        return 0;
    case WEIGHT_BITS:
        return take_bits(text, &options->weight_bits) ? 0
                                                      : refuse("--weight-bits must be from 1 to 28", text);
    case CROSS_BITS:
        return take_bits(text, &options->cross_bits) ? 0 : refuse("--cross-bits must be from 1 to 28", text);
    case STRICT:
        options->strict = true;
        return 0;
    case MAX_BAD:
        return take_number(text, 0, UINT64_MAX, &options->most_bad)
                   ? 0
                   : refuse("--max-bad must be a number", text);
    case STAMP:
        options->created_unix = (uint64_t)time(NULL);
        return 0;
    default:
        fputs(usage, stderr);
        return TABLE_USAGE;
    }
}

/* -1: go on; else the exit status. */
static int read_options(struct table_build_options *options, int argc, char **argv) {
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"currency", required_argument, NULL, CURRENCY},
        {"rates", required_argument, NULL, RATES},
        {"weights", required_argument, NULL, WEIGHTS},
        {"weight-bits", required_argument, NULL, WEIGHT_BITS},
        {"cross-bits", required_argument, NULL, CROSS_BITS},
        {"strict", no_argument, NULL, STRICT},
        {"max-bad", required_argument, NULL, MAX_BAD},
        {"stamp", no_argument, NULL, STAMP},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    if (epoch && !take_number(epoch, 0, UINT64_MAX, &options->created_unix))
        return refuse("SOURCE_DATE_EPOCH must be a number", epoch);
    for (;;) {
        int option = getopt_long(argc, argv, "o:qh", longs, NULL);
        if (option == -1)
            break;
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (take_option(options, option, optarg) != 0)
            return TABLE_USAGE;
    }
    if (optind + 1 != argc)
        return refuse(optind == argc ? "which ADS?" : "one ADS only", NULL);
    options->input = argv[optind];
    return options->output ? -1 : refuse("which TABLE? (-o)", NULL);
}

int table_build_run(int argc, char **argv) {
    struct table_build_options options = {.currency = "USD",
                                          .weight_bits = WEIGHTS_BITS,
                                          .cross_bits = WEIGHTS_CROSS_BITS,
                                          .most_bad = MOST_BAD};
    struct table_build_result result;
    char error[TABLE_BUILD_ERROR_BYTES];
    int status = read_options(&options, argc, argv);
    if (status >= 0)
        return status;
    if (table_build(&options, &result, error, sizeof error) != 0) {
        fprintf(stderr, "slimbid-table: %s\n", error);
        return TABLE_FAILED;
    }
    if (!options.quiet)
        fprintf(stderr, "slimbid-table: %s: %llu ads, %llu bad lines, %llu bytes\n", options.output,
                (unsigned long long)result.ads, (unsigned long long)result.bad_lines,
                (unsigned long long)result.bytes);
    return 0;
}
