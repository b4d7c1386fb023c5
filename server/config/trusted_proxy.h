/*
 * Whose X-Forwarded-For is believed, and which client it names.
 *
 * A proxy appends the address it saw to the header, so the header is read from its right end: each
 * entry is as trustworthy as the proxy that wrote it, and the first that is not a trusted proxy itself
 * is the client. What stands left of it may be anybody's invention and is never looked at.
 */
#ifndef SLIMBID_CONFIG_TRUSTED_PROXY_H
#define SLIMBID_CONFIG_TRUSTED_PROXY_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"
#include "http/http_parser.h"

#define TRUSTED_PROXY_MAX_HOPS 64 /* entries looked at per request */

struct trusted_proxy_list;

/* "10.0.0.0/8", "2001:db8::/32", an address alone, or "unix" (peers on unix sockets). Bits set behind
 * the prefix are refused: "10.0.0.1/8" is more likely a mistake than meant. */
bool trusted_proxy_valid(struct str text);

/* NULL when out of memory; texts that are not valid are left out. The texts need not outlive it. */
struct trusted_proxy_list *trusted_proxy_create(const struct str_list *texts) CHECK_RESULT;
void trusted_proxy_destroy(struct trusted_proxy_list *list);

/* Whether this address (text as of http_exchange_peer(): an address or "unix") is a trusted proxy. */
bool trusted_proxy_trusts(const struct trusted_proxy_list *list, struct str peer);

/*
 * The client's address: the peer itself unless it is trusted, else as the story above tells. An entry
 * that is no address ends the walk at the last proxy reached; when all are trusted, the leftmost is
 * the client. An entry may carry a port or brackets; the answer carries neither, and an IPv4-mapped
 * IPv6 address written with dots is given as the IPv4 address. A view into peer or the header;
 * "unix" is possible when a unix-socket proxy sent no header. No allocation. list may be NULL.
 */
struct str trusted_proxy_client(const struct trusted_proxy_list *list, struct str peer,
                                struct str x_forwarded_for);

/* The same over all X-Forwarded-For lines of a request: a proxy may add a line of its own below the
 * client's forged one, so the lines are read from the last to the first. */
struct str trusted_proxy_client_of(const struct trusted_proxy_list *list, struct str peer,
                                   const struct http_request *request);

#endif
