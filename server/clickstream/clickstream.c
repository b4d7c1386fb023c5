/* What becomes of an event; see clickstream.h. */
#include "clickstream/clickstream.h"

#include <time.h>

#include "base/hash.h"
#include "bid/raw_json.h"
#include "clickstream/bid_request.h"
#include "clickstream/click_time.h"
#include "event_log/event_fields.h"
#include "event_log/event_log.h"
#include "ledger/ledger.h"
#include "ledger/users.h"

#define SECOND_US       1000000
#define SCRATCH_BYTES   65536 /* beyond 4 times an event: what its tables keep */
#define VIEW_WEIGHT     1.0   /* of a category of a page or screen seen */
#define ACTION_WEIGHT   2.0   /* of one of something done there */
#define MOST_HALVES     20    /* half-lives after which an interest is not worth noting */
#define REQUEST_ID_TAIL 16

int clickstream_init(struct clickstream *clickstream, struct exchange *exchange, struct seen *seen) {
    const struct config *config = exchange->config;
    *clickstream =
        (struct clickstream){.exchange = exchange, .seen = config->clickstream.dedup_s ? seen : NULL};
    clickstream->rules = (struct click_event_rules){
        .limits = {.depth = config->openrtb.depth,
                   .array_items = config->openrtb.array_items,
                   .object_members = config->openrtb.object_members,
                   .string_bytes = config->openrtb.string_bytes,
                   .listed = config->openrtb.array_items},
        .event_bytes = config->clickstream.event_bytes,
    };
    arena_init(&clickstream->scratch, &exchange->arenas,
               SCRATCH_BYTES + 4 * (size_t)config->clickstream.event_bytes);
    buf_init(&clickstream->request, (size_t)config->http.inflated_bytes);
    double rate = config->clickstream.events_per_second;
    token_bucket_init(&clickstream->rate, rate, rate, loop_now(exchange->loop));
    clickstream->placements = placement_set_create(config);
    return clickstream->placements ? 0 : -1;
}

struct budget *clickstream_budget(const struct clickstream *clickstream) {
    struct budgets *budgets = clickstream->exchange->budgets;
    return budgets ? &budgets->kinds[BUDGET_CLICKSTREAM] : NULL;
}

void clickstream_cleanup(struct clickstream *clickstream) {
    if (!clickstream->exchange)
        return;
    placement_set_destroy(clickstream->placements);
    arena_reset(&clickstream->scratch);
    buf_cleanup(&clickstream->request);
}

/* ---- duplicates ---- */

/* Whether the messageId is new; it is remembered then. */
static bool is_new(struct clickstream *clickstream, uint64_t sender, struct click_look *look) {
    if (!clickstream->seen || look->event.message_id.n == 0)
        return true;
    look->key = seen_key(clickstream->seen, sender, look->event.message_id);
    uint64_t now_s = loop_now(clickstream->exchange->loop) / SECOND_US;
    switch (seen_add(clickstream->seen, look->key, now_s)) {
    case SEEN_NEW:
        return true;
    case SEEN_NEW_EARLY:
        clickstream->exchange->stats->click.seen_forgotten_early++;
        return true;
    case SEEN_BEFORE:
        break;
    }
    return false;
}

void clickstream_unsee(struct clickstream *clickstream, uint64_t key) {
    if (clickstream->seen && key)
        seen_forget(clickstream->seen, key);
}

/* ---- users ---- */

static uint64_t user_key(const struct clickstream *clickstream, struct str id) {
    const struct ledger *ledger = clickstream->exchange->ledger;
    return ledger ? hash_bytes(id, ledger_salt(ledger)) : 0;
}

void clickstream_forget_user(struct clickstream *clickstream, struct str id) {
    struct exchange *exchange = clickstream->exchange;
    if (!exchange->ledger)
        return;
    uint64_t key = user_key(clickstream, id);
    ledger_forget_user(exchange->ledger, key);
    if (exchange->users)
        exchange->stats->click.users_deleted += users_forget(exchange->users, key);
}

/* 2^-(age / half-life): what an event of that age still says. 0: nothing. */
static double weight_at(double weight, int64_t age_s) {
    for (int halves = 0; age_s >= USERS_HALF_LIFE_S; halves++, age_s -= USERS_HALF_LIFE_S) {
        if (halves == MOST_HALVES)
            return 0;
        weight /= 2;
    }
    /* Linear between two halves: within 6 % of the curve. */
    return weight * (1 - 0.5 * (double)age_s / USERS_HALF_LIFE_S);
}

struct lesson {
    struct clickstream *clickstream;
    uint64_t user;
    int64_t now_s;
    double weight;
};

static void note_interest(const struct lesson *lesson, struct str name) {
    struct exchange *exchange = lesson->clickstream->exchange;
    exchange->stats->click.interests++;
    (void)users_interest(exchange->users, lesson->user, name, lesson->weight, lesson->now_s);
}

/* What the event tells of its user: its own categories and those of the place. */
static void learn(struct clickstream *clickstream, const struct click_look *look, int64_t received_us) {
    struct exchange *exchange = clickstream->exchange;
    enum click_type type = look->event.type;
    bool view = type == CLICK_PAGE || type == CLICK_SCREEN;
    if (!exchange->users || !look->user || !(view || type == CLICK_TRACK))
        return;
    struct lesson lesson = {.clickstream = clickstream, .user = look->user, .now_s = received_us / SECOND_US};
    lesson.weight = weight_at(view ? VIEW_WEIGHT : ACTION_WEIGHT, (received_us - look->time_us) / SECOND_US);
    if (lesson.weight <= 0)
        return;
    struct str own[CLICK_MOST_CATEGORIES];
    uint32_t count = click_event_categories(&look->event, &clickstream->scratch, own);
    for (uint32_t i = 0; i < count; i++)
        note_interest(&lesson, own[i]);
    for (size_t i = 0; look->placement && i < look->placement->cat.count; i++)
        note_interest(&lesson, look->placement->cat.items[i]);
}

