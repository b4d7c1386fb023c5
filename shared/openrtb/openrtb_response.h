/*
 * An OpenRTB 2.6 bid response (section 4.2) as a partner sends it. Nothing in it is trusted: a bid
 * with a wrong type is kept as an invalid bid with its reason, the others live on.
 */
#ifndef SLIMBID_OPENRTB_RESPONSE_H
#define SLIMBID_OPENRTB_RESPONSE_H

#include "openrtb/openrtb_request.h"

enum openrtb_mtype {
    OPENRTB_MTYPE_NONE,
    OPENRTB_MTYPE_BANNER,
    OPENRTB_MTYPE_VIDEO,
    OPENRTB_MTYPE_AUDIO,
    OPENRTB_MTYPE_NATIVE
};

struct openrtb_bid { /* 4.2.3 */
    struct str seat; /* of its seatbid; absent when the partner named none */
    struct str id, impid, adid, cid, crid, dealid, adm, nurl, burl, lurl, language;
    double price;                                          /* NaN when absent */
    int32_t w, h, wratio, hratio, mtype, cattax, exp, dur; /* ABSENT when absent */
    struct str_list adomain, cat;
    struct int_list attr;
    struct json_members members; /* to pass on what is not known */
    const char *invalid;         /* NULL, or why this bid can't be read (a static text) */
};

struct openrtb_response { /* 4.2.1 */
    struct str id;
    struct str cur;           /* absent: USD */
    int32_t nbr;              /* ABSENT when absent */
    struct openrtb_bid *bids; /* of all seats, in the order of the text */
    size_t bid_count;
};

struct openrtb_response_limits {
    uint32_t depth, bids, array_items, object_members;
};

void openrtb_response_limits_default(struct openrtb_response_limits *limits);

/* 0, or -1 with *error filled. The same rules of life as openrtb_request_parse(). A response whose
 * seatbid is absent or empty is a valid no-bid. */
int openrtb_response_parse(struct str text, const struct openrtb_response_limits *limits, struct arena *arena,
                           struct openrtb_response *response, struct openrtb_error *error) CHECK_RESULT;

#endif
