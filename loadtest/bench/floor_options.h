/* What curl-floor and outbound-floor share: the options, the groups in flight and the report, so that the two
 * programs differ in nothing but the way a transfer is made. */
#ifndef SLIMBID_LOADTEST_FLOOR_OPTIONS_H
#define SLIMBID_LOADTEST_FLOOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct floor_options {
    const char *url;
    unsigned in_flight; /* groups at once */
    unsigned burst;     /* transfers in a group: started together, the next group when all are done */
    uint64_t count;     /* transfers measured */
    size_t body_bytes;
    bool fresh_handles; /* curl-floor: a new easy handle for each transfer */
    const char *ca_file;
};

/* Reads the command line; on a mistake says so and ends the program with 2. `fresh` tells whether
 * --fresh-handles is an option here. */
void floor_options_read(struct floor_options *options, int argc, char **argv, bool fresh);
/* A JSON object of exactly n bytes (n >= 2; else "{}"), allocated; NULL when there is no memory. */
char *floor_body_create(size_t n);

/* The measured stretch: begins after a warm-up that opens the connections. */
struct floor_meter {
    uint64_t warm_up; /* transfers before measuring */
    uint64_t finished;
    uint64_t failed;
    uint64_t cpu_us; /* user + system, at the start of the measured stretch */
    struct timespec started;
};

void floor_meter_init(struct floor_meter *meter, const struct floor_options *options);
/* Counts one finished transfer; true when it was the last. */
bool floor_meter_count(struct floor_meter *meter, const struct floor_options *options, bool ok);
void floor_meter_report(const struct floor_meter *meter, const struct floor_options *options,
                        const char *program, uint64_t connections);

#endif
