/*
 * The forms of single values: what is allowed, and the normal form (table/target.h). Each takes what the ad
 * says and, where it changes, an arena for what comes of it; NULL when it is good, else the reason.
 */
#ifndef SLIMBID_TABLE_AD_FORMS_H
#define SLIMBID_TABLE_AD_FORMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define AD_NO_MEMORY "out of memory"

typedef const char *ad_form(struct arena *arena, struct str in, struct str *out);

ad_form ad_form_country, ad_form_region, ad_form_os, ad_form_language, ad_form_domain, ad_form_keyword;
/* 1 to TABLE_ID_BYTES bytes without control characters: ids, bundles, segments, deals. */
ad_form ad_form_id;

/* A category's id; of taxonomy 1 "IAB1-3". */
const char *ad_form_category(uint32_t cattax, struct str in);
/* "300x250" as w << 16 | h. */
const char *ad_form_size(struct str in, uint32_t *number);
/* RFC 3339, whole seconds, as unix seconds. */
const char *ad_form_time(struct str in, uint32_t *seconds);
/* A relative path of letters, digits and /_+-: what may be the name of a time zone. */
const char *ad_form_zone(struct str in);

#endif
