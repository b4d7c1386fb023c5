/* Plays a scenario file; see scenario.h. */
#include "scenario.h"

#include "notice/notice.h"
#include "token/token.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- words ---- */

void scenario_fail(const struct scenario *scenario, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%u: ", scenario->file, scenario->line);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n  last reply: status %d after %llu us: %.*s\n", scenario->last.status,
            (unsigned long long)(scenario->replied_us - scenario->started_us), STR_ARG(scenario->last.body));
    va_end(args);
    exit(1);
}

struct str scenario_word(struct str *rest) {
    size_t i = 0;
    while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
        i++;
    size_t start = i;
    while (i < rest->n && rest->p[i] != ' ' && rest->p[i] != '\t')
        i++;
    struct str word = {rest->p + start, i - start};
    while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
        i++;
    *rest = (struct str){rest->p + i, rest->n - i};
    return word;
}

struct str scenario_part(struct str *rest) {
    const char *bar = rest->n ? memchr(rest->p, '|', rest->n) : NULL;
    size_t n = bar ? (size_t)(bar - rest->p) : rest->n;
    struct str part = {rest->p, n};
    *rest = bar ? (struct str){bar + 1, rest->n - n - 1} : (struct str){rest->p + rest->n, 0};
    return part;
}

uint64_t scenario_time(const struct scenario *scenario, struct str text) {
    char copy[32];
    snprintf(copy, sizeof copy, "%.*s", STR_ARG(text));
    char *unit = NULL;
    double value = strtod(copy, &unit);
    if (strcmp(unit, "ms") == 0)
        return (uint64_t)(value * 1000);
    if (strcmp(unit, "us") == 0)
        return (uint64_t)value;
    if (strcmp(unit, "s") == 0)
        return (uint64_t)(value * 1000000);
    scenario_fail(scenario, "not a time: %s", copy);
}

/* ---- setting up ---- */

static void drop_exchange(struct scenario *s) {
    if (!s->config)
        return;
    notices_destroy(s->exchange.notices);
    token_keys_destroy(s->exchange.token_keys);
    exchange_cleanup(&s->exchange);
    ledger_close(s->ledger);
    s->ledger = NULL;
    pool_destroy(s->pool);
    s->pool = NULL;
    outbound_destroy(s->outbound);
    stats_destroy(s->stats);
    loop_destroy(s->loop);
    config_destroy(s->config);
    s->config = NULL;
}

static void do_config(struct scenario *s, struct str json) {
    drop_exchange(s);
    char path[] = "/tmp/slimbid-scenario-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, json.p, json.n) != (ssize_t)json.n)
        scenario_fail(s, "can't write the config");
    close(fd);
    char error[CONFIG_ERROR_BYTES];
    s->config = config_load(path, error, sizeof error);
    unlink(path);
    if (!s->config)
        scenario_fail(s, "%s", error);
    s->loop = loop_create();
    s->outbound = outbound_create(s->loop);
    s->stats = stats_create(1);
    budgets_init(&s->budgets, BUDGET_UNLIMITED);
    outbound_charge_to(s->outbound, &s->budgets);
    if (exchange_init(&s->exchange, s->config, s->loop, s->outbound, &s->stats->slots[0], error,
                      sizeof error) != 0)
        scenario_fail(s, "%s", error);
    exchange_charge_to(&s->exchange, &s->budgets);
    struct ledger_sizes sizes = {
        .writers = 1, .campaigns = 64, .holds = s->config->ledger.holds, .users = s->config->ledger.users};
    s->ledger = ledger_open(NULL, &sizes, (int64_t)time(NULL), error, sizeof error);
    if (!s->ledger)
        scenario_fail(s, "%s", error);
    s->exchange.ledger = s->ledger;
    s->exchange.users = ledger_users(s->ledger);
    s->exchange.notices = notices_create(s->config, s->loop, s->outbound, s->stats->slots[0].notices,
                                         &s->budgets.kinds[BUDGET_NOTICES]);
    if (str_present(s->config->events.public_url))
        s->exchange.token_keys = token_keys_random();
    if (str_present(s->config->campaigns.table)) {
        struct pool_options options = {.workers = 1, .max_in_flight = s->config->campaigns.max_in_flight};
        s->pool = pool_create(s->loop, &options, &s->stats->slots[0].pool);
        s->exchange.pool = s->pool;
    }
}

