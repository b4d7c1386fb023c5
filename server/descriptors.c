/* The limit on open files, shared out; see descriptors.h. */
#include "descriptors.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

#define ADMIN_CLIENTS     64
#define OTHER_DESCRIPTORS 32 /* the loop's own, listeners, name servers, the log */

/* Of each worker: queue, two eventfds and pidfd, twice while its successor comes. */
static uint64_t for_workers(const struct config *config) {
    if (!str_present(config->campaigns.table))
        return 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t workers =
        config->campaigns.workers ? config->campaigns.workers : (uint64_t)(cores > 0 ? cores : 1);
    return 8 * workers;
}

static uint64_t needed(const struct config *config) {
    uint64_t sum = (uint64_t)config->http.max_connections +
                   (uint64_t)config->front_ends * config->listen.count + ADMIN_CLIENTS + OTHER_DESCRIPTORS +
                   for_workers(config);
    for (uint32_t i = 0; i < config->partner_count; i++)
        sum += config->partners[i].enabled ? config->partners[i].max_connections : 0;
    return sum;
}

void descriptors_raise(const struct config *config) {
    struct rlimit limit;
    uint64_t wanted = needed(config);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_warn("descriptors", "too few: limit=%llu needed=%llu clients=%u",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted,
                 descriptors_for_clients(config));
}

uint32_t descriptors_for_clients(const struct config *config) {
    struct rlimit limit;
    uint32_t clients = config->http.max_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed(config))
        return clients;
    uint64_t half = limit.rlim_cur > OTHER_DESCRIPTORS ? (limit.rlim_cur - OTHER_DESCRIPTORS) / 2 : 1;
    return half < clients ? (uint32_t)half : clients;
}
