/* The JSON inside imp.native.request: a native ad request of the Dynamic Native Ads API 1.2, section 4. */
#ifndef SLIMBID_OPENRTB_NATIVE_H
#define SLIMBID_OPENRTB_NATIVE_H

#include "json/json_reader.h"

/* Makes the lookups; once, before the first check. */
void openrtb_native_prepare(void);

/*
 * 0, or -1 with *error filled; paths begin at the inner request ("assets[1].img.w"). The wrapper of version
 * 1.0, {"native": {...}}, is accepted. The arena is used for scratch.
 */
int openrtb_native_check(struct str request, const struct json_limits *limits, struct arena *arena,
                         struct json_error *error) CHECK_RESULT;

#endif
