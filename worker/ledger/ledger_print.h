/* A ledger's contents as JSON and as text: amounts in the table's currency, exact; days as dates. */
#ifndef SLIMBID_LEDGER_LEDGER_PRINT_H
#define SLIMBID_LEDGER_LEDGER_PRINT_H

#include "base/buf.h"
#include "ledger/ledger.h"

#define LEDGER_LINE_MAX ((size_t)1 << 20)

/* 1500000000 as 1.5: all digits, and none too many. */
void ledger_print_nanos(struct buf *out, int64_t nanos);
/* 2026-11-25; a day since 1970. */
void ledger_print_day(struct buf *out, int64_t day);
/* 2026-11-25T12:00:00Z. */
void ledger_print_time(struct buf *out, int64_t unix_seconds);
/* In quotes; bytes that are no UTF-8 as "?": an id may be cut anywhere. */
void ledger_print_id(struct buf *out, struct str id);
/* One object. False: nobody has that number. */
bool ledger_print_campaign(struct buf *out, const struct ledger *ledger, uint32_t campaign, int64_t now);
void ledger_print_hold(struct buf *out, const struct ledger *ledger, const struct ledger_hold *hold);
/* The whole but for campaigns and holds: sizes, counters, copies. One object. */
void ledger_print_whole(struct buf *out, const struct ledger *ledger, bool served);

#endif
