/* The stub partner's requests and answers, in the order in which they happen; see partner_server.h. */
#include "partner/partner_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "http/gzip.h"
#include "http/http_server.h"
#include "openrtb/openrtb_request.h"
#include "partner/partner_answer.h"
#include "partner/partner_faces.h"
#include "partner/partner_notices.h"

#define ANSWER_MAX_BYTES   ((size_t)16 << 20)
#define VISIT_ARENA_BYTES  ((size_t)1 << 20)
#define HUGE_DEFAULT_BYTES ((uint64_t)1 << 30)
#define BOMB_DEFAULT_BYTES ((uint64_t)16 << 20)
#define BOMB_MAX_BYTES     ((uint64_t)1 << 30)
#define CUT_PROMISE_BYTES  1000  /* mode=cut promises that many bytes more than it sends */
#define CUT_WAIT_US        20000 /* so that what was sent is on its way before the reset */

struct visit;

struct partner_server {
    struct loop *loop;
    struct http_server *http;
    struct http_server_stats http_stats;
    struct faces faces;
    struct partner_notices notices;
    struct arena_pool pool;
    struct openrtb_parse_limits limits;
    struct buf answer;
    struct buf scratch;
    struct visit *free_visits;
    struct gzip *gzip;
    struct buf bomb;
    uint64_t bomb_bytes; /* inflated size of what `bomb` holds */
    uint64_t started_us;
    char block[65536]; /* what a huge answer is made of */
};

struct visit {
    struct partner_server *server;
    struct face_entry *entry;
    struct http_exchange *exchange;
    struct visit *next; /* in the free list */
    struct arena arena;
    struct timer timer;
    struct openrtb_request request;
    enum face_mode mode;
    uint64_t seed;
    struct str drip;    /* what still has to be dripped */
    uint64_t huge_left; /* bytes */
};

/* ---- visits ---- */

static void on_timer(void *ctx);
static void on_gone(void *ctx);

static struct visit *visit_begin(struct partner_server *server, struct face_entry *entry,
                                 struct http_exchange *exchange) {
    struct visit *visit = server->free_visits;
    if (visit) {
        server->free_visits = visit->next;
    } else {
        visit = calloc(1, sizeof *visit);
        if (!visit)
            return NULL;
        visit->server = server;
        arena_init(&visit->arena, &server->pool, VISIT_ARENA_BYTES);
        timer_init(&visit->timer, server->loop, on_timer, visit);
    }
    visit->entry = entry;
    visit->exchange = exchange;
    entry->counts.waiting++;
    return visit;
}

static void visit_end(struct visit *visit) {
    timer_disarm(&visit->timer);
    arena_reset(&visit->arena);
    visit->entry->counts.waiting--;
    visit->exchange = NULL;
    visit->next = visit->server->free_visits;
    visit->server->free_visits = visit;
}

static void on_gone(void *ctx) {
    struct visit *visit = ctx;
    visit->entry->counts.gone++;
    visit_end(visit);
}

/* Ends the visit with a whole answer. */
static void respond(struct visit *visit, struct http_response response) {
    struct http_exchange *exchange = visit->exchange;
    const struct face *face = &visit->entry->face;
    response.close |= face->close;
    response.never_gzip |= !face->gzip;
    http_exchange_respond(exchange, &response);
    visit_end(visit);
}

static void respond_simple(struct http_exchange *exchange, int status, struct str body) {
    struct http_response response = {.status = status, .content_type = STR("application/json"), .body = body};
    http_exchange_respond(exchange, &response);
}

static void wait_us(struct visit *visit, uint64_t us) {
    if (timer_arm(&visit->timer, loop_now(visit->server->loop) + us) == 0)
        return;
    http_exchange_reset(visit->exchange);
    visit_end(visit);
}

/* ---- answers that are not a plain bid response ---- */

static void send_huge(void *ctx) {
    struct visit *visit = ctx;
    struct partner_server *server = visit->server;
    while (visit->huge_left > 0) {
        size_t n = visit->huge_left < sizeof server->block ? (size_t)visit->huge_left : sizeof server->block;
        size_t waiting = http_exchange_send(visit->exchange, (struct str){server->block, n});
        if (waiting == SIZE_MAX)
            return; /* called again when it has drained */
        visit->huge_left -= n;
        if (waiting > 0)
            return;
    }
    http_exchange_end(visit->exchange);
    visit_end(visit);
}

static void begin_huge(struct visit *visit) {
    uint64_t bytes = visit->entry->face.bytes > 0 ? visit->entry->face.bytes : HUGE_DEFAULT_BYTES;
    struct http_response head = {.status = 200, .content_type = STR("application/json"), .never_gzip = true};
    visit->huge_left = bytes;
    http_exchange_begin(visit->exchange, &head, (int64_t)bytes, send_huge, visit);
    send_huge(visit);
}

