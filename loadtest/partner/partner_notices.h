/* The notices that the stub partner was called with: how many, and the last ones, for who tests an exchange.
 */
#ifndef SLIMBID_LOADTEST_PARTNER_NOTICES_H
#define SLIMBID_LOADTEST_PARTNER_NOTICES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define NOTICES_KEPT 1024
#define NOTICE_BYTES 256        /* a longer target is cut */
#define NOTICES_PATH "/notices" /* they are told as JSON there */
#define NOTICE_PATH  "/notice"

struct partner_notices {
    uint64_t count;
    struct partner_notice {
        size_t n;
        char target[NOTICE_BYTES];
    } last[NOTICES_KEPT]; /* notice number i in last[i % NOTICES_KEPT] */
};

void partner_notices_add(struct partner_notices *notices, struct str target);
/* Appends {"count":N,"last":["/notice?...", ...]}, the oldest first. */
void partner_notices_write(const struct partner_notices *notices, struct buf *out);

#endif
