/* See event_auction.h. */
#include "event_log/event_auction.h"

#include "event_log/event_fields.h"

#define REST_BYTES 2048u /* of a line, behind the winners */

static const char *channel_name(enum openrtb_channel channel) {
    switch (channel) {
    case OPENRTB_SITE:
        return "site";
    case OPENRTB_APP:
        return "app";
    case OPENRTB_DOOH:
        return "dooh";
    case OPENRTB_NO_CHANNEL:
        break;
    }
    return NULL;
}

static void add_winner(struct buf *line, const struct event_auction *auction, const struct bid *bid) {
    BUF_ADD_LIT(line, "{\"imp\":");
    buf_add_uint(line, (uint64_t)(bid->imp - auction->request->imps));
    event_field_text(line, "impid", bid->imp->id);
    event_field_text(line, "partner", bid->partner->name);
    event_field_text(line, "seat", bid->seat);
    event_field_text(line, "bid", bid->in->id);
    event_field_text(line, "adid", bid->in->adid);
    event_field_text(line, "cid", bid->in->cid);
    event_field_text(line, "crid", bid->in->crid);
    if (bid->deal)
        event_field_text(line, "deal", bid->deal->id);
    BUF_ADD_LIT(line, ",\"price\":");
    buf_add_double(line, bid->clearing_price);
    event_field_text(line, "cur", auction->currency);
    if (bid->hold) {
        event_field_int(line, "nanos", bid->nanos);
        event_field_hex(line, "hold", bid->hold);
    }
    buf_add_char(line, '}');
}

/* Of many winners the first ones that a line has room for. */
static void add_winners(struct buf *line, const struct event_auction *auction) {
    uint64_t listed = 0, left_out = 0;
    BUF_ADD_LIT(line, ",\"wins\":[");
    for (size_t i = 0; i < auction->bid_count; i++) {
        if (!auction->bids[i].won)
            continue;
        size_t mark = line->n;
        if (listed)
            buf_add_char(line, ',');
        add_winner(line, auction, &auction->bids[i]);
        if (!line->failed && line->n <= EVENT_LOG_LINE_BYTES - REST_BYTES) {
            listed++;
            continue;
        }
        line->n = mark;
        line->failed = false;
        left_out++;
    }
    buf_add_char(line, ']');
    if (left_out)
        event_field_int(line, "wins_left_out", (int64_t)left_out);
}

static void add_refused(struct buf *line, const struct event_auction *auction) {
    uint32_t counts[BID_REFUSALS] = {0};
    for (size_t i = 0; i < auction->bid_count; i++)
        counts[auction->bids[i].refusal]++;
    char before = '{';
    BUF_ADD_LIT(line, ",\"refused\":");
    for (int i = BID_VALID + 1; i < BID_REFUSALS; i++) {
        if (!counts[i])
            continue;
        const char *name = bid_refusal_name((enum bid_refusal)i);
        buf_add_char(line, before);
        buf_add_char(line, '"');
        buf_add(line, name, strlen(name));
        BUF_ADD_LIT(line, "\":");
        buf_add_uint(line, counts[i]);
        before = ',';
    }
    if (before == '{')
        buf_add_char(line, '{');
    buf_add_char(line, '}');
}

void event_auction_log(struct event_log *log, const struct event_auction *auction) {
    struct buf *line = event_log_begin(log, EVENT_AUCTION);
    if (!line)
        return;
    const struct openrtb_request *request = auction->request;
    event_field_hex(line, "auction", auction->id);
    event_field_text(line, "request", request->id);
    event_field_text(line, "channel", str_from(channel_name(request->channel)));
    event_field_text(line, "domain",
                     request->channel == OPENRTB_APP ? request->app_bundle : openrtb_request_host(request));
    event_field_hex(line, "user", auction->user);
    event_field_int(line, "imps", (int64_t)request->imp_count);
    event_field_text(line, "end", str_from(auction->end));
    event_field_int(line, "took_us", (int64_t)auction->took_us);
    event_field_int(line, "bids", (int64_t)auction->bid_count);
    add_winners(line, auction);
    add_refused(line, auction);
    event_log_end(log);
}
