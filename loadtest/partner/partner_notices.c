/* The last notices; see partner_notices.h. */
#include "partner/partner_notices.h"

void partner_notices_add(struct partner_notices *notices, struct str target) {
    struct partner_notice *notice = &notices->last[notices->count++ % NOTICES_KEPT];
    notice->n = target.n < sizeof notice->target ? target.n : sizeof notice->target;
    memcpy(notice->target, target.p, notice->n);
}

void partner_notices_write(const struct partner_notices *notices, struct buf *out) {
    uint64_t first = notices->count > NOTICES_KEPT ? notices->count - NOTICES_KEPT : 0;
    BUF_ADD_LIT(out, "{\"count\":");
    buf_add_uint(out, notices->count);
    BUF_ADD_LIT(out, ",\"last\":[");
    for (uint64_t i = first; i < notices->count; i++) {
        const struct partner_notice *notice = &notices->last[i % NOTICES_KEPT];
        if (i > first)
            buf_add_char(out, ',');
        buf_add_json_string(out, (struct str){notice->target, notice->n});
    }
    BUF_ADD_LIT(out, "]}\n");
}
