/* One auction in full; see replay_show.h. */
#include "replay_show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "openrtb/openrtb_request.h"
#include "openrtb/openrtb_response.h"
#include "replay_call.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define WAIT_US    5000000

struct show {
    struct arena_pool pool;
    struct arena arena;
    struct openrtb_request request;
    struct buf plain_text, full_text; /* the two answers as they came */
    struct openrtb_response plain, full;
    double took_ms;
    bool colour;
};

static const char *paint(const struct show *show, const char *code) {
    return show->colour ? code : "";
}

/* ---- asking ---- */

/* The request with ext.prebid.returnallbids; a request that has an ext of its own goes out as it is. */
static void write_full_request(const struct show *show, struct buf *out) {
    struct str text = show->request.text;
    const char *brace = memchr(text.p, '{', text.n);
    if (brace && show->request.ext.count == 0 && !json_members_find(&show->request.members, STR("ext"))) {
        BUF_ADD_LIT(out, "{\"ext\":{\"prebid\":{\"returnallbids\":true}},");
        buf_add(out, brace + 1, text.n - (size_t)(brace + 1 - text.p));
    } else {
        buf_add_str(out, text);
    }
}

/* Status of the answer, -1 when it is none or can't be read; *response has no bids after a 204. */
static int ask(struct show *show, const char *url, struct str body, struct buf *text,
               struct openrtb_response *response) {
    struct openrtb_response_limits limits;
    struct openrtb_error reason;
    struct timespec before;
    struct timespec after;
    char error[200];
    openrtb_response_limits_default(&limits);
    clock_gettime(CLOCK_MONOTONIC, &before);
    int status = call_once(url, body, WAIT_US, text, error, sizeof error);
    clock_gettime(CLOCK_MONOTONIC, &after);
    show->took_ms =
        (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
    if (status < 0)
        fprintf(stderr, "slimbid-replay: %s\n", error);
    if (status == 204)
        return status;
    if (status == 200 &&
        openrtb_response_parse(buf_view(text), &limits, &show->arena, response, &reason) == 0)
        return status;
    if (status > 0)
        fprintf(stderr, "slimbid-replay: status %d: %.*s\n", status, (int)(text->n < 300 ? text->n : 300),
                text->n ? text->p : "");
    return -1;
}

static bool ask_both(struct show *show, const char *url) {
    struct buf body;
    buf_init(&body, ANSWER_MAX);
    write_full_request(show, &body);
    bool answered = !body.failed && ask(show, url, buf_view(&body), &show->full_text, &show->full) > 0 &&
                    ask(show, url, show->request.text, &show->plain_text, &show->plain) > 0;
    buf_cleanup(&body);
    return answered;
}

/* ---- printing ---- */

static void print_media(const struct openrtb_imp *imp) {
    if (imp->banner) {
        printf("banner");
        for (size_t i = 0; i < imp->banner->format_count && i < 4; i++)
            printf(" %dx%d", imp->banner->formats[i].w, imp->banner->formats[i].h);
        if (imp->banner->format_count == 0 && imp->banner->w > 0)
            printf(" %dx%d", imp->banner->w, imp->banner->h);
        printf(" ");
    }
    if (imp->video && imp->video->w > 0)
        printf("video %dx%d ", imp->video->w, imp->video->h);
    else if (imp->video)
        printf("video ");
    if (imp->audio)
        printf("audio ");
    if (imp->native)
        printf("native ");
}

static void print_imp(const struct show *show, const struct openrtb_imp *imp) {
    printf("\n  %simp %.*s%s  ", paint(show, "\033[1m"), STR_ARG(imp->id), paint(show, "\033[0m"));
    print_media(imp);
    if (imp->bidfloor > 0)
        printf(" floor %.2f %.*s", imp->bidfloor, STR_ARG(imp->bidfloorcur));
    if (imp->deal_count > 0)
        printf("  %zu deal%s%s", imp->deal_count, imp->deal_count > 1 ? "s" : "",
               imp->private_auction ? " (private)" : "");
    printf("\n");
}

/* Whether both are one bid: an exchange's own bids have new ids in each auction, so the creative tells too.
 */
static bool same_bid(const struct openrtb_bid *a, const struct openrtb_bid *b) {
    return str_eq(a->seat, b->seat) && str_eq(a->impid, b->impid) &&
           (str_eq(a->id, b->id) || (a->crid.n > 0 && str_eq(a->crid, b->crid)));
}

/* The bid among those that won in the auction without the others, or NULL. */
static const struct openrtb_bid *find_win(const struct show *show, const struct openrtb_bid *bid) {
    for (size_t i = 0; i < show->plain.bid_count; i++)
        if (same_bid(&show->plain.bids[i], bid))
            return &show->plain.bids[i];
    return NULL;
}

static void print_bid(const struct show *show, const struct openrtb_bid *bid) {
    const struct openrtb_bid *win = find_win(show, bid);
    struct str cur = show->full.cur.n > 0 ? show->full.cur : STR("USD");
    char size[24] = "";
    if (bid->w > 0 && bid->h > 0)
        snprintf(size, sizeof size, "%dx%d", bid->w, bid->h);
    printf("    %s%-10.*s %8.2f %.*s  %-9s %-18.*s", win ? paint(show, "\033[32m") : "", STR_ARG(bid->seat),
           bid->price, STR_ARG(cur), size, STR_ARG(bid->dealid.n > 0 ? bid->dealid : bid->crid));
    if (win)
        printf("  wins, pays %.2f", win->price);
    printf("%s\n", win ? paint(show, "\033[0m") : "");
}

static int compare_bids(const void *a, const void *b) {
    const struct openrtb_bid *const *x = a;
    const struct openrtb_bid *const *y = b;
    return (*x)->price > (*y)->price ? -1 : (*x)->price < (*y)->price;
}

static void print_bids(struct show *show, const struct openrtb_imp *imp) {
    size_t count = 0;
    const struct openrtb_bid **bids = arena_calloc(&show->arena, show->full.bid_count + 1, sizeof *bids);
    for (size_t i = 0; bids && i < show->full.bid_count; i++)
        if (str_eq(show->full.bids[i].impid, imp->id))
            bids[count++] = &show->full.bids[i];
    if (count == 0) {
        printf("    no bid\n");
        return;
    }
    qsort(bids, count, sizeof(const struct openrtb_bid *), compare_bids);
    for (size_t i = 0; i < count; i++)
        print_bid(show, bids[i]);
}

static void print_auction(struct show *show) {
    const struct openrtb_request *request = &show->request;
    struct str place = request->channel_domain.n > 0 ? request->channel_domain
                       : request->app_bundle.n > 0   ? request->app_bundle
                                                     : STR("an unnamed place");
    printf("%s%.*s%s on %.*s: %zu imp%s, %s price", paint(show, "\033[1m"), STR_ARG(request->id),
           paint(show, "\033[0m"), STR_ARG(place), request->imp_count, request->imp_count == 1 ? "" : "s",
           request->at == 1 ? "first" : "second");
    if (request->tmax > 0)
        printf(", tmax %d ms", request->tmax);
    printf("; took %.1f ms\n", show->took_ms);
    for (size_t i = 0; i < request->imp_count; i++) {
        print_imp(show, &request->imps[i]);
        print_bids(show, &request->imps[i]);
    }
}

int show_auction(const struct traffic *traffic, size_t index, const char *url) {
    struct show show = {.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
    struct openrtb_parse_limits limits;
    struct openrtb_error error;
    int status = 1;
    arena_pool_init(&show.pool, 16);
    arena_init(&show.arena, &show.pool, 16 << 20);
    buf_init(&show.plain_text, ANSWER_MAX);
    buf_init(&show.full_text, ANSWER_MAX);
    openrtb_parse_limits_default(&limits);
    if (index >= traffic->count) {
        fprintf(stderr, "slimbid-replay: there are %zu requests only\n", traffic->count);
    } else if (openrtb_request_parse(traffic->items[index].json, &limits, &show.arena, &show.request,
                                     &error) != 0) {
        fprintf(stderr, "slimbid-replay: %s: %s\n", error.path, error.reason);
    } else if (ask_both(&show, url)) {
        print_auction(&show);
        status = 0;
    }
    buf_cleanup(&show.plain_text);
    buf_cleanup(&show.full_text);
    arena_reset(&show.arena);
    arena_pool_cleanup(&show.pool);
    return status;
}
