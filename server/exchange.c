/* Setting up what auctions share; see exchange.h. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "auction.h"
#include "base/budget.h"
#include "base/hash.h"

#define ARENA_CHUNKS_KEPT 64         /* 512 KiB between storms */
#define SCRATCH_SPARED    65536      /* of each scratch buffer: it lasts as long as the process */
#define ANSWER_BYTES      (4u << 20) /* the largest bid response that leaves */

int exchange_init(struct exchange *exchange, const struct config *config, struct loop *loop,
                  struct outbound *outbound, struct stats_slot *stats, char *error, size_t error_size) {
    *exchange = (struct exchange){.config = config, .loop = loop, .stats = stats};
    arena_pool_init(&exchange->arenas, ARENA_CHUNKS_KEPT);
    buf_init(&exchange->added_device, 4096);
    buf_init(&exchange->shared, (size_t)config->http.inflated_bytes + 8192);
    buf_init(&exchange->answer, ANSWER_BYTES);
    /* Hashed, lest front ends that start one after the other give the same ids. */
    const uint64_t start[] = {(uint64_t)time(NULL), (uint64_t)getpid()};
    exchange->id_seed = hash_bytes((struct str){(const char *)start, sizeof start}, 0);
    const struct admission_options admission = {
        .enabled = config->admission.enabled,
        .target_us = (uint64_t)config->admission.target_ms * 1000,
        .interval_us = (uint64_t)config->admission.interval_ms * 1000,
        .longest_us = (uint64_t)config->auction.tmax_max_ms * 1000,
    };
    admission_init(&exchange->admission, &admission, &stats->admission);
    exchange->request_limits = (struct openrtb_parse_limits){
        .depth = config->openrtb.depth,
        .imps = config->openrtb.imps,
        .array_items = config->openrtb.array_items,
        .object_members = config->openrtb.object_members,
        .string_bytes = config->openrtb.string_bytes,
    };
    openrtb_response_limits_default(&exchange->response_limits);
    exchange->response_limits.depth = config->openrtb.depth;
    exchange->response_limits.array_items = config->openrtb.array_items;
    exchange->response_limits.object_members = config->openrtb.object_members;
    exchange->own = (struct config_partner){.name = config->campaigns.seat,
                                            .seat = config->campaigns.seat,
                                            .enabled = true,
                                            .media_types = MEDIA_ALL,
                                            .bid_adjustment = 1};
    if (str_present(config->campaigns.table)) {
        exchange->own_job = malloc(sizeof *exchange->own_job);
        if (!exchange->own_job) {
            snprintf(error, error_size, "out of memory");
            return -1;
        }
    }
    if (str_present(config->auction.currency_file)) {
        exchange->rates = currency_load(config->auction.currency_file.p, error, error_size);
        if (!exchange->rates)
            return -1;
    }
    return partner_set_init(&exchange->partners, config, outbound, stats, loop_now(loop), error, error_size);
}

void exchange_charge_to(struct exchange *exchange, struct budgets *budgets) {
    struct budget *answers = &budgets->kinds[BUDGET_ANSWERS];
    exchange->budgets = budgets;
    exchange->arenas.budget = &budgets->kinds[BUDGET_ARENAS];
    buf_charge_to(&exchange->answer, answers, SCRATCH_SPARED);
    buf_charge_to(&exchange->shared, answers, SCRATCH_SPARED);
}

void exchange_cleanup(struct exchange *exchange) {
    partner_set_cleanup(&exchange->partners);
    auction_free_spares(exchange);
    currency_destroy(exchange->rates);
    exchange->rates = NULL;
    free(exchange->own_job);
    exchange->own_job = NULL;
    buf_cleanup(&exchange->added_device);
    buf_cleanup(&exchange->shared);
    buf_cleanup(&exchange->answer);
    arena_pool_cleanup(&exchange->arenas);
}
