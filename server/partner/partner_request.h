/*
 * The bid request that a partner gets.
 *
 * It is the publisher's request byte for byte, but for: tmax (what is left, less the partner's margin),
 * imp (those the partner is asked about, without media it does not take, with ext.bidder holding the
 * partner's own params in place of ext.prebid), device (ip, ua, dnt, language filled in where missing)
 * and ext.prebid (ours, not passed on). What all partners share is serialised once.
 */
#ifndef SLIMBID_PARTNER_PARTNER_REQUEST_H
#define SLIMBID_PARTNER_PARTNER_REQUEST_H

#include "base/buf.h"
#include "config/config.h"
#include "openrtb/openrtb_request.h"

/* What the connection and the headers tell about the client, where the request does not. */
struct client_info {
    struct str ip; /* v4 or v6, as text; absent when not known */
    struct str ua;
    struct str language; /* two-letter code */
    struct str dnt;      /* "0" or "1" */
};

/* The fields of device that the request lacks (or has empty) and client has are put into *request, and as
 * members to add, e.g. "\"ip\":\"192.0.2.1\"", into out (empty when nothing is missing). */
void partner_request_fill_device(struct openrtb_request *request, const struct client_info *client,
                                 struct buf *out);

/* Writes the shared part: an open object with everything but imp and tmax. added_device is what
 * partner_request_fill_device() made. */
void partner_request_write_shared(const struct openrtb_request *request, struct str added_device,
                                  struct buf *out);

/* One imp of a partner's request. */
struct partner_imp {
    const struct openrtb_imp *imp;
    const struct json_member *params; /* may be NULL */
};

/* Appends shared, tmax_ms and the imps as one closed object. Check out->failed. */
void partner_request_write(struct str shared, int64_t tmax_ms, const struct config_partner *partner,
                           const struct partner_imp *imps, size_t imp_count, struct buf *out);

#endif
