/* What no row of the table can say alone: how values stand to each other; see config_reader.h. */
#include <stdio.h>

#include "config/config_reader.h"

static int check_orders(struct config_reader *reader) {
    const struct config *c = reader->config;
    const struct {
        const char *low_key;
        uint32_t low;
        const char *high_key;
        uint32_t high;
    } orders[] = {
        {"auction.tmax_min_ms", c->auction.tmax_min_ms, "auction.tmax_default_ms",
         c->auction.tmax_default_ms},
        {"auction.tmax_default_ms", c->auction.tmax_default_ms, "auction.tmax_max_ms",
         c->auction.tmax_max_ms},
        {"breaker.open_ms", c->breaker.open_ms, "breaker.open_max_ms", c->breaker.open_max_ms},
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++)
        if (orders[i].low > orders[i].high)
            return config_fail(reader, orders[i].low_key, "must be at most %s (%u), is %u",
                               orders[i].high_key, orders[i].high, orders[i].low);
    if (c->auction.reply_margin_ms >= c->auction.tmax_min_ms)
        return config_fail(reader, "auction.reply_margin_ms",
                           "must be less than auction.tmax_min_ms (%u), is %u", c->auction.tmax_min_ms,
                           c->auction.reply_margin_ms);
    return 0;
}

/* The same address twice can't be opened; port 0 is a new port each time. */
static int check_listeners(struct config_reader *reader) {
    const struct str_list *lists[] = {&reader->config->listen, &reader->config->admin_listen};
    static const char *const keys[] = {"listen", "admin_listen"};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (size_t at = 0; at < lists[i]->count; at++) {
            struct str address = lists[i]->items[at];
            bool taken = i == 1 && str_list_has(lists[0], address);
            for (size_t before = 0; before < at; before++)
                taken = taken || str_eq(lists[i]->items[before], address);
            if (!taken || str_ends(address, STR(":0")))
                continue;
            char key[CONFIG_KEY_BYTES];
            snprintf(key, sizeof key, "%s[%zu]", keys[i], at);
            return config_fail(reader, key, "\"%.*s\" is listed twice", STR_ARG(address));
        }
    }
    return 0;
}

static int check_partner_names(struct config_reader *reader) {
    const struct config *config = reader->config;
    for (uint32_t i = 0; i < config->partner_count; i++) {
        for (uint32_t before = 0; before < i; before++) {
            if (!str_ieq(config->partners[i].name, config->partners[before].name))
                continue;
            char key[CONFIG_KEY_BYTES];
            snprintf(key, sizeof key, "partners[%u].name", i);
            return config_fail(reader, key,
                               "\"%.*s\" is the name of partners[%u] already (case does not count)",
                               STR_ARG(config->partners[i].name), before);
        }
    }
    return 0;
}

static int check_queues(struct config_reader *reader) {
    const struct {
        const char *key;
        uint32_t bytes;
    } queues[] = {{"campaigns.job_queue_bytes", reader->config->campaigns.job_queue_bytes},
                  {"campaigns.answer_queue_bytes", reader->config->campaigns.answer_queue_bytes},
                  {"event_log.buffer_bytes", reader->config->event_log.buffer_bytes}};
    for (size_t i = 0; i < COUNT_OF(queues); i++)
        if (queues[i].bytes & (queues[i].bytes - 1))
            return config_fail(reader, queues[i].key, "must be a power of two, is %u", queues[i].bytes);
    return 0;
}

/* HTTP/2 is agreed on within TLS; in cleartext it is not spoken. */
static int check_http2(struct config_reader *reader) {
    const struct config *config = reader->config;
    for (uint32_t i = 0; i < config->partner_count; i++) {
        struct str url = config->partners[i].url;
        if (!config->partners[i].http2 || (url.n > 5 && str_ieq((struct str){url.p, 5}, STR("https"))))
            continue;
        char key[CONFIG_KEY_BYTES];
        snprintf(key, sizeof key, "partners[%u].http2", i);
        return config_fail(reader, key, "needs a url that starts with \"https://\"");
    }
    return 0;
}

int config_check(struct config_reader *reader) {
    if (check_orders(reader) != 0 || check_queues(reader) != 0 || check_listeners(reader) != 0 ||
        check_partner_names(reader) != 0 || check_http2(reader) != 0)
        return -1;
    return 0;
}
