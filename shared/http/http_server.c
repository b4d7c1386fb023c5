/* The server: listeners, accepting within its caps, the pools its connections share, its end. */
#include "http/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory_costs.h"
#include "http/http_conn.h"

enum {
    ACCEPT_RETRY_US = 50000,
    EVICT_IDLE_US = 1000000, /* who asks again so soon keeps its connection */
    EVICT_BATCH = 32
};

void http_server_options_default(struct http_server_options *options) {
    *options = (struct http_server_options){
        .limits = {.request_line_bytes = 8192,
                   .header_bytes = 16384,
                   .header_count = HTTP_MAX_HEADERS,
                   .body_bytes = 512u << 10,
                   .inflated_bytes = 1u << 20},
        .header_timeout_us = 10000000,
        .body_timeout_us = 10000000,
        .idle_timeout_us = 60000000,
        .write_timeout_us = 10000000,
        .max_requests_per_connection = 1000000,
        .max_connections = 10000,
        .unsent_bytes = 16u << 20,
        .gzip_min_bytes = 1024,
        .gzip_level = 1,
        .backlog_batch = 512,
        .overload_status = 503,
        .retry_after_s = 1,
    };
}

/* ---- pools ---- */

static struct inbox *make_inbox(const struct http_server *server) {
    struct inbox *inbox = malloc(INBOX_BYTES);
    if (inbox == NULL)
        return NULL;
    inbox->p = inbox->bytes;
    inbox->room = INBOX_OWN_ROOM;
    buf_init(&inbox->inflated, server->options.limits.inflated_bytes);
    return inbox;
}

struct inbox *server_take_inbox(struct http_server *server) {
    struct inbox *inbox = server->inboxes;
    uint64_t bytes = INBOX_BYTES + (inbox != NULL ? inbox->inflated.room : 0);
    if (!budget_charge(server->bodies, bytes))
        return NULL;
    if (LIKELY(inbox != NULL)) {
        server->inboxes = inbox->next;
        server->inbox_count--;
    } else {
        inbox = make_inbox(server);
        if (inbox == NULL) {
            budget_return(server->bodies, INBOX_BYTES);
            return NULL;
        }
    }
    inbox->start = 0;
    inbox->used = 0;
    inbox->read_us = 0;
    inbox->inflated.cap = server->options.limits.inflated_bytes;
    buf_charge_to(&inbox->inflated, server->bodies, 0);
    return inbox;
}

void server_give_inbox(struct http_server *server, struct inbox *inbox) {
    budget_return(server->bodies, INBOX_BYTES);
    if (UNLIKELY(inbox->p != inbox->bytes)) {
        budget_return(server->bodies, inbox->room);
        free(inbox->p);
        inbox->p = inbox->bytes;
        inbox->room = INBOX_OWN_ROOM;
    }
    if (server->inbox_count >= INBOX_KEEP || server->destroyed) {
        buf_cleanup(&inbox->inflated);
        free(inbox);
        return;
    }
    if (UNLIKELY(inbox->inflated.n > 0))
        buf_clear(&inbox->inflated, INFLATED_KEEP_BYTES);
    /* What is kept is charged again when it is used. */
    budget_return(server->bodies, buf_charged(&inbox->inflated));
    buf_charge_to(&inbox->inflated, NULL, 0);
    inbox->next = server->inboxes;
    server->inboxes = inbox;
    server->inbox_count++;
}

static struct http_conn *take_conn(struct http_server *server) {
    struct http_conn *conn = server->spare;
    if (conn == NULL)
        return calloc(1, sizeof *conn);
    server->spare = conn->next;
    server->spare_count--;
    memset(conn, 0, sizeof *conn);
    return conn;
}

static void give_conn(struct http_server *server, struct http_conn *conn) {
    if (server->spare_count >= CONN_KEEP || server->destroyed) {
        free(conn);
        return;
    }
    conn->next = server->spare;
    server->spare = conn;
    server->spare_count++;
}

