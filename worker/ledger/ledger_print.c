/* See ledger_print.h, and docs/ledger.md for the fields. */
#include "ledger_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

#define NANOS      INT64_C(1000000000)
#define DAY_S      INT64_C(86400)
#define DATE_CHARS 10
#define TIME_CHARS 20

void ledger_print_nanos(struct buf *out, int64_t nanos) {
    uint64_t size = nanos < 0 ? 0 - (uint64_t)nanos : (uint64_t)nanos;
    char digits[16];
    int n = 9;
    (void)snprintf(digits, sizeof digits, "%09" PRIu64, size % (uint64_t)NANOS);
    while (n > 0 && digits[n - 1] == '0')
        n--;
    buf_printf(out, "%s%" PRIu64, nanos < 0 ? "-" : "", size / (uint64_t)NANOS);
    if (n > 0)
        buf_printf(out, ".%.*s", n, digits);
}

/* So many characters of the time; a bent file's time that is in no calendar as its number. */
static void print_when(struct buf *out, int64_t seconds, size_t n) {
    char text[64];
    struct tm tm;
    time_t t = (time_t)seconds;
    if (gmtime_r(&t, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == TIME_CHARS)
        buf_add(out, text, n);
    else
        buf_add_int(out, seconds);
}

void ledger_print_day(struct buf *out, int64_t day) {
    print_when(out, day * DAY_S, DATE_CHARS);
}

void ledger_print_time(struct buf *out, int64_t unix_seconds) {
    print_when(out, unix_seconds, TIME_CHARS);
}

void ledger_print_id(struct buf *out, struct str id) {
    char copy[LEDGER_ID_BYTES];
    struct str clean = {copy, id.n < sizeof copy ? id.n : sizeof copy};
    if (clean.n > 0)
        memcpy(copy, id.p, clean.n);
    for (size_t at = 0; (at = utf8_first_bad(clean, at)) != UTF8_GOOD; at++)
        copy[at] = '?';
    buf_add_json_string(out, clean);
}

/* "name":"2026-11-25T12:00:00Z" */
static void print_time_field(struct buf *out, const char *name, int64_t unix_seconds) {
    buf_printf(out, ",\"%s\":\"", name);
    ledger_print_time(out, unix_seconds);
    buf_add_char(out, '"');
}

static void print_money_field(struct buf *out, const char *name, int64_t nanos) {
    buf_printf(out, ",\"%s\":", name);
    ledger_print_nanos(out, nanos);
}

bool ledger_print_campaign(struct buf *out, const struct ledger *ledger, uint32_t campaign, int64_t now) {
    struct ledger_campaign_facts facts;
    int64_t today = now / DAY_S;
    if (!ledger_campaign_facts(ledger, campaign, &facts))
        return false;
    BUF_ADD_LIT(out, "{\"type\":\"campaign\",\"id\":");
    ledger_print_id(out, facts.id);
    buf_printf(out, ",\"key\":\"%016" PRIx64 "\",\"number\":%" PRIu32, facts.key, campaign);
    if (facts.daily_budget > 0)
        print_money_field(out, "daily_budget", facts.daily_budget);
    if (facts.frequency > 0 && facts.frequency_hours > 0)
        buf_printf(out, ",\"frequency_cap\":{\"views\":%" PRIu32 ",\"hours\":%" PRIu32 "}", facts.frequency,
                   facts.frequency_hours);
    BUF_ADD_LIT(out, ",\"spent\":{");
    for (int64_t day = today; day >= today - 1; day--) {
        BUF_ADD_LIT(out, "\"");
        ledger_print_day(out, day);
        BUF_ADD_LIT(out, "\":");
        ledger_print_nanos(out, ledger_spent(ledger, campaign, day));
        if (day == today)
            buf_add_char(out, ',');
    }
    buf_add_char(out, '}');
    int64_t held = ledger_held(ledger, campaign);
    print_money_field(out, "held", held);
    buf_printf(out, ",\"spent_nanos\":%" PRId64 ",\"held_nanos\":%" PRId64,
               ledger_spent(ledger, campaign, today), held);
    buf_printf(out, ",\"rate\":%.5g}", ledger_rate(ledger, campaign) / (double)LEDGER_RATE_FULL);
    return true;
}

void ledger_print_hold(struct buf *out, const struct ledger *ledger, const struct ledger_hold *hold) {
    struct ledger_campaign_facts facts;
    buf_printf(out, "{\"type\":\"hold\",\"hold\":\"%016" PRIx64 "\",\"campaign\":", hold->hold);
    if (ledger_campaign_facts(ledger, hold->win.campaign, &facts))
        ledger_print_id(out, facts.id);
    else
        BUF_ADD_LIT(out, "null"); /* a partner's */
    buf_printf(out, ",\"auction\":\"%016" PRIx64 "\"", hold->win.auction);
    print_money_field(out, "price", hold->win.nanos);
    BUF_ADD_LIT(out, ",\"day\":\"");
    ledger_print_day(out, hold->day);
    buf_add_char(out, '"');
    print_time_field(out, "expires", hold->win.expires);
    buf_printf(out, ",\"viewed\":%s,\"clicked\":%s,\"won\":%s}", hold->viewed ? "true" : "false",
               hold->clicked ? "true" : "false", hold->won ? "true" : "false");
}

static void print_counters(struct buf *out, const struct ledger *ledger) {
    struct ledger_stats s;
    ledger_stats(ledger, &s);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"reserved", s.reserved},
        {"viewed", s.viewed},
        {"clicked", s.clicked},
        {"won", s.won},
        {"released", s.released},
        {"expired", s.expired},
        {"repeated", s.repeated},
        {"gone", s.gone},
        {"over_budget", s.over_budget},
        {"full", s.full},
        {"adopted", s.adopted},
        {"finished", s.finished},
        {"syncs", s.syncs},
        {"sync_failures", s.sync_failures},
        {"holds_live", s.holds_live},
    };
    BUF_ADD_LIT(out, ",\"counters\":{");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_printf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", rows[i].name, rows[i].value);
    buf_add_char(out, '}');
}

void ledger_print_whole(struct buf *out, const struct ledger *ledger, bool served) {
    const struct ledger_sizes *sizes = ledger_sizes(ledger);
    struct ledger_facts facts;
    ledger_facts(ledger, &facts);
    buf_printf(out,
               "{\"type\":\"ledger\",\"served\":%s,\"from_copy\":%s,\"bytes\":%" PRIu64
               ",\"writers\":%" PRIu32 ",\"campaign_places\":%" PRIu32 ",\"hold_places\":%" PRIu32
               ",\"user_places\":%" PRIu32,
               served ? "true" : "false", facts.from_copy ? "true" : "false", facts.file_bytes,
               sizes->writers, sizes->campaigns, sizes->holds, sizes->users);
    print_time_field(out, "created", facts.created);
    BUF_ADD_LIT(out, ",\"copies\":[");
    for (int i = 0; i < 2; i++)
        buf_printf(out, "%s{\"whole\":%s,\"generation\":%" PRIu64 "}", i > 0 ? "," : "",
                   facts.copies[i].whole ? "true" : "false", facts.copies[i].generation);
    buf_add_char(out, ']');
    print_counters(out, ledger);
    buf_add_char(out, '}');
}
