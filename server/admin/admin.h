/* The admin listener's routes: GET /status and /readyz (JSON), GET /metrics (Prometheus), POST /reload. */
#ifndef SLIMBID_ADMIN_ADMIN_H
#define SLIMBID_ADMIN_ADMIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "http/http_server.h"
#include "stats/stats.h"

/* What the admin listener asks of its process. */
struct admin_calls {
    void (*refresh)(void *ctx); /* brings this process's slot up to date */
    void (*reload)(void *ctx);  /* has the ad table read again, some time after */
    void *ctx;
};

struct ledger;

struct admin {
    const struct config *config;
    const struct stats *stats;
    struct admin_calls calls;
    struct ledger *ledger; /* NULL: none; set by whoever has one */
    bool draining;         /* set by its owner: no traffic is wanted any more */
    struct buf out;
};

void admin_init(struct admin *admin, const struct config *config, const struct stats *stats,
                const struct admin_calls *calls);
void admin_cleanup(struct admin *admin);
struct http_handler admin_handler(struct admin *admin);

#endif
