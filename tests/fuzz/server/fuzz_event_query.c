/*
 * Bytes as the query of an event's URL.
 *
 * Whatever comes in: no byte outside it is read, what is taken is within its room, and the same text encoded
 * as we encode it is read as the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bid/url_text.h"
#include "event/event_query.h"

#define ROOM 256

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static void check(struct str query, char name) {
    char text[ROOM], again_text[ROOM];
    struct event_query read, again;
    if (!event_query_read(query, name, text, sizeof text, &read))
        return;
    MUST(str_present(read.token) && read.token.p >= query.p && read.token.n <= query.n);
    MUST(!memchr(read.token.p, '&', read.token.n));
    MUST(read.extra.n <= sizeof text);
    struct buf ours;
    buf_init(&ours, 1u << 20);
    BUF_ADD_LIT(&ours, "t=");
    buf_add_str(&ours, read.token);
    buf_printf(&ours, "&%c=", name);
    url_text_add_encoded(&ours, read.extra);
    MUST(!ours.failed);
    MUST(event_query_read(buf_view(&ours), name, again_text, sizeof again_text, &again));
    MUST(str_eq(again.token, read.token) && str_eq(again.extra, read.extra));
    buf_cleanup(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size ? size : 1); /* of exactly its size, so that a byte too far is seen */
    MUST(copy);
    memcpy(copy, data, size);
    check((struct str){copy, size}, 'u');
    check((struct str){copy, size}, 'n');
    free(copy);
    return 0;
}
