/*
 * What the texts of a configuration must look like. Each returns NULL when the text is good, else what it
 * must be, to be read after "KEY: ".
 */
#ifndef SLIMBID_CONFIG_CONFIG_FORMATS_H
#define SLIMBID_CONFIG_CONFIG_FORMATS_H

#include "base/str.h"

const char *config_format_listen(struct str s);       /* listener.h */
const char *config_format_proxy(struct str s);        /* trusted_proxy.h */
const char *config_format_origin(struct str s);       /* "*" or scheme://host[:port], as RFC 6454 writes it */
const char *config_format_currency(struct str s);     /* ISO 4217 alpha */
const char *config_format_country(struct str s);      /* ISO 3166-1 alpha-3 */
const char *config_format_partner_name(struct str s); /* it becomes a metric's label */
const char *config_format_seat(struct str s);
const char *config_format_url(struct str s); /* http or https, with a host */
const char *config_format_public_url(
    struct str s); /* a url of plain characters, no query, no "/" at the end */
const char *config_format_notice_host(struct str s); /* a host name or IPv4 address */
const char *config_format_domain(struct str s);      /* a site's domain or an app's bundle */
const char *config_format_header(struct str s);      /* "Name: value", RFC 9110 section 5 */
const char *config_format_path(struct str s);
const char *config_format_write_key(struct str s); /* a user name of Basic authentication (RFC 7617) */
const char *config_format_category(struct str s);  /* as an interest has room for: ledger/users.h */

#endif
