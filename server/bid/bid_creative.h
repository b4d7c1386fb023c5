/* The checks of what a bid would show: its medium, size, markup and what the publisher blocks. */
#ifndef SLIMBID_BID_BID_CREATIVE_H
#define SLIMBID_BID_BID_CREATIVE_H

#include "bid/bid_check.h"

/* Each looks at a bid whose imp is known and gives BID_VALID or the reason. */
enum bid_refusal bid_creative_markup(const struct bid_rules *rules, struct bid *bid);
/* Sets bid->mtype. */
enum bid_refusal bid_creative_medium(const struct bid_rules *rules, struct bid *bid);
/* Sets bid->w and h. */
enum bid_refusal bid_creative_size(const struct bid_rules *rules, struct bid *bid);
enum bid_refusal bid_creative_secure(const struct bid_rules *rules, struct bid *bid);
enum bid_refusal bid_creative_advertiser(const struct bid_rules *rules, struct bid *bid);
enum bid_refusal bid_creative_app(const struct bid_rules *rules, struct bid *bid);
enum bid_refusal bid_creative_category(const struct bid_rules *rules, struct bid *bid);
enum bid_refusal bid_creative_attribute(const struct bid_rules *rules, struct bid *bid);

/* Whether a size fits a flexible format: within a pixel of the ratio's height, as a renderer would round it.
 */
bool bid_creative_fits_ratio(const struct openrtb_format *format, int32_t w, int32_t h);

/* Whether one of the domains is, or lies below, one of the list (any case, a final dot ignored). */
bool bid_domain_listed(const struct str_list *list, struct str domain);

#endif
