/* The `own` lines of a scenario: what the workers say of own campaigns; see scenario.h. */
#include <stdlib.h>

#include "scenario.h"

/* The value of KEY=VALUE when word has that key; p == NULL otherwise. */
static struct str value_of(struct str word, const char *key) {
    size_t n = strlen(key);
    if (word.n <= n || memcmp(word.p, key, n) != 0 || word.p[n] != '=')
        return (struct str){NULL, 0};
    return (struct str){word.p + n + 1, word.n - n - 1};
}

static double number(struct str text) {
    char copy[32] = "";
    memcpy(copy, text.p, text.n < sizeof copy ? text.n : sizeof copy - 1);
    return strtod(copy, NULL);
}

static bool set_text(struct scenario *s, struct answer_bid *bid, struct str word) {
    const struct {
        const char *key;
        struct str *text;
    } texts[] = {{"id", &bid->id},           {"campaign", &bid->campaign}, {"crid", &bid->crid},
                 {"adomain", &bid->adomain}, {"language", &bid->language}, {"cats", &bid->cats},
                 {"markup", &bid->markup}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct str value = value_of(word, texts[i].key);
        if (!str_present(value))
            continue;
        buf_clear(&s->own_texts[s->own_text_count % SCENARIO_OWN_TEXTS], SIZE_MAX);
        struct buf *copy = &s->own_texts[s->own_text_count++ % SCENARIO_OWN_TEXTS];
        for (size_t k = 0; k < value.n; k++) /* `;` is the line end between categories, `~` a space */
            buf_add_char(copy, value.p[k] == ';' ? '\n' : value.p[k] == '~' ? ' ' : value.p[k]);
        *texts[i].text = buf_view(copy);
        return true;
    }
    return false;
}

static bool set_number(struct answer_bid *bid, struct str word) {
    struct str value;
    if (str_present(value = value_of(word, "imp")))
        bid->imp = (uint32_t)number(value);
    else if (str_present(value = value_of(word, "deal")))
        bid->deal = (uint32_t)number(value);
    else if (str_present(value = value_of(word, "price")))
        bid->price = number(value);
    else if (str_present(value = value_of(word, "w")))
        bid->w = (int32_t)number(value);
    else if (str_present(value = value_of(word, "h")))
        bid->h = (int32_t)number(value);
    else if (str_present(value = value_of(word, "budget"))) /* in units of the table's currency */
        bid->daily_budget = (int64_t)(number(value) * 1e9);
    else if (str_present(value = value_of(word, "cattax")))
        bid->cattax = (uint32_t)number(value);
    else if (str_present(value = value_of(word, "attr")))
        bid->attr |= 1u << (unsigned)number(value);
    else if (str_present(value = value_of(word, "cur")) && value.n == 3)
        memcpy(bid->cur, value.p, 3);
    else if (str_eq(word, STR("media=video")))
        bid->media = TABLE_VIDEO;
    else if (str_eq(word, STR("media=native")))
        bid->media = TABLE_NATIVE;
    else
        return false;
    return true;
}

static void add_bid(struct scenario *s, struct fake_pool_script *script, struct str spec) {
    if (script->bid_count == FAKE_POOL_BIDS)
        scenario_fail(s, "too many own bids");
    struct answer_bid *bid = &script->bids[script->bid_count++];
    *bid = (struct answer_bid){.deal = TABLE_NONE,
                               .score = 0.001,
                               .pctr = 1,
                               .price = 1,
                               .cur = "USD",
                               .media = TABLE_BANNER,
                               .w = 300,
                               .h = 250,
                               .id = STR("ad-1"),
                               .campaign = STR("camp-1"),
                               .crid = STR("cr-1"),
                               .adomain = STR("own.example"),
                               .markup = STR("<b>own</b>")};
    while (spec.n) {
        struct str word = scenario_word(&spec);
        if (word.n && !set_number(bid, word) && !set_text(s, bid, word))
            scenario_fail(s, "own bid: %.*s", STR_ARG(word));
    }
}

void scenario_own(struct scenario *s, struct str rest) {
    if (!s->pool)
        scenario_fail(s, "the config has no campaigns.table");
    struct fake_pool_script script = {.serves = true};
    struct str word = scenario_word(&rest);
    if (str_eq(word, STR("none"))) {
        script.serves = false;
    } else if (str_eq(word, STR("full"))) {
        script.full = true;
    } else if (str_eq(word, STR("never"))) {
        script.never = true;
    } else {
        script.after_us = scenario_time(s, word);
        struct str what = scenario_word(&rest);
        script.dead = str_eq(what, STR("dead"));
        if (str_eq(what, STR("late")))
            script.status = ANSWER_LATE;
        else if (str_eq(what, STR("fault")))
            script.status = ANSWER_FAULT;
        else if (str_eq(what, STR("bids")))
            while (rest.n) {
                struct str part = scenario_part(&rest);
                if (part.n)
                    add_bid(s, &script, part);
            }
        else if (!script.dead)
            scenario_fail(s, "own: none, full, never, or AFTER dead, late, fault or bids");
    }
    fake_pool_script(s->pool, &script);
}