static void drip_on(struct visit *visit) {
    const struct face *face = &visit->entry->face;
    size_t n = visit->drip.n < face->drip_bytes ? visit->drip.n : face->drip_bytes;
    size_t waiting = http_exchange_send(visit->exchange, (struct str){visit->drip.p, n});
    if (waiting != SIZE_MAX)
        visit->drip = (struct str){visit->drip.p + n, visit->drip.n - n};
    if (visit->drip.n > 0) {
        wait_us(visit, (uint64_t)face->drip_ms * 1000);
        return;
    }
    http_exchange_end(visit->exchange);
    visit_end(visit);
}

static void ignore_drained(void *ctx) {
    (void)ctx;
}

/* Keeps the answer in the visit, tells its length (plus `more`) and begins. False when it is over. */
static bool begin_pieces(struct visit *visit, struct str body, size_t more) {
    struct http_response head = {.status = 200, .content_type = STR("application/json"), .never_gzip = true};
    visit->drip = arena_dup(&visit->arena, body);
    if (!visit->drip.p) {
        http_exchange_reset(visit->exchange);
        visit_end(visit);
        return false;
    }
    http_exchange_begin(visit->exchange, &head, (int64_t)(body.n + more), ignore_drained, NULL);
    return true;
}

static void begin_cut(struct visit *visit, struct str body) {
    if (!begin_pieces(visit, body, CUT_PROMISE_BYTES))
        return;
    if (http_exchange_send(visit->exchange, visit->drip) == SIZE_MAX)
        visit->drip.n = 0;
    wait_us(visit, CUT_WAIT_US);
}

static void respond_garbage(struct visit *visit) {
    struct prng prng;
    char bytes[512];
    prng_seed(&prng, visit->seed);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)prng_next(&prng);
    respond(visit, (struct http_response){.status = 200,
                                          .content_type = STR("application/json"),
                                          .body = {bytes, sizeof bytes},
                                          .never_gzip = true});
}

/* Packs zeros once per size; what waits in `bomb` afterwards is about a thousandth of them. */
static bool pack_bomb(struct partner_server *server, uint64_t bytes) {
    if (server->bomb_bytes == bytes)
        return true;
    struct buf packed; /* zlib wants room for the worst case */
    char *zeros = calloc(1, bytes);
    buf_init(&packed, 2 * bytes + 1024);
    buf_clear(&server->bomb, 0);
    server->bomb_bytes = 0;
    if (zeros && gzip_deflate(server->gzip, (struct str){zeros, bytes}, 6, &packed) == GZIP_OK) {
        buf_add_str(&server->bomb, buf_view(&packed));
        server->bomb_bytes = server->bomb.failed ? 0 : bytes;
    }
    free(zeros);
    buf_cleanup(&packed);
    return server->bomb_bytes == bytes;
}

static void respond_bomb(struct visit *visit) {
    uint64_t bytes = visit->entry->face.bytes > 0 ? visit->entry->face.bytes : BOMB_DEFAULT_BYTES;
    if (!pack_bomb(visit->server, bytes < BOMB_MAX_BYTES ? bytes : BOMB_MAX_BYTES)) {
        respond(visit, (struct http_response){.status = 500});
        return;
    }
    respond(visit, (struct http_response){.status = 200,
                                          .content_type = STR("application/json"),
                                          .extra_headers = STR("Content-Encoding: gzip\r\n"),
                                          .body = buf_view(&visit->server->bomb),
                                          .never_gzip = true});
}

static void respond_redirect(struct visit *visit) {
    char location[FACE_NAME_MAX + 32];
    int n = snprintf(location, sizeof location, "Location: /%.*s\r\n", STR_ARG(visit->entry->name));
    respond(visit, (struct http_response){.status = 302, .extra_headers = {location, (size_t)n}});
}

static void respond_nbr(struct visit *visit) {
    struct buf *out = &visit->server->answer;
    buf_clear(out, ANSWER_MAX_BYTES);
    BUF_ADD_LIT(out, "{\"id\":");
    buf_add_json_string(out, visit->request.id);
    BUF_ADD_LIT(out, ",\"nbr\":0}");
    respond(visit, (struct http_response){
                       .status = 200, .content_type = STR("application/json"), .body = buf_view(out)});
}

/* ---- the answer with bids, good or wrong in a field ---- */