static void do_client(struct scenario *s, struct str rest) {
    while (rest.n) {
        struct str word = scenario_word(&rest);
        if (str_starts(word, STR("ip=")))
            s->client.ip = (struct str){strndup(word.p + 3, word.n - 3), word.n - 3};
        else if (str_starts(word, STR("ua=")))
            s->client.ua = (struct str){strndup(word.p + 3, word.n - 3), word.n - 3};
        else if (str_starts(word, STR("language=")))
            s->client.language = (struct str){strndup(word.p + 9, word.n - 9), word.n - 9};
        else if (str_starts(word, STR("dnt=")))
            s->client.dnt = (struct str){strndup(word.p + 4, word.n - 4), word.n - 4};
        else
            scenario_fail(s, "client: ip=, ua=, language= or dnt=");
    }
}

/* ---- partners' scripts ---- */

/* The id of the request that is set, for answers made here. */
static struct str request_id(const struct scenario *s) {
    const char *p = memmem(s->request.p, s->request.n, "\"id\":\"", 6);
    if (!p)
        scenario_fail(s, "bids need a request with an id before them");
    p += 6;
    return (struct str){p, (size_t)(strchrnul(p, '"') - p)};
}

static const char *const bid_defaults[][2] = {{"id", "\"b\""},   {"impid", "\"1\""},       {"price", "1"},
                                              {"crid", "\"c\""}, {"adm", "\"<a>ad</a>\""}, {"w", "300"},
                                              {"h", "250"}};

static bool given(struct str spec, const char *key) {
    while (spec.n) {
        struct str word = scenario_word(&spec);
        size_t n = strlen(key);
        if (word.n > n && memcmp(word.p, key, n) == 0 && word.p[n] == '=')
            return true;
    }
    return false;
}

/* KEY=VALUE words, each value JSON, into one bid; KEY= leaves the default out. */
static void add_bid(struct buf *out, struct str spec) {
    const char *comma = "{";
    for (size_t i = 0; i < COUNT_OF(bid_defaults); i++) {
        if (given(spec, bid_defaults[i][0]))
            continue;
        buf_printf(out, "%s\"%s\":%s", comma, bid_defaults[i][0], bid_defaults[i][1]);
        comma = ",";
    }
    while (spec.n) {
        struct str word = scenario_word(&spec);
        const char *equals = memchr(word.p, '=', word.n);
        if (!equals)
            continue;
        size_t key_n = (size_t)(equals - word.p);
        if (key_n + 1 == word.n)
            continue;
        buf_printf(out, "%s\"%.*s\":", comma, (int)key_n, word.p);
        buf_add(out, equals + 1, word.n - key_n - 1);
        comma = ",";
    }
    buf_add_char(out, '}');
}

static void write_bids(const struct scenario *s, struct str rest, struct buf *out) {
    struct str head = scenario_part(&rest);
    struct str cur = {NULL, 0};
    struct str seat = {NULL, 0};
    while (head.n) {
        struct str word = scenario_word(&head);
        if (str_starts(word, STR("cur=")))
            cur = (struct str){word.p + 4, word.n - 4};
        else if (str_starts(word, STR("seat=")))
            seat = (struct str){word.p + 5, word.n - 5};
    }
    buf_printf(out, "{\"id\":\"%.*s\",", STR_ARG(request_id(s)));
    if (cur.n)
        buf_printf(out, "\"cur\":\"%.*s\",", STR_ARG(cur));
    BUF_ADD_LIT(out, "\"seatbid\":[{");
    if (seat.n)
        buf_printf(out, "\"seat\":\"%.*s\",", STR_ARG(seat));
    BUF_ADD_LIT(out, "\"bid\":[");
    while (rest.n) {
        if (out->p[out->n - 1] != '[')
            buf_add_char(out, ',');
        add_bid(out, scenario_part(&rest));
    }
    BUF_ADD_LIT(out, "]}]}");
}

static bool outcome_parse(struct str name, enum outbound_outcome *outcome) {
    for (int i = 0; i < OUTBOUND_OUTCOMES; i++) {
        if (!str_eq(name, str_from(outbound_outcome_name((enum outbound_outcome)i))))
            continue;
        *outcome = (enum outbound_outcome)i;
        return true;
    }
    return false;
}

