/* See event_hold.h. */
#include "event_log/event_hold.h"

#include "event_log/event_fields.h"

void event_hold_log(struct event_log *log, enum event_kind kind, const struct event_hold *hold) {
    struct buf *line = event_log_begin(log, kind);
    if (!line)
        return;
    event_field_hex(line, "auction", hold->auction);
    if (hold->imp != UINT32_MAX)
        event_field_int(line, "imp", hold->imp);
    event_field_text(line, "partner", hold->partner);
    event_field_text(line, "campaign", hold->campaign);
    event_field_int(line, "nanos", hold->nanos);
    event_field_hex(line, "hold", hold->hold);
    event_field_hex(line, "user", hold->user);
    event_log_end(log);
}
