/* The stub partner's Native 1.2 markup: a response to the assets that a native request asks for. */
#ifndef SLIMBID_LOADTEST_PARTNER_NATIVE_H
#define SLIMBID_LOADTEST_PARTNER_NATIVE_H

#include "base/buf.h"
#include "base/str.h"

/* Appends {"ver":"1.2","assets":[...],...}. request is the validated inner JSON of imp.native.request; domain
 * is the advertiser's. */
void native_write(struct str request, struct str domain, struct buf *out);

#endif