static void do_partner(struct scenario *s, struct str rest) {
    struct outbound_target *target = fake_outbound_find(s->outbound, scenario_word(&rest));
    if (!target)
        scenario_fail(s, "no such partner");
    struct fake_script script = {.outcome = OUTBOUND_ANSWERED, .status = 200};
    struct str word = scenario_word(&rest);
    if (str_eq(word, STR("never"))) {
        script.never = true;
    } else if (str_eq(word, STR("unresolved"))) {
        script.unresolved = true;
    } else {
        script.after_us = scenario_time(s, word);
        struct str what = scenario_word(&rest);
        struct buf *body = &s->answers[s->answer_count++ % SCENARIO_PARTNERS];
        buf_clear(body, SIZE_MAX);
        if (str_eq(what, STR("bids")))
            write_bids(s, rest, body);
        else if (!outcome_parse(what, &script.outcome)) {
            script.status = atoi(what.p);
            buf_add_str(body, rest);
        }
        script.body = buf_view(body);
    }
    fake_outbound_script(target, &script);
}

static void do_memory(struct scenario *s, struct str rest) {
    struct str word = scenario_word(&rest);
    s->budgets.process.peak = s->budgets.process.used;
    budgets_set_limit(&s->budgets, strtoull(word.p, NULL, 10));
}

static void do_notices(struct scenario *s, struct str rest) {
    struct fake_script script = {.after_us = scenario_time(s, scenario_word(&rest))};
    script.status = atoi(scenario_word(&rest).p);
    fake_outbound_script_next(s->outbound, &script);
}

/* ---- playing ---- */

static void on_reply(void *ctx, const struct auction_reply *reply) {
    struct scenario *s = ctx;
    s->replies++;
    s->last = *reply;
    buf_clear(&s->last_body, SIZE_MAX);
    buf_add_str(&s->last_body, reply->body);
    s->last.body = buf_view(&s->last_body);
    s->replied_us = loop_now(s->loop);
    s->running = NULL;
}

static void do_start(struct scenario *s) {
    s->replies = 0;
    s->started_us = s->replied_us = loop_now(s->loop);
    struct auction_input input = {
        .body = buf_view(&s->request), .started_us = loop_came_after(s->loop), .client = s->client};
    struct auction *auction = auction_start(&s->exchange, &input, on_reply, s);
    if (s->replies == 0)
        s->running = auction;
    if (!auction && s->replies != 1)
        scenario_fail(s, "auction_start() returned NULL without a reply");
}

/* One auction to its end, and until every call of it has ended too. */
static void play_once(struct scenario *s) {
    do_start(s);
    if (s->gone_after_us && s->running) {
        fake_loop_advance(s->loop, s->started_us + s->gone_after_us);
        if (s->running)
            auction_cancel(s->running);
        s->running = NULL;
    }
    fake_loop_advance(s->loop, s->started_us + 20000000);
    if (s->running)
        scenario_fail(s, "the auction never ended");
    if (s->replies > 1)
        scenario_fail(s, "%u replies to one request", s->replies);
}

/* What holds between auctions, whatever happened in them. */
static void check_idle(const struct scenario *s) {
    const struct stats_slot *slot = &s->stats->slots[0];
    for (int i = 0; i < AUCTION_STATES; i++)
        if (slot->auctions_live[i] != 0)
            scenario_fail(s, "%lld auctions live in state %s", (long long)slot->auctions_live[i],
                          auction_state_name((enum auction_state)i));
    if (s->exchange.live != 0 || s->exchange.arenas.in_use_bytes != 0 || fake_loop_timers(s->loop) != 0)
        scenario_fail(s, "not idle: %u auctions, %zu arena bytes, %u timers", s->exchange.live,
                      s->exchange.arenas.in_use_bytes, fake_loop_timers(s->loop));
    for (int i = 0; i < BUDGET_KINDS; i++)
        if (s->budgets.kinds[i].used != 0 && i != BUDGET_NOTICES)
            scenario_fail(s, "%llu bytes are still charged as %s",
                          (unsigned long long)s->budgets.kinds[i].used,
                          budget_kind_name((enum budget_kind)i));
    if (s->budgets.process.peak > s->budgets.process.limit)
        scenario_fail(s, "%llu bytes were charged", (unsigned long long)s->budgets.process.peak);
    if (s->pool && fake_pool_waiting(s->pool) != 0)
        scenario_fail(s, "%u scoring jobs wait", fake_pool_waiting(s->pool));
}

