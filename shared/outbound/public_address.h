/*
 * Whether an address is one of the public internet: not of this machine, a private or shared network, a link,
 * a test or a group (IANA's special-purpose address registries, RFC 6890; IPv4 inside IPv6 is looked at as
 * IPv4).
 */
#ifndef SLIMBID_OUTBOUND_PUBLIC_ADDRESS_H
#define SLIMBID_OUTBOUND_PUBLIC_ADDRESS_H

#include <stdbool.h>

/* Every one of a list as resolver_addresses() gives it, "192.0.2.1,[2001:db8::1]". */
bool public_address_all(const char *addresses);

#endif
