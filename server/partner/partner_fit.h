/* Which imps of a request a partner is asked about. */
#ifndef SLIMBID_PARTNER_PARTNER_FIT_H
#define SLIMBID_PARTNER_PARTNER_FIT_H

#include "config/config.h"
#include "openrtb/openrtb_request.h"
#include "stats/stats.h"

/* The media that an imp offers: MEDIA_* bits. */
unsigned partner_fit_media(const struct openrtb_imp *imp);

/* Whether channel, country and site of the request are among those the partner takes. */
bool partner_fit_request(const struct config_partner *partner, const struct openrtb_request *request);

/*
 * Whether the partner is asked about the imp: it offers a medium that the partner takes, and names
 * either nobody or this partner in ext.prebid.bidder (any case). *params is then the partner's member
 * there, or NULL. *why is the reason when it is not asked.
 */
bool partner_fit_imp(const struct config_partner *partner, const struct openrtb_imp *imp,
                     const struct json_member **params, enum partner_skip *why);

#endif
