/* Listening sockets from their written addresses. */
#ifndef SLIMBID_HTTP_LISTENER_H
#define SLIMBID_HTTP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * address: "127.0.0.1:8080", "[::1]:8080", "*:8080" (all addresses) or "unix:/path" (a stale socket file is
 * removed first, a live one is an error). Numeric only: nothing is looked up. Returns a listening,
 * non-blocking, close-on-exec descriptor, or -1 with the reason in error.
 */
int listener_open(struct str address, int backlog, bool reuse_port, char *error,
                  size_t error_size) CHECK_RESULT;
/* The address it listens on as text ("127.0.0.1:40213" after port 0); returns out. */
const char *listener_name(int fd, char *out, size_t out_size);
/* True when the address is well-formed. */
bool listener_address_valid(struct str address);

#endif
