/* The bid response (OpenRTB 2.6 section 4.2) that a publisher gets. */
#ifndef SLIMBID_ANSWER_H
#define SLIMBID_ANSWER_H

#include "base/buf.h"
#include "bid_check.h"

/* A partner that was asked and gave no bid for an imp (or failed), for ext.seatnonbid. */
struct answer_nonbid {
    struct str seat;
    const struct openrtb_imp *imp;
    int code;
};

struct answer_input {
    const struct bid_rules *rules;
    const struct bid *bids; /* as clearing_run() left them */
    size_t bid_count;
    struct str bid_id; /* our tracking id of this response */
    bool all_bids;     /* every valid bid in price order, not only winners */
    bool seat_non_bid; /* list refused bids and nonbids under ext.seatnonbid (test = 1) */
    const struct answer_nonbid *nonbids;
    size_t nonbid_count;
    double price_increment;
};

/* Writes the response; check out->failed afterwards. The winners' unknown fields are passed on as they came.
 */
void answer_write(const struct answer_input *input, struct buf *out);
/* Writes a response without bids: {"id":...,"nbr":N}. seatnonbid as above. */
void answer_write_no_bid(const struct answer_input *input, int nbr, struct buf *out);
/* Writes the answer to an invalid request: {"id":"","nbr":2,"ext":{"error":{"path":...,"reason":...}}}; error
 * may be NULL. */
void answer_write_invalid(const struct openrtb_error *error, struct buf *out);

#endif