/* The bid response in server->answer; false when there is no bid. */
static bool write_answer(struct visit *visit) {
    struct partner_server *server = visit->server;
    struct answer_input input = {
        .face = &visit->entry->face,
        .name = visit->entry->name,
        .mode = visit->mode,
        .host = http_exchange_request(visit->exchange)->host,
        .seed = visit->seed,
        .scratch = &server->scratch,
        .request = &visit->request,
    };
    buf_clear(&server->answer, ANSWER_MAX_BYTES);
    unsigned bids = answer_write(&input, &server->answer);
    if (bids == 0 || server->answer.failed)
        return false;
    visit->entry->counts.bids += bids;
    return true;
}

static void respond_bids(struct visit *visit) {
    struct partner_server *server = visit->server;
    if (!write_answer(visit)) {
        visit->entry->counts.no_bids++;
        respond(visit, (struct http_response){.status = 204});
    } else if (visit->mode == FACE_DRIP) {
        if (begin_pieces(visit, buf_view(&server->answer), 0))
            drip_on(visit);
    } else if (visit->mode == FACE_CUT) {
        begin_cut(visit, buf_view(&server->answer));
    } else {
        respond(visit, (struct http_response){
                           .status = 200,
                           .content_type = STR("application/json"),
                           .extra_headers = visit->mode == FACE_BAD_GZIP ? STR("Content-Encoding: gzip\r\n")
                                                                         : (struct str){NULL, 0},
                           .body = buf_view(&server->answer),
                           .never_gzip = visit->mode == FACE_BAD_GZIP,
                       });
    }
}

static void respond_by_mode(struct visit *visit) {
    switch (visit->mode) {
    case FACE_NEVER:
        break; /* until the client leaves */
    case FACE_NO_BID:
        respond(visit, (struct http_response){.status = 204});
        break;
    case FACE_NBR:
        respond_nbr(visit);
        break;
    case FACE_EMPTY:
        respond(visit, (struct http_response){.status = 200, .content_type = STR("application/json")});
        break;
    case FACE_HUGE:
        begin_huge(visit);
        break;
    case FACE_GARBAGE:
        respond_garbage(visit);
        break;
    case FACE_NOT_JSON:
        respond(visit,
                (struct http_response){.status = 200,
                                       .content_type = STR("text/html"),
                                       .body = STR("<!DOCTYPE html><title>Welcome</title><p>It works.\n")});
        break;
    case FACE_GZIP_BOMB:
        respond_bomb(visit);
        break;
    case FACE_RESET:
        http_exchange_reset(visit->exchange);
        visit_end(visit);
        break;
    case FACE_ERROR:
        respond(visit, (struct http_response){.status = 500});
        break;
    case FACE_REDIRECT:
        respond_redirect(visit);
        break;
    case FACE_BID:
    case FACE_DRIP:
    case FACE_CUT:
    case FACE_WRONG_IMP:
    case FACE_WRONG_ID:
    case FACE_DUPLICATE:
    case FACE_WRONG_CUR:
    case FACE_WRONG_SIZE:
    case FACE_HIGH_PRICE:
    case FACE_NEGATIVE:
    case FACE_INSECURE:
    case FACE_BAD_GZIP:
        respond_bids(visit);
        break;
    case FACE_MODES:
        break;
    }
}

/* The delay is over, the next drip is due, or a cut answer is on its way. */
static void on_timer(void *ctx) {
    struct visit *visit = ctx;
    if (!visit->drip.p) {
        respond_by_mode(visit);
    } else if (visit->mode == FACE_DRIP) {
        drip_on(visit);
    } else {
        http_exchange_reset(visit->exchange);
        visit_end(visit);
    }
}

/* ---- requests ---- */

static void take_bid_request(struct visit *visit, const struct http_request *http) {
    struct partner_server *server = visit->server;
    struct face_entry *entry = visit->entry;
    struct openrtb_error error;
    entry->counts.requests++;
    if (openrtb_request_parse(http->body, &server->limits, &visit->arena, &visit->request, &error) != 0) {
        char text[sizeof error.path + sizeof error.reason + 8];
        int n = snprintf(text, sizeof text, "%s: %s\n", error.path, error.reason);
        entry->counts.bad_requests++;
        respond(visit, (struct http_response){
                           .status = 400, .content_type = STR("text/plain"), .body = {text, (size_t)n}});
        return;
    }
    entry->counts.imps += visit->request.imp_count;
    visit->seed = hash_bytes(visit->request.id, entry->seed);
    visit->drip = (struct str){NULL, 0};
    struct prng prng;
    prng_seed(&prng, visit->seed);
    double delay_ms = distribution_draw(&entry->face.delay, &prng);
    visit->mode = prng_double(&prng) < entry->face.share ? entry->face.mode : FACE_BID;
    entry->counts.misbehaved += visit->mode != FACE_BID;
    http_exchange_on_gone(visit->exchange, on_gone, visit);
    if (delay_ms > 0)
        wait_us(visit, (uint64_t)(delay_ms * 1000));
    else
        respond_by_mode(visit);
}

