/*
 * Addresses of host names, looked up ahead of time in the loop (libevent's evdns: /etc/hosts, then the name
 * servers of /etc/resolv.conf), refreshed by interval. A refresh that fails keeps the last good addresses and
 * is tried again sooner. Nothing blocks and no thread is started.
 */
#ifndef SLIMBID_OUTBOUND_RESOLVER_H
#define SLIMBID_OUTBOUND_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/macros.h"

#define RESOLVER_ADDRESSES_MAX 8 /* of a name; more are left out */

struct resolver;      /* one per event loop */
struct resolver_name; /* one host name that is watched */

/* NULL when out of memory. */
struct resolver *resolver_create(struct loop *loop) CHECK_RESULT;
/* All names are unwatched before. Lookups under way end in the loop's next turns. NULL is legal. */
void resolver_destroy(struct resolver *resolver);

/* Begins to look host up (copied), now and every interval_us. NULL when out of memory. */
struct resolver_name *resolver_watch(struct resolver *resolver, const char *host,
                                     uint64_t interval_us) CHECK_RESULT;
void resolver_unwatch(struct resolver_name *name);

/* The last good addresses, "192.0.2.1,[2001:db8::1]"; NULL as long as there are none. *version changes
 * whenever they do. */
const char *resolver_addresses(const struct resolver_name *name, uint32_t *version);

/* True when host is an address and needs no lookup; IPv6 in brackets or bare. */
bool resolver_is_numeric(const char *host);

#endif
