/* Options and report of curl-floor and outbound-floor; see floor_options.h. */
#include "bench/floor_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void usage(const char *program, bool fresh) {
    fprintf(stderr,
            "usage: %s --url URL [--in-flight N] [--burst] [--count M] [--body-bytes B] [--ca-file FILE]%s\n"
            "POSTs a JSON body over and over and prints the CPU a transfer costs this process.\n"
            "  --in-flight N   transfers at once, with --burst groups at once (default 16)\n"
            "  --burst         groups of 4: started together, the next when all 4 are done\n"
            "  --count M       transfers measured, after a warm-up (default 100000)\n"
            "  --body-bytes B  size of the body (default 800)\n",
            program, fresh ? " [--fresh-handles]" : "");
}

static uint64_t number(const char *text, uint64_t min, uint64_t max, const char *option) {
    char *end = NULL;
    unsigned long long v = strtoull(text, &end, 10);
    if (end == text || *end || v < min || v > max) {
        fprintf(stderr, "--%s: %s is not a number from %llu to %llu\n", option, text, (unsigned long long)min,
                (unsigned long long)max);
        exit(2);
    }
    return v;
}

void floor_options_read(struct floor_options *options, int argc, char **argv, bool fresh) {
    static const struct option known[] = {
        {"url", required_argument, NULL, 'u'},
        {"in-flight", required_argument, NULL, 'n'},
        {"count", required_argument, NULL, 'c'},
        {"body-bytes", required_argument, NULL, 'b'},
        {"burst", no_argument, NULL, 'g'},
        {"ca-file", required_argument, NULL, 'a'},
        {"fresh-handles", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct floor_options){.in_flight = 16, .burst = 1, .count = 100000, .body_bytes = 800};
    int c;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'u':
            options->url = optarg;
            break;
        case 'n':
            options->in_flight = (unsigned)number(optarg, 1, 10000, "in-flight");
            break;
        case 'c':
            options->count = number(optarg, 1, 1000000000, "count");
            break;
        case 'b':
            options->body_bytes = number(optarg, 2, 1 << 20, "body-bytes");
            break;
        case 'g':
            options->burst = 4;
            break;
        case 'a':
            options->ca_file = optarg;
            break;
        case 'f':
            options->fresh_handles = fresh;
            if (fresh)
                break;
            /* fall through */
        default:
            usage(argv[0], fresh);
            exit(c == 'h' ? 0 : 2);
        }
    }
    if (!options->url || optind != argc) {
        usage(argv[0], fresh);
        exit(2);
    }
}

char *floor_body_create(size_t n) {
    if (n < 8)
        n = 2;
    char *body = malloc(n + 1);
    if (!body)
        return NULL;
    memset(body, 'x', n);
    memcpy(body, n == 2 ? "{}" : "{\"id\":\"", n == 2 ? 2 : 7);
    if (n > 8)
        memcpy(body + n - 2, "\"}", 2);
    body[n] = 0;
    return body;
}

static uint64_t cpu_us(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void meter_start(struct floor_meter *meter) {
    meter->cpu_us = cpu_us();
    clock_gettime(CLOCK_MONOTONIC, &meter->started);
}

void floor_meter_init(struct floor_meter *meter, const struct floor_options *options) {
    *meter = (struct floor_meter){.warm_up = 8ull * options->in_flight * options->burst};
    meter_start(meter);
}

bool floor_meter_count(struct floor_meter *meter, const struct floor_options *options, bool ok) {
    meter->finished++;
    meter->failed += !ok;
    if (meter->finished == meter->warm_up)
        meter_start(meter);
    return meter->finished >= meter->warm_up + options->count;
}

void floor_meter_report(const struct floor_meter *meter, const struct floor_options *options,
                        const char *program, uint64_t connections) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double cpu = (double)(cpu_us() - meter->cpu_us);
    double seconds =
        (double)(now.tv_sec - meter->started.tv_sec) + (double)(now.tv_nsec - meter->started.tv_nsec) / 1e9;
    double n = (double)(meter->finished - meter->warm_up);
    printf("%s: in_flight=%u burst=%u transfers=%.0f failed=%llu connections=%llu cpu_us_per_transfer=%.2f "
           "transfers_per_s=%.0f cpu_share=%.2f\n",
           program, options->in_flight, options->burst, n, (unsigned long long)meter->failed,
           (unsigned long long)connections, cpu / n, n / seconds, cpu / 1e6 / seconds);
}