/* ---- accepting ---- */

static void watch_listeners(struct http_server *server, bool accepting) {
    server->accept_paused = !accepting;
    for (struct server_listener *listener = server->listeners; listener != NULL; listener = listener->next)
        if (watch_set(listener->watch, accepting ? WATCH_READ : 0) != 0)
            log_error("http", "a listener can't be watched");
}

static void pause_accepting(struct http_server *server) {
    if (server->accept_paused)
        return;
    server->stats->accept_paused++;
    watch_listeners(server, false);
    if (timer_arm(&server->accept_timer, loop_now(server->loop) + ACCEPT_RETRY_US) != 0)
        log_error("http", "no memory for the accept timer");
}

static bool has_place(const struct http_server *server) {
    return server->stats->connections_open < server->options.max_connections &&
           budget_fits(server->connections, server->connection_bytes);
}

static void resume_accepting(struct http_server *server) {
    if (server->draining || !server->accept_paused || !has_place(server))
        return;
    timer_disarm(&server->accept_timer);
    watch_listeners(server, true);
}

/* Who waits in the backlog has something to ask; who has been silent for a while may have not. */
static void evict_idle(struct http_server *server) {
    uint64_t now = loop_now(server->loop);
    unsigned left = EVICT_BATCH;
    for (struct http_conn *conn = server->open, *next; conn != NULL && left > 0; conn = next) {
        next = conn->next;
        if (conn->state != CONN_IDLE || conn->inbox != NULL || now - conn->phase_us < EVICT_IDLE_US)
            continue;
        server->stats->evicted_idle++;
        left--;
        conn_close(conn);
    }
}

/* Memory that something else than a connection gave back is found here. */
static void on_accept_timer(void *ctx) {
    struct http_server *server = ctx;
    if (!server->draining && !budget_fits(server->connections, server->connection_bytes))
        evict_idle(server);
    resume_accepting(server);
    if (server->accept_paused && !server->draining &&
        timer_arm(&server->accept_timer, loop_now(server->loop) + ACCEPT_RETRY_US) != 0)
        log_error("http", "no memory for the accept timer");
}

static void set_peer(struct http_conn *conn, const struct sockaddr_storage *address) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    const char *text = NULL;
    if (address->ss_family == AF_INET)
        text =
            inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, conn->peer, CONN_PEER_BYTES);
    else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        text = inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], conn->peer, CONN_PEER_BYTES);
    else if (address->ss_family == AF_INET6)
        text = inet_ntop(AF_INET6, &v6->sin6_addr, conn->peer, CONN_PEER_BYTES);
    if (text == NULL)
        memcpy(conn->peer, "unix", sizeof "unix");
    conn->peer_bytes = (uint8_t)strlen(conn->peer);
}

static void add_conn(struct http_server *server, int fd, const struct sockaddr_storage *address) {
    const int on = 1;
    budget_charge_anyway(server->connections, server->connection_bytes); /* it has its place */
    struct http_conn *conn = take_conn(server);
    if (conn == NULL)
        goto fail;
    conn->server = server;
    conn->fd = fd;
    set_peer(conn, address);
    if (address->ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
                         sizeof on); /* without it answers are only slower */
    if (!conn_open(conn))
        goto fail;
    buf_charge_to(&conn->out, server->answers, 0);
    conn->next = server->open;
    if (server->open != NULL)
        server->open->prev = conn;
    server->open = conn;
    server->stats->connections_accepted++;
    server->stats->connections_open++;
    server->stats->connections_idle++;
    return;
fail:
    if (conn != NULL)
        give_conn(server, conn);
    server->stats->accept_errors++;
    budget_return(server->connections, server->connection_bytes);
    close(fd);
}