static void respond_status(struct partner_server *server, struct http_exchange *exchange) {
    struct buf *out = &server->answer;
    buf_clear(out, ANSWER_MAX_BYTES);
    buf_printf(out,
               "{\"uptime_s\":%.3f,\"requests\":%" PRIu64 ",\"connections_accepted\":%" PRIu64
               ",\"connections_open\":%" PRIu64 ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64
               ",\"faces\":",
               (double)(loop_now(server->loop) - server->started_us) / 1e6, server->http_stats.requests,
               server->http_stats.connections_accepted, server->http_stats.connections_open,
               server->http_stats.bytes_in, server->http_stats.bytes_out);
    faces_write_status(&server->faces, out);
    BUF_ADD_LIT(out, "}\n");
    respond_simple(exchange, 200, buf_view(out));
}

static void respond_notices(struct partner_server *server, struct http_exchange *exchange) {
    buf_clear(&server->answer, ANSWER_MAX_BYTES);
    partner_notices_write(&server->notices, &server->answer);
    respond_simple(exchange, 200, buf_view(&server->answer));
}

static void on_request(void *ctx, struct http_exchange *exchange) {
    struct partner_server *server = ctx;
    const struct http_request *http = http_exchange_request(exchange);
    char error[FACE_SPEC_MAX + 64];
    if (http->method == HTTP_GET && str_eq(http->path, STR("/status"))) {
        respond_status(server, exchange);
        return;
    }
    if (http->method == HTTP_GET && str_eq(http->path, STR(NOTICES_PATH))) {
        respond_notices(server, exchange);
        return;
    }
    if (http->method == HTTP_GET && str_eq(http->path, STR(NOTICE_PATH))) {
        partner_notices_add(&server->notices, http->target);
        http_exchange_respond(exchange, &(struct http_response){.status = 204});
        return;
    }
    if (http->method != HTTP_POST) {
        respond_simple(exchange, 405, STR("a bid request is a POST to /NAME\n"));
        return;
    }
    struct face_entry *entry = faces_find(&server->faces, http->path, http->query, error, sizeof error);
    if (!entry) {
        respond_simple(exchange, 404, str_from(error));
        return;
    }
    struct visit *visit = visit_begin(server, entry, exchange);
    if (!visit) {
        respond_simple(exchange, 503, STR("out of memory\n"));
        return;
    }
    take_bid_request(visit, http);
}

/* ---- life ---- */

struct partner_server *partner_server_create(struct loop *loop, const struct partner_server_options *options,
                                             char *error, size_t error_size) {
    struct partner_server *server = calloc(1, sizeof *server);
    struct http_server_options http_options;
    snprintf(error, error_size, "out of memory");
    if (!server)
        return NULL;
    server->loop = loop;
    server->started_us = loop_now(loop);
    arena_pool_init(&server->pool, 1024);
    openrtb_parse_limits_default(&server->limits);
    buf_init(&server->answer, ANSWER_MAX_BYTES);
    buf_init(&server->scratch, 1 << 20);
    buf_init(&server->bomb, 8 << 20);
    memset(server->block, ' ', sizeof server->block);
    if (faces_init(&server->faces, options->seed, options->faces, options->face_count, error, error_size) !=
        0)
        goto fail;
    http_server_options_default(&http_options);
    http_options.max_connections = options->max_connections;
    http_options.max_requests_per_connection = UINT64_MAX;
    http_options.limits.body_bytes = 1 << 20;
    http_options.limits.inflated_bytes = 4 << 20;
    server->gzip = gzip_create();
    server->http = http_server_create(loop, &http_options,
                                      (struct http_handler){.on_request = on_request, .ctx = server},
                                      &server->http_stats);
    if (!server->gzip || !server->http)
        goto fail;
    return server;
fail:
    partner_server_destroy(server);
    return NULL;
}

int partner_server_listen(struct partner_server *server, int listen_fd) {
    return http_server_listen(server->http, listen_fd);
}

void partner_server_destroy(struct partner_server *server) {
    if (!server)
        return;
    http_server_destroy(server->http); /* tells every visit that its client is gone */
    while (server->free_visits) {
        struct visit *visit = server->free_visits;
        server->free_visits = visit->next;
        free(visit);
    }
    faces_cleanup(&server->faces);
    gzip_destroy(server->gzip);
    buf_cleanup(&server->answer);
    buf_cleanup(&server->scratch);
    buf_cleanup(&server->bomb);
    arena_pool_cleanup(&server->pool);
    free(server);
}
