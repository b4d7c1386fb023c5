/*
 * The stub partner: one HTTP server with many faces.
 *
 * A visit's life: a bid request comes in -> its face is looked up by path and query -> the delay passes ->
 * the answer goes out, at once, in drips, without end or not at all. A client that leaves ends its visit.
 * Visits and their memory are reused: nothing is allocated for a request in the steady state.
 */
#ifndef SLIMBID_LOADTEST_PARTNER_SERVER_H
#define SLIMBID_LOADTEST_PARTNER_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/macros.h"

struct partner_server;

struct partner_server_options {
    uint64_t seed;
    uint64_t max_connections;
    const char *const *faces; /* "NAME=QUERY" each, kept by the caller */
    size_t face_count;
};

/* NULL with the reason in error: a face that can't be read, or no memory. */
struct partner_server *partner_server_create(struct loop *loop, const struct partner_server_options *options,
                                             char *error, size_t error_size) CHECK_RESULT;
void partner_server_destroy(struct partner_server *server);
/* Accepts from a listening socket, which stays the caller's. 0 or -1. */
int partner_server_listen(struct partner_server *server, int listen_fd) CHECK_RESULT;

#endif
