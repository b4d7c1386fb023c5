/* GET /status, /readyz and /metrics, POST /reload; see admin.h. */
#include "admin/admin.h"

#include "admin/metrics.h"
#include "admin/metrics_ledger.h"
#include "admin/ready.h"

#define ADMIN_BODY_BYTES (4u << 20)
#define ADMIN_KEEP_BYTES 32768

void admin_init(struct admin *admin, const struct config *config, const struct stats *stats,
                const struct admin_calls *calls) {
    *admin = (struct admin){.config = config, .stats = stats, .calls = *calls};
    buf_init(&admin->out, ADMIN_BODY_BYTES);
}

void admin_cleanup(struct admin *admin) {
    buf_cleanup(&admin->out);
}

static void respond_text(struct http_exchange *exchange, int status, struct str extra_headers,
                         struct str body) {
    struct http_response response = {
        .status = status, .content_type = STR("text/plain"), .extra_headers = extra_headers, .body = body};
    http_exchange_respond(exchange, &response);
}

/* Says that it was asked for; the log and /status say how it ended. */
static void on_reload(struct admin *admin, struct http_exchange *exchange, enum http_method method) {
    const struct str none = {NULL, 0};
    if (method != HTTP_POST) {
        respond_text(exchange, 405, STR("Allow: POST\r\n"), STR("method not allowed\n"));
    } else if (!str_present(admin->config->campaigns.table)) {
        respond_text(exchange, 409, none, STR("campaigns.table is not set: there is nothing to reload\n"));
    } else {
        admin->calls.reload(admin->calls.ctx);
        respond_text(exchange, 202, none, STR("the ad table is read again; see table in /status\n"));
    }
}

static bool is_page(struct str path) {
    static const struct str pages[] = {STR_INIT("/metrics"), STR_INIT("/status"), STR_INIT("/readyz")};
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        if (str_eq(path, pages[i]))
            return true;
    return false;
}

/* Writes the page; returns its status. */
static int write_page(struct admin *admin, struct str path) {
    admin->calls.refresh(admin->calls.ctx);
    buf_clear(&admin->out, ADMIN_KEEP_BYTES);
    if (str_eq(path, STR("/readyz")))
        return ready_write(admin->config, admin->stats, admin->draining, &admin->out) ? 200 : 503;
    if (str_eq(path, STR("/metrics"))) {
        metrics_write(admin->config, admin->stats, &admin->out);
        metrics_ledger_write(admin->ledger, &admin->out);
    } else {
        metrics_write_status(admin->config, admin->stats, &admin->out);
    }
    return 200;
}

static void on_request(void *ctx, struct http_exchange *exchange) {
    struct admin *admin = ctx;
    const struct http_request *request = http_exchange_request(exchange);
    if (str_eq(request->path, STR("/reload"))) {
        on_reload(admin, exchange, request->method);
        return;
    }
    bool page = is_page(request->path);
    if (!page && request->method == HTTP_OTHER) {
        respond_text(exchange, 501, (struct str){NULL, 0}, STR("a method that is not served here\n"));
        return;
    }
    if (!page) {
        respond_text(exchange, 404, (struct str){NULL, 0},
                     STR("not found; try /status, /readyz, /metrics or POST /reload\n"));
        return;
    }
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        respond_text(exchange, 405, STR("Allow: GET, HEAD\r\n"), STR("method not allowed\n"));
        return;
    }
    int status = write_page(admin, request->path);
    if (admin->out.failed) {
        respond_text(exchange, 500, (struct str){NULL, 0}, STR("out of memory\n"));
        return;
    }
    bool metrics = str_eq(request->path, STR("/metrics"));
    struct http_response response = {.status = status,
                                     .content_type = metrics ? STR("text/plain; version=0.0.4; charset=utf-8")
                                                             : STR("application/json"),
                                     .extra_headers = STR("Cache-Control: no-store\r\n"),
                                     .body = buf_view(&admin->out)};
    http_exchange_respond(exchange, &response);
}

struct http_handler admin_handler(struct admin *admin) {
    return (struct http_handler){.on_request = on_request, .ctx = admin};
}
