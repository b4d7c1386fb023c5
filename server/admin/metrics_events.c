/* Views, clicks, wins and notices; see metrics_events.h. */
#include "admin/metrics_events.h"

#include <stdio.h>

#include "admin/metric_text.h"

#define NOTICE(field) offsetof(struct notice_stats, field)

static const struct metric_row notice_rows[] = {
    {"slimbid_notice_retries_total", "Notices tried once more.", METRIC_COUNTER, NOTICE(retries)},
    {"slimbid_notices_shed_total", "Notices dropped because too many waited.", METRIC_COUNTER, NOTICE(shed)},
    {"slimbid_notice_urls_refused_total", "Notices to hosts that their partner may not name, or no URLs.",
     METRIC_COUNTER, NOTICE(refused_url)},
    {"slimbid_notices_waiting", "Notices that wait or run now.", METRIC_GAUGE, NOTICE(waiting)},
};

static void write_events(const struct events_stats *events, struct buf *out) {
    metric_head(out, "slimbid_events_total",
                "Views, clicks and wins told by URLs of ours, by what they were.", METRIC_COUNTER);
    for (int kind = TOKEN_VIEW; kind <= TOKEN_WIN; kind++)
        for (int verdict = 0; verdict < EVENTS_VERDICTS; verdict++) {
            char label[32];
            snprintf(label, sizeof label, "kind=\"%s\",", events_kind_name((enum token_kind)kind));
            metric_labelled(out, "slimbid_events_total", label, "verdict",
                            events_verdict_name((enum events_verdict)verdict),
                            events->verdicts[kind - TOKEN_VIEW][verdict]);
        }
}

static void write_outcomes(const struct config *config, const struct stats_slot *total, struct buf *out) {
    metric_head(out, "slimbid_notices_total", "Notices to partners by how they ended.", METRIC_COUNTER);
    for (uint32_t p = 0; p < config->partner_count; p++)
        for (int kind = 0; kind < NOTICE_KINDS; kind++) {
            char labels[96];
            snprintf(labels, sizeof labels, "partner=\"%s\",kind=\"%s\",", config->partners[p].name.p,
                     notice_kind_name((enum notice_kind)kind));
            metric_labelled(out, "slimbid_notices_total", labels, "outcome", "sent",
                            total->notices[p].sent[kind]);
            metric_labelled(out, "slimbid_notices_total", labels, "outcome", "failed",
                            total->notices[p].failed[kind]);
        }
}

void metrics_events_write(const struct config *config, const struct stats_slot *total, struct buf *out) {
    write_events(&total->returned, out);
    write_outcomes(config, total, out);
    for (size_t i = 0; i < COUNT_OF(notice_rows); i++) {
        metric_head(out, notice_rows[i].name, notice_rows[i].help, notice_rows[i].type);
        for (uint32_t p = 0; p < config->partner_count; p++) {
            char labels[64];
            snprintf(labels, sizeof labels, "partner=\"%s\"", config->partners[p].name.p);
            metric_value(out, notice_rows[i].name, labels,
                         metric_word(&total->notices[p], notice_rows[i].offset));
        }
    }
}
