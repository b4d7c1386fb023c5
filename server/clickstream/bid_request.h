/*
 * The bid request that a view becomes: OpenRTB 2.6 text, which auction_start() reads as any other.
 *
 * The placement gives imp and what the publisher knows; the event gives page or screen, device and user. What
 * the event does not say is left out; nothing is guessed.
 */
#ifndef SLIMBID_CLICKSTREAM_BID_REQUEST_H
#define SLIMBID_CLICKSTREAM_BID_REQUEST_H

#include "base/buf.h"
#include "clickstream/click_event.h"
#include "config/config.h"

struct bid_request_input {
    const struct config_placement *placement;
    const struct click_event *event;
    const struct click_page *page;
    struct str id;        /* of the request */
    struct str client_ip; /* the user's, as the connection tells it; absent: not known */
};

/* Appends it; check out->failed. */
void bid_request_write(const struct bid_request_input *input, struct buf *out);

#endif
