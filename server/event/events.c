/* Events verified, counted and passed on; see events.h. */
#include "event/events.h"

#include "event/event_query.h"
#include "event_log/event_hold.h"
#include "ledger/ledger.h"
#include "ledger/users.h"
#include "notice/notice.h"

const char *events_kind_name(enum token_kind kind) {
    switch (kind) {
    case TOKEN_VIEW:
        return "view";
    case TOKEN_CLICK:
        return "click";
    case TOKEN_WIN:
        return "win";
    }
    return "";
}

const char *events_verdict_name(enum events_verdict verdict) {
    static const char *const names[EVENTS_VERDICTS] = {
        [EVENTS_COUNTED] = "counted", [EVENTS_REPEATED] = "repeated", [EVENTS_GONE] = "gone",
        [EVENTS_EXPIRED] = "expired", [EVENTS_BAD] = "bad",
    };
    return names[verdict];
}

/* ---- the token ---- */

/* What we redirect to was signed by us; that it can't end a header line or be another scheme is looked at
 * once more, where it matters. */
static bool may_go_to(struct str url) {
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7f)
            return false;
    return (url.n > 7 && str_ieq((struct str){url.p, 7}, STR("http://"))) ||
           (url.n > 8 && str_ieq((struct str){url.p, 8}, STR("https://")));
}

enum events_verdict events_look(const struct events *events, enum token_kind kind, struct str query,
                                int64_t now, struct event *event) {
    struct event_query read;
    if (!events->keys ||
        !event_query_read(query, kind == TOKEN_CLICK ? 'u' : 'n', event->text, sizeof event->text, &read))
        return EVENTS_BAD;
    event->extra = read.extra;
    switch (token_verify(events->keys, kind, read.token, read.extra, now, &event->token)) {
    case TOKEN_GOOD:
        return kind == TOKEN_CLICK && !may_go_to(read.extra) ? EVENTS_BAD : EVENTS_COUNTED;
    case TOKEN_EXPIRED:
        return EVENTS_EXPIRED;
    case TOKEN_BAD:
        break;
    }
    return EVENTS_BAD;
}

/* ---- counting ---- */

/* The hold of the token's name is of its auction. Another ledger gives the same names: that of a server with
 * the same keys, or the one before, if it was reset while its URLs were out. */
static bool is_its_own(const struct events *events, const struct token *token, int64_t now) {
    struct ledger_hold hold;
    return ledger_hold_at(events->ledger, (uint32_t)(token->hold >> 32), now, &hold) &&
           hold.hold == token->hold && hold.win.auction == token->auction;
}

static enum ledger_result count(const struct events *events, const struct token *token, int64_t now,
                                struct ledger_win *win) {
    if (!events->ledger || !is_its_own(events, token, now))
        return LEDGER_GONE;
    switch (token->kind) {
    case TOKEN_VIEW:
        return ledger_view(events->ledger, events->writer, token->hold, now, win);
    case TOKEN_CLICK:
        return ledger_click(events->ledger, events->writer, token->hold, now, win);
    case TOKEN_WIN:
        return ledger_won(events->ledger, events->writer, token->hold, now, win);
    }
    return LEDGER_GONE;
}

/* The view counts against the campaign's cap for this user. */
static void count_user(const struct events *events, const struct ledger_win *win,
                       const struct ledger_campaign_facts *facts, int64_t now) {
    if (events->users && win->user && facts->frequency)
        users_count_view(events->users, win->user, win->campaign, facts->frequency_hours, now);
}

static void log_event(const struct events *events, const struct token *token, const struct ledger_win *win,
                      struct str campaign) {
    static const enum event_kind kinds[] = {
        [TOKEN_VIEW] = EVENT_VIEW, [TOKEN_CLICK] = EVENT_CLICK, [TOKEN_WIN] = EVENT_WIN};
    const struct config *config = events->config;
    struct event_hold line = {.auction = token->auction,
                              .imp = token->imp,
                              .partner = token->partner < config->partner_count
                                             ? config->partners[token->partner].name
                                             : (struct str){NULL, 0},
                              .campaign = campaign,
                              .hold = token->hold,
                              .user = win->user,
                              .nanos = win->nanos};
    event_hold_log(events->event_log, kinds[token->kind], &line);
}

/* The bidder's own notice, which came inside the URL. */
static void pass_on(const struct events *events, const struct event *event) {
    if (event->extra.n == 0 || event->token.kind == TOKEN_CLICK)
        return;
    notices_send(events->notices, event->token.partner,
                 event->token.kind == TOKEN_VIEW ? NOTICE_BILLING : NOTICE_WIN, event->extra);
}

static void on_counted(const struct events *events, const struct event *event, const struct ledger_win *win,
                       int64_t now) {
    struct ledger_campaign_facts facts = {.key = 0};
    bool own = win->campaign != LEDGER_NONE && ledger_campaign_facts(events->ledger, win->campaign, &facts);
    if (own && event->token.kind == TOKEN_VIEW)
        count_user(events, win, &facts, now);
    log_event(events, &event->token, win, own ? facts.id : (struct str){NULL, 0});
    pass_on(events, event);
}

static enum events_verdict take(const struct events *events, enum token_kind kind, struct str query,
                                int64_t now, struct event *event) {
    struct ledger_win win = {.campaign = LEDGER_NONE};
    enum events_verdict verdict = events_look(events, kind, query, now, event);
    if (verdict != EVENTS_COUNTED)
        return verdict;
    switch (count(events, &event->token, now, &win)) {
    case LEDGER_COUNTED:
        on_counted(events, event, &win, now);
        return EVENTS_COUNTED;
    case LEDGER_REPEATED:
        return EVENTS_REPEATED;
    case LEDGER_GONE:
    case LEDGER_OVER_BUDGET:
    case LEDGER_FULL:
        break;
    }
    return EVENTS_GONE;
}

enum events_verdict events_take(const struct events *events, enum token_kind kind, struct str query,
                                int64_t now, struct event *event) {
    enum events_verdict verdict = take(events, kind, query, now, event);
    events->stats->verdicts[kind - TOKEN_VIEW][verdict]++;
    return verdict;
}
