/*
 * A front-end process: one loop, the public and the admin listeners, the exchange.
 *
 * Its life: forked by the supervisor with its listening sockets and its control line, which brings workers
 * and the generation of the ad table (control/control.h) -> serves until SIGTERM, or until the line closes ->
 * drains (no new connections, running auctions answered, at most as long as the longest tmax and a second) ->
 * exits.
 */
#ifndef SLIMBID_FRONT_END_H
#define SLIMBID_FRONT_END_H

#include "config/config.h"
#include "stats/stats.h"

struct event_rings;
struct ledger;
struct seen;
struct token_keys;

/* What the supervisor hands over. */
struct front_end_start {
    const int *public_fds; /* closed when it drains */
    size_t public_count;
    const int *admin_fds; /* of the first front end only */
    size_t admin_count;
    int control_fd;
    struct ledger *ledger;
    struct token_keys *token_keys;         /* NULL: no URLs of ours are given out */
    const struct event_rings *event_rings; /* NULL: no event log */
    struct seen *seen;                     /* NULL: duplicate click events are not looked for */
    uint32_t workers;                      /* how many there may be; 0: no own campaigns */
};

/* Serves; returns the process's exit status. */
int front_end_run(const struct config *config, const struct front_end_start *start, struct stats *stats,
                  uint32_t slot);

#endif