/* ---- the bid request ---- */

/* The sender's address is the user's when the sender is the user's browser: it calls itself as the event
 * says.
 */
static struct str client_ip(const struct click_source *source, const struct click_context *context) {
    bool own = context->user_agent.n > 0 && str_eq(context->user_agent, source->client.ua);
    return own ? source->client.ip : (struct str){NULL, 0};
}

static bool make_request(struct clickstream *clickstream, const struct click_source *source,
                         const struct click_page *page, struct click_look *look) {
    char made[REQUEST_ID_TAIL + 1];
    struct str id = look->event.message_id;
    if (id.n == 0) {
        uint64_t number = clickstream->exchange->id_seed + ++clickstream->exchange->next_id;
        snprintf(made, sizeof made, "%016llx", (unsigned long long)number);
        id = (struct str){made, REQUEST_ID_TAIL};
    }
    struct bid_request_input input = {.placement = look->placement,
                                      .event = &look->event,
                                      .page = page,
                                      .id = id,
                                      .client_ip = client_ip(source, &look->event.context)};
    buf_clear(&clickstream->request, clickstream->request.cap);
    bid_request_write(&input, &clickstream->request);
    look->request = buf_view(&clickstream->request);
    return !clickstream->request.failed;
}

static bool wants_auction(struct clickstream *clickstream, const struct click_source *source,
                          const struct click_look *look, int64_t received_us) {
    struct exchange *exchange = clickstream->exchange;
    if (!look->placement || source->historical)
        return false;
    if (!source->answered && look->placement->auction != PLACEMENT_AUCTION_ALWAYS)
        return false;
    if (received_us - look->time_us <= (int64_t)exchange->config->clickstream.auction_age_s * SECOND_US)
        return true;
    exchange->stats->click.too_old++;
    return false;
}

/* ---- one event ---- */

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

/* The messageId of an event that could not be read, when it is plain. */
static struct str plain_id(struct str text) {
    struct str value = raw_json_find(text, STR("messageId"));
    if (value.n < 2 || value.n > CLICK_ID_BYTES + 2 || value.p[0] != '"')
        return (struct str){NULL, 0};
    for (size_t i = 1; i + 1 < value.n; i++)
        if (value.p[i] < ' ' || value.p[i] > '~' || value.p[i] == '\\' || value.p[i] == '"')
            return (struct str){NULL, 0};
    return (struct str){value.p + 1, value.n - 2};
}

void clickstream_look(struct clickstream *clickstream, const struct click_source *source, struct str text,
                      struct click_look *look) {
    struct click_stats *stats = &clickstream->exchange->stats->click;
    struct arena *scratch = &clickstream->scratch;
    struct click_event_rules rules = clickstream->rules;
    rules.fallback = source->type;
    clickstream->rate.tokens -= 1;
    *look = (struct click_look){.outcome = CLICK_ACCEPTED};
    if (click_event_read(text, &rules, scratch, &look->event, &look->error) != 0) {
        look->outcome = CLICK_INVALID;
        look->event = (struct click_event){.type = CLICK_TYPES, .message_id = plain_id(text)};
        return;
    }
    if (source->context)
        click_context_merge(&look->event.context, source->context);
    stats->types[look->event.type]++;
    look->user = user_key(clickstream, click_event_user(&look->event));
    int64_t received_us = wall_us();
    look->time_us = click_event_time(&look->event, source->sent_us, received_us);
    if (!is_new(clickstream, source->sender, look)) {
        look->outcome = CLICK_DUPLICATE;
        return;
    }
    struct click_page page = {0};
    if (look->event.type == CLICK_PAGE)
        page = click_event_page(&look->event, scratch);
    look->placement = placement_find(clickstream->placements, &look->event, &page);
    stats->placed += look->placement != NULL;
    learn(clickstream, look, received_us);
    if (wants_auction(clickstream, source, look, received_us))
        look->outcome = make_request(clickstream, source, &page, look) ? CLICK_OUTCOMES : CLICK_FAILED;
}

static void log_end(struct clickstream *clickstream, const struct click_end *end) {
    struct event_log *log = clickstream->exchange->event_log;
    struct buf *line = event_log_begin(log, EVENT_CLICKSTREAM);
    if (!line)
        return;
    event_field_text(line, "status", str_from(click_outcome_name(end->outcome)));
    event_field_text(line, "message_id", end->message_id);
    if (end->type < CLICK_TYPES) {
        event_field_text(line, "type", str_from(click_type_name(end->type)));
        event_field_int(line, "happened", end->time_us / SECOND_US);
    }
    event_field_hex(line, "user", end->user);
    if (end->placement)
        event_field_text(line, "placement", end->placement->name);
    event_log_end(log);
}

void clickstream_end(struct clickstream *clickstream, const struct click_end *end) {
    clickstream->exchange->stats->click.outcomes[end->outcome]++;
    log_end(clickstream, end);
}

/* ---- the rate ---- */

bool clickstream_may_begin(struct clickstream *clickstream) {
    struct token_bucket *rate = &clickstream->rate;
    if (!token_bucket_take(rate, loop_now(clickstream->exchange->loop)))
        return false;
    if (rate->rate > 0)
        rate->tokens += 1; /* its events pay */
    return true;
}
