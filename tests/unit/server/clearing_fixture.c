/* An auction's end for tests; see clearing_fixture.h. */
#include "clearing_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scratch_file.h"

static struct currency_rates *load_rates(void) {
    static const char text[] = "{\"conversions\": {\"USD\": {\"EUR\": 0.5, \"JPY\": 100}}}";
    struct scratch_file file;
    char error[256];
    scratch_file_write(&file, text, sizeof text - 1);
    struct currency_rates *rates = currency_load(file.path, error, sizeof error);
    scratch_file_remove(&file);
    if (!rates)
        fail_msg("rates: %s", error);
    return rates;
}

void clearing_fixture_init(struct clearing_fixture *f, const char *request) {
    static const char *const names[FIXTURE_PARTNERS] = {"p0", "p1", "p2", "p3"};
    *f = (struct clearing_fixture){.count = 0};
    arena_pool_init(&f->pool, 4);
    arena_init(&f->arena, &f->pool, 64u << 20);
    buf_init(&f->out, 4u << 20);
    f->rates = load_rates();
    f->bids = calloc(FIXTURE_BIDS, sizeof *f->bids);
    assert_non_null(f->bids);
    for (size_t i = 0; i < FIXTURE_PARTNERS; i++)
        f->partners[i] = (struct config_partner){.media_types = MEDIA_ALL,
                                                 .name = str_from(names[i]),
                                                 .seat = str_from(names[i]),
                                                 .bid_adjustment = 1};
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    openrtb_parse_limits_default(&limits);
    limits.imps = 1000;
    limits.array_items = 100000;
    if (openrtb_request_parse(str_from(request), &limits, &f->arena, &f->request, &error) != 0)
        fail_msg("request: %s: %s\n%s", error.path, error.reason, request);
    f->rules = (struct bid_rules){
        .request = &f->request, .rates = f->rates, .answer_currency = STR("USD"), .markup_bytes = 65536};
}

void clearing_fixture_cleanup(struct clearing_fixture *f) {
    buf_cleanup(&f->out);
    arena_reset(&f->arena);
    arena_pool_cleanup(&f->pool);
    currency_destroy(f->rates);
    free(f->bids);
}

void clearing_fixture_answer(struct clearing_fixture *f, uint32_t partner, const char *answer) {
    struct openrtb_response_limits limits;
    struct openrtb_response response;
    struct openrtb_error error;
    openrtb_response_limits_default(&limits);
    limits.bids = FIXTURE_BIDS;
    limits.array_items = 100000;
    if (openrtb_response_parse(str_from(answer), &limits, &f->arena, &response, &error) != 0)
        fail_msg("answer: %s: %s\n%s", error.path, error.reason, answer);
    assert_true(f->count + response.bid_count <= FIXTURE_BIDS);
    for (size_t i = 0; i < response.bid_count; i++) {
        const struct openrtb_bid *in = &response.bids[i];
        f->bids[f->count++] =
            (struct bid){.in = in,
                         .partner = &f->partners[partner],
                         .partner_index = partner,
                         .seat = str_present(in->seat) ? in->seat : f->partners[partner].seat,
                         .cur = str_present(response.cur) ? response.cur : STR("USD")};
    }
}

size_t clearing_fixture_run(struct clearing_fixture *f) {
    bid_check_all(&f->rules, f->bids, f->count);
    return clearing_run(&f->rules, f->bids, f->count, 0.01);
}

const struct bid *clearing_fixture_bid(const struct clearing_fixture *f, const char *id) {
    for (size_t i = 0; i < f->count; i++)
        if (str_eq(f->bids[i].in->id, str_from(id)))
            return &f->bids[i];
    fail_msg("no bid %s", id);
    return NULL;
}

const char *clearing_fixture_text(struct clearing_fixture *f, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(&f->arena, (size_t)n + 1);
    assert_non_null(text);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
