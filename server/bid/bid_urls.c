/* Tokens made into URLs; see bid_urls.h. */
#include "bid/bid_urls.h"

#include "bid/markup_secure.h"
#include "bid/url_text.h"

/* Method, version and the rest of a proxy's absolute-form target. */
#define REQUEST_LINE_SPARED 256

void bid_urls_init(struct bid_urls *urls, struct token_keys *keys, struct str base,
                   size_t request_line_bytes) {
    size_t longest = request_line_bytes > REQUEST_LINE_SPARED ? request_line_bytes - REQUEST_LINE_SPARED : 0;
    *urls = (struct bid_urls){.keys = keys, .base = base};
    urls->longest = longest < BID_URLS_MOST_BYTES ? longest : BID_URLS_MOST_BYTES;
}

static struct token token_of(const struct bid_urls *urls, const struct openrtb_request *request,
                             const struct bid *bid, enum token_kind kind) {
    return (struct token){.kind = kind,
                          .auction = urls->auction,
                          .hold = bid->hold,
                          .campaign = bid->campaign,
                          .nanos = bid->nanos,
                          .expires = urls->expires,
                          .imp = (uint16_t)(bid->imp - request->imps),
                          .partner = (uint16_t)bid->partner_index};
}

static struct str path_of(enum token_kind kind) {
    switch (kind) {
    case TOKEN_VIEW:
        return STR("/e/imp?t=");
    case TOKEN_CLICK:
        return STR("/e/click?t=");
    case TOKEN_WIN:
        return STR("/e/win?t=");
    }
    return STR("");
}

bool bid_urls_add(const struct bid_urls *urls, const struct openrtb_request *request, const struct bid *bid,
                  enum token_kind kind, struct str extra, struct buf *out) {
    char text[TOKEN_CHARS];
    struct token token = token_of(urls, request, bid, kind);
    if (bid->hold == 0 || token_sign(urls->keys, &token, extra, text) != 0)
        return false;
    size_t mark = out->n;
    buf_add_str(out, urls->base);
    buf_add_str(out, path_of(kind));
    buf_add(out, text, sizeof text);
    if (extra.n) {
        buf_add_str(out, kind == TOKEN_CLICK ? STR("&u=") : STR("&n="));
        url_text_add_encoded(out, extra);
    }
    if (out->n - mark <= urls->longest)
        return !out->failed;
    out->n = mark;
    return false;
}

bool bid_urls_loadable(const struct bid_urls *urls, const struct bid *bid) {
    return bid->imp->secure != 1 || !markup_url_insecure(urls->base);
}
