/* Cross-origin answers (Fetch standard, CORS protocol) for bid requests that browsers send. */
#ifndef SLIMBID_WEB_CORS_H
#define SLIMBID_WEB_CORS_H

#include "base/buf.h"
#include "http/http_parser.h"

/*
 * Appends the header lines that an answer to this request carries: none without an Origin header, or
 * when the origin is not among origins ("*" stands for any). Credentials are allowed to origins that
 * are listed by name only.
 */
void cors_write(const struct str_list *origins, const struct http_request *request, struct buf *out);
/* The same for a preflight's answer; methods: those of the resource, "GET, HEAD, OPTIONS". */
void cors_write_preflight(const struct str_list *origins, const struct http_request *request,
                          struct str methods, struct buf *out);

#endif
