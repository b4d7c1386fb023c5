/* Whose domain a host stands in, by the public suffix list (publicsuffix.org): the one module that knows
 * libpsl. */
#ifndef SLIMBID_NOTICE_NOTICE_DOMAIN_H
#define SLIMBID_NOTICE_NOTICE_DOMAIN_H

#include "base/str.h"

/* The registrable domain that the host is or stands below, a view of host: "acme.co.uk" of "rtb.acme.co.uk".
 * Absent when it is a public suffix itself, has one label, or is no name. */
struct str notice_domain(struct str host);

#endif
