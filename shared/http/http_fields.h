/* What single header fields mean for a request's framing and routing. Private to shared/http. */
#ifndef SLIMBID_HTTP_FIELDS_H
#define SLIMBID_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/macros.h"
#include "http/http_parser.h"

/* Ends the request with that status; reason is a literal. Always false, to be returned. */
bool http_refuse(struct http_parser *parser, int status, const char *reason);

/* Notes one header of the head; false when it was refused. */
bool http_field_note(struct http_parser *parser, const struct http_header *header) CHECK_RESULT;
/* False, and refused, when a trailer may not be of this name (RFC 9110 6.5.1). */
bool http_field_check_trailer(struct http_parser *parser, struct str name) CHECK_RESULT;
/* What only the whole head can tell: Host, body framing, Expect. False when refused. */
bool http_head_check(struct http_parser *parser) CHECK_RESULT;
/* Whether the noted Transfer-Encoding is chunked. */
bool http_head_chunked(const struct http_parser *parser);

#endif
