/* Opening and closing what children inherit; see inheritance.h. */
#include "supervisor/inheritance.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "clickstream/seen.h"
#include "event_log/event_rings.h"
#include "token/token.h"

/* The keys that all front ends sign with, made before there are any. */
static int make_token_keys(struct supervisor *sv) {
    const struct config *config = sv->config;
    char error[TOKEN_ERROR_BYTES] = "no randomness";
    if (!str_present(config->events.public_url)) {
        if (str_present(config->campaigns.table))
            log_warn("supervisor", "without events.public_url no view of an own ad is counted");
        return 0;
    }
    if (str_present(config->events.keys_file)) {
        sv->token_keys = token_keys_load(config->events.keys_file.p, error, sizeof error);
    } else {
        sv->token_keys = token_keys_random();
        log_info("supervisor", "without events.keys_file the URLs given out end with this process");
    }
    if (sv->token_keys)
        return 0;
    log_error("supervisor", "keys of events: %s", error);
    return -1;
}

static int open_event_log(struct supervisor *sv) {
    char error[EVENT_RINGS_ERROR_BYTES];
    if (!str_present(sv->config->event_log.directory))
        return 0;
    sv->event_rings = event_rings_open(sv->config->event_log.directory.p, sv->config->front_ends,
                                       sv->config->event_log.buffer_bytes, error, sizeof error);
    if (sv->event_rings)
        return 0;
    log_error("supervisor", "event_log.directory: %s", error);
    return -1;
}

static int open_ledger(struct supervisor *sv) {
    const struct config *config = sv->config;
    char error[LEDGER_ERROR_BYTES];
    struct ledger_sizes sizes = {.writers = config->front_ends,
                                 .campaigns = config->ledger.campaigns,
                                 .holds = config->ledger.holds * config->front_ends,
                                 .users = config->ledger.users};
    sv->ledger = ledger_open(config->ledger.file.p, &sizes, (int64_t)time(NULL), error, sizeof error);
    if (sv->ledger)
        return 0;
    log_error("supervisor", "ledger: %s", error);
    return -1;
}

static int make_seen(struct supervisor *sv) {
    const struct config *config = sv->config;
    sv->seen = seen_create(config->clickstream.dedup_ids, config->clickstream.dedup_s);
    if (sv->seen)
        return 0;
    log_error("supervisor", "clickstream.dedup_ids: no memory for %u ids", config->clickstream.dedup_ids);
    return -1;
}

int inheritance_open(struct supervisor *sv) {
    if (make_token_keys(sv) != 0 || open_event_log(sv) != 0 || open_ledger(sv) != 0)
        return -1;
    return make_seen(sv);
}

void inheritance_close(struct supervisor *sv) {
    if (sv->ledger && ledger_sync(sv->ledger) != 0)
        log_error("supervisor", "ledger not copied to the disk: %s", strerror(errno));
    ledger_close(sv->ledger);
    token_keys_destroy(sv->token_keys);
    event_rings_close(sv->event_rings);
    seen_destroy(sv->seen);
}
