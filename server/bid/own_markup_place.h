/* Where markup that does not count its views gets something that does; see own_markup.h. */
#ifndef SLIMBID_BID_OWN_MARKUP_PLACE_H
#define SLIMBID_BID_OWN_MARKUP_PLACE_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"
#include "openrtb/openrtb_response.h"

struct own_markup_place {
    size_t at;                /* in the markup */
    struct str before, after; /* what stands around the URL */
};

/* False: there is no place that is surely right. Time linear in text.n. */
bool own_markup_find_place(enum openrtb_mtype mtype, struct str text,
                           struct own_markup_place *place) CHECK_RESULT;

#endif