/* False when accepting stops for this turn. */
static bool accept_one(struct http_server *server, int listen_fd) {
    if (!has_place(server)) {
        pause_accepting(server);
        return false;
    }
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    int fd = accept4(listen_fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        add_conn(server, fd, &address);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EINTR:
    case ECONNABORTED:
        return true;
    default:
        break;
    }
    /* EMFILE, ENFILE, ENOBUFS, ENOMEM and what else: the client waits in the backlog until something is
     * freed. */
    server->stats->accept_errors++;
    log_warn("http", "accepting stopped reason=\"%s\" connections=%llu", strerror(errno),
             (unsigned long long)server->stats->connections_open);
    pause_accepting(server);
    return false;
}

static void on_acceptable(void *ctx, int fd, unsigned ready) {
    struct server_listener *listener = ctx;
    struct http_server *server = listener->server;
    (void)ready;
    for (int i = 0; i < server->options.backlog_batch; i++)
        if (!accept_one(server, fd))
            break;
}

int http_server_listen(struct http_server *server, int listen_fd) {
    const struct http_server_options *options = &server->options;
    if (options->listen_rcvbuf > 0 &&
        setsockopt(listen_fd, SOL_SOCKET, SO_RCVBUF, &options->listen_rcvbuf, sizeof(int)) != 0)
        return -1;
    if (options->listen_sndbuf > 0 &&
        setsockopt(listen_fd, SOL_SOCKET, SO_SNDBUF, &options->listen_sndbuf, sizeof(int)) != 0)
        return -1;
    struct server_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return -1;
    listener->server = server;
    listener->watch = watch_create(server->loop, listen_fd, on_acceptable, listener);
    bool accepting = !server->accept_paused && !server->draining;
    if (listener->watch == NULL || watch_set(listener->watch, accepting ? WATCH_READ : 0) != 0) {
        watch_destroy(listener->watch);
        free(listener);
        return -1;
    }
    listener->next = server->listeners;
    server->listeners = listener;
    return 0;
}

/* ---- connections that go on in the next turn ---- */

void server_go_on_later(struct http_server *server, struct http_conn *conn) {
    if (conn->pending)
        return;
    if (!timer_armed(&server->pending_timer) &&
        timer_arm(&server->pending_timer, loop_now(server->loop)) != 0) {
        conn_gone(conn);
        return;
    }
    conn->pending = true;
    conn->next_pending = NULL;
    *server->pending_tail = conn;
    server->pending_tail = &conn->next_pending;
}

static void on_pending(void *ctx) {
    struct http_server *server = ctx;
    struct http_conn *conn = server->pending;
    server->pending = NULL;
    server->pending_tail = &server->pending;
    server->depth++;
    while (conn != NULL) {
        struct http_conn *next = conn->next_pending;
        conn->pending = false;
        if (conn->state == CONN_CLOSED)
            server_bury(server, conn);
        else
            conn_go_on(conn);
        conn = next;
    }
    server->depth--;
}

/* ---- the end of connections and of the server ---- */

static void free_dead(struct http_server *server) {
    while (server->dead != NULL) {
        struct http_conn *conn = server->dead;
        server->dead = conn->next;
        give_conn(server, conn);
    }
}

static void free_server(struct http_server *server) {
    free_dead(server);
    while (server->spare != NULL) {
        struct http_conn *conn = server->spare;
        server->spare = conn->next;
        free(conn);
    }
    while (server->inboxes != NULL) {
        struct inbox *inbox = server->inboxes;
        server->inboxes = inbox->next;
        buf_cleanup(&inbox->inflated);
        free(inbox);
    }
    gzip_destroy(server->gzip);
    free(server->stage);
    buf_cleanup(&server->packed);
    free(server);
}

static void reap_later(struct http_server *server);

static void on_reap(struct deferred *self) {
    struct http_server *server = CONTAINER_OF(self, struct http_server, reap);
    server->reap_due = false;
    if (!server->destroyed)
        free_dead(server);
    else if (server->leave_due)
        reap_later(server); /* the loop still holds `leave` */
    else
        free_server(server);
}

