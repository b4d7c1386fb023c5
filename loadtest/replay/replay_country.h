/* ISO 3166-1: OpenRTB wants three letters where recordings have two. */
#ifndef SLIMBID_LOADTEST_REPLAY_COUNTRY_H
#define SLIMBID_LOADTEST_REPLAY_COUNTRY_H

#include "base/str.h"

/* "US" -> "USA"; absent when alpha2 is no country ("A1", anonymous proxy). */
struct str country_alpha3(struct str alpha2);

#endif
