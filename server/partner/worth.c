/* Moving averages of what calls earn and cost; see worth.h. */
#include "partner/worth.h"

#include <float.h>

#define MEMORY_CALLS  256
#define UNKNOWN_CALLS 32      /* before that nothing is said about a partner */
#define OWN_BYTES     16384.0 /* that a call holds besides its bytes: handle, buffers, the kernel's */

/* The weight of the newest call: all calls count alike until there are MEMORY_CALLS. */
static double weight(const struct worth *worth) {
    return 1.0 / (double)(worth->calls < MEMORY_CALLS ? worth->calls : MEMORY_CALLS);
}

void worth_call(struct worth *worth, uint64_t bytes, uint64_t took_us) {
    worth->calls++;
    double w = weight(worth);
    worth->earned -= worth->earned * w;
    worth->bytes += ((double)bytes - worth->bytes) * w;
    worth->us += ((double)took_us - worth->us) * w;
}

void worth_win(struct worth *worth, double usd_cpm) {
    if (worth->calls)
        worth->earned += usd_cpm * weight(worth);
}

double worth_value(const struct worth *worth) {
    if (worth->calls < UNKNOWN_CALLS)
        return DBL_MAX;
    return worth->earned / ((worth->bytes + OWN_BYTES) * (worth->us / 1000 + 1));
}
