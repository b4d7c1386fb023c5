/*
 * What a container of some size holds, from the constants that the server charges: connections, auctions at
 * once, and what of a load would be shed. An estimate: a usual request and answer, and processes as large as
 * they are when idle.
 */
#ifndef SLIMBID_BUDGET_MEMORY_SIZE_H
#define SLIMBID_BUDGET_MEMORY_SIZE_H

#include <stdbool.h>
#include <stdint.h>

struct memory_load {
    uint64_t limit;      /* bytes */
    uint32_t margin_mib; /* as memory.margin_mib */
    uint32_t front_ends, workers;
    uint64_t ads;          /* in the table; 0: there is none, and no worker */
    uint32_t clients;      /* connections kept open */
    uint32_t most_clients; /* http.max_connections, of each front end */
    uint32_t partners;
    bool tls;            /* they speak https */
    uint32_t partner_ms; /* until they have answered */
    uint32_t tmax_ms;
    uint32_t rate; /* requests a second */
};

struct memory_size {
    uint64_t margin, idle, table, shares; /* parts of the limit, bytes; shares: of all front ends */
    uint32_t buffer;                      /* of clients' sockets; 0: the kernel's choice */
    uint64_t connection_bytes, auction_bytes, call_bytes;
    uint64_t connections;     /* that fit, if there were nothing else */
    uint64_t auctions;        /* at once beside the clients, with all partners asked */
    uint64_t auctions_wanted; /* by the rate */
    double rate;              /* with all partners asked */
    double shed;              /* share of requests that are refused at the wanted rate */
};

void memory_size(const struct memory_load *load, struct memory_size *size);

/* `slimbid --size`: reads the load from its arguments and prints what comes of it; the exit status. */
int memory_size_command(int argc, char **argv);

#endif
