/* The admin listener's routes: GET /status (JSON) and GET /metrics (Prometheus). */
#ifndef SLIMBID_ADMIN_ADMIN_H
#define SLIMBID_ADMIN_ADMIN_H

#include "base/buf.h"
#include "config/config.h"
#include "http/http_server.h"
#include "stats/stats.h"

struct admin {
    const struct config *config;
    const struct stats *stats;
    void (*refresh)(void *ctx); /* brings this process's slot up to date */
    void *refresh_ctx;
    struct buf out;
};

void admin_init(struct admin *admin, const struct config *config, const struct stats *stats,
                void (*refresh)(void *ctx), void *refresh_ctx);
void admin_cleanup(struct admin *admin);
struct http_handler admin_handler(struct admin *admin);

#endif
