/* What a request's connection and headers tell about the client's device (OpenRTB 2.6, 3.2.18). */
#ifndef SLIMBID_WEB_CLIENT_HEADERS_H
#define SLIMBID_WEB_CLIENT_HEADERS_H

#include "config/trusted_proxy.h"
#include "http/http_parser.h"
#include "partner/partner_request.h"

/* Views into the request and peer. Header values that are not plain ASCII are left out: they could not
 * stand in JSON. */
struct client_info client_headers_read(const struct http_request *request, struct str peer,
                                       const struct trusted_proxy_list *proxies);

#endif
