/* Write keys of the tracking API: the user name of Basic authentication (RFC 7617), without a password. */
#ifndef SLIMBID_WEB_WRITE_KEY_H
#define SLIMBID_WEB_WRITE_KEY_H

#include <stdbool.h>

#include "base/str.h"
#include "http/http_parser.h"

#define WRITE_KEY_BYTES 128

struct write_key {
    size_t n; /* 0: none was sent */
    char p[WRITE_KEY_BYTES];
};

/* The one in the Authorization header. One that is too long or not base64 is a key that no list has. */
struct write_key write_key_of_header(const struct http_request *request);
/* The one in a JSON string, as browsers send it within the body; value may be absent or no string. */
struct write_key write_key_of_json(struct str value);
/* Whether the list has it; how long that takes tells its length and nothing more. */
bool write_key_known(const struct write_key *key, const struct str_list *known);

#endif
