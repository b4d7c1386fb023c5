/*
 * Whether an ad's markup loads anything over plain HTTP (imp.secure = 1, OpenRTB 2.6 section 3.2.4:
 * "secure HTTPS URL creative assets and markup").
 *
 * A plain http:// URL is refused where a page would load it, not where it is only a place to go to or a
 * name: a landing page, a namespace or a DOCTYPE is not mixed content, and Prebid Server's rule (an
 * "http:" anywhere in markup without any "https:") lets mixed markup through. By kind of markup:
 *
 * - HTML: the value of src, srcset, poster, background, data (of any element, and `x.src = "http://"` in
 *   scripts), href of link, base, image, use and script; url(...) and @import of CSS. Not: href of a and
 *   area, action, text, comments' and scripts' other strings.
 * - VAST and other XML (video, audio): besides these the content of every element (MediaFile, Impression,
 *   Tracking, VASTAdTagURI, ...) but ...ClickThrough, CustomClick and the names (Advertiser, AdTitle,
 *   AdSystem, Description).
 * - Native JSON: every string that begins with http:// but those of link (url, fallback) and privacy.
 *
 * Scheme and names in any case, and with the escaped slashes and quotes of JSON and JavaScript.
 */
#ifndef SLIMBID_BID_MARKUP_SECURE_H
#define SLIMBID_BID_MARKUP_SECURE_H

#include <stdbool.h>

#include "base/str.h"

enum markup_kind { MARKUP_HTML, MARKUP_XML, MARKUP_NATIVE };

/* Time linear in markup.n. */
bool markup_secure(struct str markup, enum markup_kind kind);
/* Whether the URL's scheme is http. */
bool markup_url_insecure(struct str url);

#endif
