/* Categories of IAB Tech Lab's taxonomies. */
#include "openrtb/openrtb_request.h"

#define CATTAX_CONTENT_1_0 1 /* the one whose codes show what lies below what */

bool openrtb_category_covers(int32_t cattax, struct str blocked, struct str category) {
    if (str_eq(blocked, category))
        return true;
    return cattax == CATTAX_CONTENT_1_0 && blocked.n > 0 && category.n > blocked.n &&
           str_starts(category, blocked) && category.p[blocked.n] == '-';
}
