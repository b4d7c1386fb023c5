/*
 * ext.seatnonbid of a bid response: which seats gave no usable bid for which imp, and why (OpenRTB
 * community extension "seat-non-bid").
 */
#ifndef SLIMBID_BID_ANSWER_NONBID_H
#define SLIMBID_BID_ANSWER_NONBID_H

#include "bid/answer.h"

/* Appends the elements of the array: the refused bids and the nonbids of input, one element a seat. A bid
 * for an imp that does not exist is listed with the impid it claims, one that can't be read with the impid
 * "" unless it is that of an imp. */
void answer_nonbid_add(const struct answer_input *input, struct buf *out);

#endif
