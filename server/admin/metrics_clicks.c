/* Click events as metrics; see metrics_clicks.h. */
#include "admin/metrics_clicks.h"

#include "admin/metric_text.h"

#define CLICK(field) offsetof(struct click_stats, field)

static const struct metric_row click_rows[] = {
    {"slimbid_click_requests_running", "Requests with events that are worked on now.", METRIC_GAUGE,
     CLICK(requests_live)},
    {"slimbid_click_events_placed_total", "Page and screen views that fit a placement.", METRIC_COUNTER,
     CLICK(placed)},
    {"slimbid_click_events_too_old_total", "Views that fit a placement, too old to be auctioned.",
     METRIC_COUNTER, CLICK(too_old)},
    {"slimbid_click_interests_total", "Categories noted as interests of users.", METRIC_COUNTER,
     CLICK(interests)},
    {"slimbid_click_users_deleted_total", "Users deleted on demand.", METRIC_COUNTER, CLICK(users_deleted)},
    {"slimbid_click_ids_forgotten_early_total",
     "messageIds that gave way to others within their time: clickstream.dedup_ids is too small.",
     METRIC_COUNTER, CLICK(seen_forgotten_early)},
};

void metrics_clicks_write(const struct click_stats *clicks, struct buf *out) {
    metric_head(out, "slimbid_click_events_total", "Click events by what became of them.", METRIC_COUNTER);
    for (int i = 0; i < CLICK_OUTCOMES; i++)
        metric_labelled(out, "slimbid_click_events_total", "", "outcome",
                        click_outcome_name((enum click_outcome)i), clicks->outcomes[i]);
    metric_head(out, "slimbid_click_events_by_type_total", "Valid click events by type.", METRIC_COUNTER);
    for (int i = 0; i < CLICK_TYPES; i++)
        metric_labelled(out, "slimbid_click_events_by_type_total", "", "type",
                        click_type_name((enum click_type)i), clicks->types[i]);
    metric_head(out, "slimbid_click_requests_refused_total", "Requests with events refused as a whole.",
                METRIC_COUNTER);
    for (int i = 0; i < CLICK_REFUSALS; i++)
        metric_labelled(out, "slimbid_click_requests_refused_total", "", "reason",
                        click_refusal_name((enum click_refusal)i), clicks->refused[i]);
    metric_rows(out, click_rows, COUNT_OF(click_rows), clicks);
}

void metrics_clicks_write_status(const struct click_stats *clicks, struct buf *out) {
    uint64_t refused = 0;
    for (int i = 0; i < CLICK_REFUSALS; i++)
        refused += clicks->refused[i];
    BUF_ADD_LIT(out, ",\"clickstream\":{\"events\":{");
    for (int i = 0; i < CLICK_OUTCOMES; i++)
        buf_printf(out, "%s\"%s\":%llu", i ? "," : "", click_outcome_name((enum click_outcome)i),
                   (unsigned long long)clicks->outcomes[i]);
    buf_printf(out, "},\"requests_running\":%llu,\"requests_refused\":%llu,\"ids_forgotten_early\":%llu}",
               (unsigned long long)clicks->requests_live, (unsigned long long)refused,
               (unsigned long long)clicks->seen_forgotten_early);
}
