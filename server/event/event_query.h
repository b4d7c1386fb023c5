/*
 * The query of an event's URL: t, the token, and one more text, u or n, percent-encoded. Other parameters are
 * somebody else's and passed over; one of ours that stands there twice is refused, since two readers could
 * take different ones.
 */
#ifndef SLIMBID_EVENT_EVENT_QUERY_H
#define SLIMBID_EVENT_EVENT_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct event_query {
    struct str token; /* a view of the query */
    struct str extra; /* a view of text; empty when absent */
};

/* extra_name: "u" or "n". False: no token, one twice, a percent sign without two digits, or an extra longer
 * than room. */
bool event_query_read(struct str query, char extra_name, char *text, size_t room,
                      struct event_query *read) CHECK_RESULT;

#endif