static void do_play(struct scenario *s, struct str rest) {
    struct str count = scenario_word(&rest);
    int n = count.n ? atoi(count.p) : 1;
    fake_outbound_reset_counts(s->outbound);
    for (int i = 0; i < n; i++)
        play_once(s);
    s->gone_after_us = 0;
    check_idle(s);
}

/* Auctions at equal distances, whatever comes of the ones before. */
static void do_flow(struct scenario *s, struct str rest) {
    struct str count = scenario_word(&rest);
    uint64_t gap_us = scenario_time(s, scenario_word(&rest));
    fake_outbound_reset_counts(s->outbound);
    for (int n = atoi(count.p); n > 0; n--) {
        do_start(s);
        fake_loop_advance(s->loop, loop_now(s->loop) + gap_us);
    }
}

static void do_line(struct scenario *s, struct str line) {
    struct str rest = line;
    struct str word = scenario_word(&rest);
    if (word.n == 0 || word.p[0] == '#')
        return;
    if (str_eq(word, STR("config"))) {
        do_config(s, rest);
    } else if (str_eq(word, STR("client"))) {
        do_client(s, rest);
    } else if (str_eq(word, STR("request"))) {
        buf_clear(&s->request, SIZE_MAX);
        buf_add_str(&s->request, rest);
        buf_add_char(&s->request, '\0');
        s->request.n--;
    } else if (str_eq(word, STR("partner"))) {
        do_partner(s, rest);
    } else if (str_eq(word, STR("memory"))) {
        do_memory(s, rest);
    } else if (str_eq(word, STR("notices"))) {
        do_notices(s, rest);
    } else if (str_eq(word, STR("own"))) {
        scenario_own(s, rest);
    } else if (str_eq(word, STR("gone"))) {
        s->gone_after_us = scenario_time(s, scenario_word(&rest));
    } else if (str_eq(word, STR("play"))) {
        do_play(s, rest);
    } else if (str_eq(word, STR("flow"))) {
        do_flow(s, rest);
    } else if (str_eq(word, STR("start"))) {
        do_start(s);
    } else if (str_eq(word, STR("wait"))) {
        fake_loop_advance(s->loop, loop_now(s->loop) + scenario_time(s, scenario_word(&rest)));
    } else if (str_eq(word, STR("lag"))) {
        fake_loop_lag(s->loop, scenario_time(s, scenario_word(&rest)));
    } else if (str_eq(word, STR("expect"))) {
        scenario_expect(s, rest);
    } else {
        scenario_fail(s, "unknown word %.*s", STR_ARG(word));
    }
}

static void cleanup(struct scenario *s) {
    drop_exchange(s);
    for (size_t i = 0; i < SCENARIO_PARTNERS; i++)
        buf_cleanup(&s->answers[i]);
    for (size_t i = 0; i < SCENARIO_OWN_TEXTS; i++)
        buf_cleanup(&s->own_texts[i]);
    buf_cleanup(&s->request);
    buf_cleanup(&s->last_body);
    free((char *)s->client.ip.p);
    free((char *)s->client.ua.p);
    free((char *)s->client.language.p);
    free((char *)s->client.dnt.p);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: scenario FILE\n", stderr);
        return 2;
    }
    struct scenario s = {.file = argv[1]};
    FILE *file = fopen(argv[1], "r");
    if (!file) {
        perror(argv[1]);
        return 2;
    }
    buf_init(&s.request, 1 << 20);
    buf_init(&s.last_body, 1 << 20);
    for (size_t i = 0; i < SCENARIO_PARTNERS; i++)
        buf_init(&s.answers[i], 1 << 20);
    for (size_t i = 0; i < SCENARIO_OWN_TEXTS; i++)
        buf_init(&s.own_texts[i], 1 << 20);
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    unsigned expectations = 0;
    while ((n = getline(&line, &room, file)) > 0) {
        s.line++;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
            n--;
        struct str view = {line, (size_t)n};
        expectations += str_starts(view, STR("expect"));
        do_line(&s, view);
    }
    free(line);
    fclose(file);
    if (expectations == 0)
        scenario_fail(&s, "expects nothing");
    printf("%s: %u expectations held\n", argv[1], expectations);
    cleanup(&s);
    return 0;
}
