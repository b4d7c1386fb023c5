/* See event_clickstream.h. */
#include "event_log/event_clickstream.h"

#include "event_log/event_fields.h"

void event_clickstream_log(struct event_log *log, const struct event_clickstream *event) {
    struct buf *line = event_log_begin(log, EVENT_CLICKSTREAM);
    if (!line)
        return;
    event_field_text(line, "message", event->message);
    event_field_text(line, "type", str_from(event->type));
    event_field_text(line, "outcome", str_from(event->outcome));
    event_field_text(line, "placement", event->placement);
    event_field_hex(line, "auction", event->auction);
    event_field_hex(line, "user", event->user);
    event_log_end(log);
}