static void reap_later(struct http_server *server) {
    if (server->reap_due)
        return;
    server->reap_due = true;
    loop_defer(server->loop, &server->reap);
}

static void unlink_open(struct http_server *server, struct http_conn *conn) {
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        server->open = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    server->stats->connections_open--;
    budget_return(server->connections, server->connection_bytes);
}

void server_bury(struct http_server *server, struct http_conn *conn) {
    /* One that is in the pending list comes here a second time, from there. */
    if (conn->fd != CONN_UNLINKED_FD) {
        unlink_open(server, conn);
        conn->fd = CONN_UNLINKED_FD;
    }
    if (!conn->pending) {
        conn->next = server->dead;
        server->dead = conn;
    }
    if (server->destroyed)
        return;
    if (!conn->pending)
        reap_later(server);
    resume_accepting(server);
}

static void set_budgets(struct http_server *server, struct budgets *budgets) {
    const struct http_server_options *options = &server->options;
    server->connection_bytes = MEMORY_CLIENT_BYTES + memory_socket_bytes((uint64_t)options->listen_rcvbuf,
                                                                         (uint64_t)options->listen_sndbuf);
    if (budgets == NULL)
        return;
    server->connections = &budgets->kinds[BUDGET_CONNECTIONS];
    server->bodies = &budgets->kinds[BUDGET_BODIES];
    server->answers = &budgets->kinds[BUDGET_ANSWERS];
}

struct http_server *http_server_create(struct loop *loop, const struct http_server_options *options,
                                       struct http_handler handler, struct http_server_stats *stats) {
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->loop = loop;
    server->options = *options;
    if (server->options.limits.header_count > HTTP_MAX_HEADERS)
        server->options.limits.header_count = HTTP_MAX_HEADERS;
    server->handler = handler;
    set_budgets(server, options->budgets);
    server->stats = stats;
    server->pending_tail = &server->pending;
    server->reap.fn = on_reap;
    server->date_second = -1;
    timer_init(&server->pending_timer, loop, on_pending, server);
    timer_init(&server->accept_timer, loop, on_accept_timer, server);
    buf_init(&server->packed, options->unsent_bytes);
    buf_charge_to(&server->packed, server->answers, PACKED_KEEP_BYTES);
    server->gzip = gzip_create();
    server->stage = malloc(SERVER_STAGE_BYTES);
    if (server->gzip == NULL || server->stage == NULL) {
        http_server_destroy(server);
        return NULL;
    }
    return server;
}

void http_server_drain(struct http_server *server) {
    server->draining = true;
    timer_disarm(&server->accept_timer);
    watch_listeners(server, false);
    for (struct http_conn *conn = server->open, *next; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->state == CONN_IDLE && conn->inbox == NULL)
            conn_close(conn);
    }
}

void http_server_destroy(struct http_server *server) {
    if (server == NULL || server->destroyed)
        return;
    out_leave(server);
    server->draining = true; /* nothing is resumed by what closes now */
    server->destroyed = true;
    timer_disarm(&server->pending_timer);
    timer_disarm(&server->accept_timer);
    while (server->listeners != NULL) {
        struct server_listener *listener = server->listeners;
        server->listeners = listener->next;
        watch_destroy(listener->watch);
        free(listener);
    }
    while (server->open != NULL)
        conn_gone(server->open);
    /* on_pending(), when it is on the stack, walks its own list and buries them itself. */
    while (server->pending != NULL) {
        struct http_conn *conn = server->pending;
        server->pending = conn->next_pending;
        conn->pending = false;
        server_bury(server, conn);
    }
    server->pending_tail = &server->pending;
    if (server->reap_due)
        return;
    if (server->depth > 0 || server->leave_due)
        reap_later(server);
    else
        free_server(server);
}
