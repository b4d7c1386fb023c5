/*
 * Which URLs a partner may have called: http or https,
 *   - to the host of its own url, or to what stands below the same registrable domain (notice_domain.h: of
 *     bid.acme.example all of acme.example, of acme.co.uk nobody else's co.uk, of an address nothing);
 *   - to partners[].notice_hosts and what stands below them;
 * at the scheme's port or that of its own url.
 * A name that is not in the configuration itself must lead to the public internet, whoever rules its domain.
 */
#ifndef SLIMBID_NOTICE_NOTICE_URL_H
#define SLIMBID_NOTICE_NOTICE_URL_H

#include <stdbool.h>

#include "base/macros.h"
#include "config/config.h"

#define NOTICE_URL_BYTES 4096 /* longer ones are refused */

/* Views of the url's text. */
struct notice_url {
    bool tls;
    struct str host; /* a name, an address, or an address in brackets */
    uint16_t port;
    struct str path; /* path and query; may lack its first slash */
};

/* False: not http or https, a user name, a host or port that is none, or a byte that is not visible ASCII. */
bool notice_url_read(struct str text, struct notice_url *url) CHECK_RESULT;
bool notice_url_allowed(const struct config_partner *partner, const struct notice_url *url) CHECK_RESULT;
/* Whether the host stands in the configuration itself; where others lead is their owners' choice. */
bool notice_url_configured(const struct config_partner *partner, const struct notice_url *url) CHECK_RESULT;

#endif
