/*
 * libcurl's sockets and its timer, in our loop.
 *
 * libcurl forgets a socket at the end of each transfer and asks for it again at the next one, which would be
 * two epoll_ctl() a transfer on a kept connection. So a watch lives as long as its descriptor (libcurl opens
 * and closes it through us) and stays registered for reading while the connection is idle. If an idle
 * connection becomes readable, its peer closed it or speaks out of turn: the watch is paused, and libcurl
 * finds out that it is closed when it looks at the connection before the next use. What was said out of turn
 * over plain HTTP/1.1 libcurl 7.88 would take for the next answer: we shut such a connection down. (Over TLS
 * and HTTP/2 a peer may speak at any time.)
 *
 * libcurl asks for a call "at once" with each transfer added; these are gathered and answered once, at the
 * end of the loop's turn. Its other time-outs only ever move our timer forward: firing early is harmless,
 * re-arming at each transfer is not needed.
 */
#include "outbound/outbound_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAR_US 3600000000u /* the timer's place when libcurl wants none */

struct socket_link {
    struct outbound *outbound;
    struct outbound_target *target; /* NULL: it is gone */
    struct watch *watch;
    int fd;
    bool tls;
    unsigned wanted;  /* by libcurl; 0: the connection is idle */
    unsigned watched; /* in the kernel */
    uint64_t idle_since_us;
    bool shut; /* by us, while idle */
};

/* Bytes came while nobody waited, or the end of the connection. */
static void idle_ready(struct socket_link *link) {
    char unasked[4096];
    if (!link->tls && recv(link->fd, unasked, sizeof unasked, MSG_DONTWAIT) > 0) {
        shutdown(link->fd, SHUT_RDWR);
        while (recv(link->fd, unasked, sizeof unasked, MSG_DONTWAIT) > 0)
            continue; /* what had come before; libcurl must see the end, not bytes */
    }
    link->watched = 0;
    if (watch_set(link->watch, 0) != 0)
        link->watched = WATCH_READ;
}

static void on_ready(void *ctx, int fd, unsigned ready) {
    struct socket_link *link = ctx;
    struct outbound *outbound = link->outbound;
    if (!link->wanted) {
        idle_ready(link);
        return;
    }
    int bits = (ready & WATCH_READ ? CURL_CSELECT_IN : 0) | (ready & WATCH_WRITE ? CURL_CSELECT_OUT : 0);
    int running = 0;
    outbound_enter(outbound);
    curl_multi_socket_action(outbound->multi, fd, bits, &running);
    outbound_deliver(outbound);
    outbound_leave(outbound);
}

static struct socket_link *link_of(struct outbound *outbound, curl_socket_t fd) {
    return fd >= 0 && (size_t)fd < outbound->link_room ? outbound->links[fd] : NULL;
}

static bool links_grow(struct outbound *outbound, size_t fd) {
    if (fd < outbound->link_room)
        return true;
    size_t room = outbound->link_room ? outbound->link_room : 64;
    while (room <= fd)
        room *= 2;
    struct socket_link **links = realloc(outbound->links, room * sizeof(struct socket_link *));
    if (!links)
        return false;
    memset(links + outbound->link_room, 0, (room - outbound->link_room) * sizeof(struct socket_link *));
    outbound->links = links;
    outbound->link_room = room;
    return true;
}

static void link_destroy(struct outbound *outbound, curl_socket_t fd) {
    struct socket_link *link = link_of(outbound, fd);
    if (!link)
        return;
    outbound->links[fd] = NULL;
    watch_destroy(link->watch);
    outbound_charge_closed(outbound, link->target, link->tls);
    free(link);
}

static struct socket_link *link_create(struct outbound_target *target, int fd) {
    struct outbound *outbound = target->outbound;
    struct socket_link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->outbound = outbound;
    link->fd = fd;
    link->target = target;
    link->tls = target->tls;
    link->watch = watch_create(outbound->loop, fd, on_ready, link);
    if (!link->watch || !links_grow(outbound, (size_t)fd)) {
        watch_destroy(link->watch);
        free(link);
        return NULL;
    }
    outbound->links[fd] = link;
    return link;
}

/* Without it the kernel would take megabytes of a partner that sends without end, before we read them. */
static void limit_buffers(const struct outbound *outbound, int fd) {
    int bytes = outbound->socket_buffer;
    if (bytes == 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); /* what fails leaves the default */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void outbound_limit_sockets(struct outbound *outbound, int buffer_bytes) {
    outbound->socket_buffer = buffer_bytes;
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    struct outbound_call *call = ctx;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    if (fd < 0) {
        call->starved = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return CURL_SOCKET_BAD;
    }
    limit_buffers(call->target->outbound, fd);
    /* libcurl 7.88 closes the socket of a connection that never came up by itself, without on_close(): what
     * was known of it is found when its number comes again. */
    link_destroy(call->target->outbound, fd);
    if (!link_create(call->target, fd)) {
        call->starved = true;
        close(fd);
        return CURL_SOCKET_BAD;
    }
    call->target->stats.connections_opened++;
    outbound_charge_opened(call->target);
    return fd;
}

static int on_close(void *ctx, curl_socket_t fd) {
    link_destroy(ctx, fd);
    return close(fd);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
    (void)easy;
    (void)socket_ctx;
    struct outbound *outbound = ctx;
    struct socket_link *link = link_of(outbound, fd);
    if (!link)
        return 0;
    if (link->wanted)
        link->idle_since_us = loop_now(outbound->loop);
    link->wanted = 0;
    if (what != CURL_POLL_REMOVE)
        link->wanted = (what & CURL_POLL_IN ? WATCH_READ : 0u) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0u);
    unsigned watched = link->wanted ? link->wanted : link->watched & WATCH_READ;
    if (watched == link->watched)
        return 0;
    if (watch_set(link->watch, watched) != 0) {
        link->watched = 0;
        return -1; /* libcurl gives the transfer up */
    }
    link->watched = watched;
    return 0;
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *ctx) {
    (void)multi;
    struct outbound *outbound = ctx;
    if (timeout_ms < 0)
        return 0;
    if (timeout_ms == 0) {
        outbound->curl_due = true;
        outbound_turn_later(outbound);
        return 0;
    }
    uint64_t at_us = loop_now(outbound->loop) + (uint64_t)timeout_ms * 1000u;
    if (timer_armed(&outbound->curl_timer) && outbound->curl_timer.at_us <= at_us)
        return 0;
    return timer_arm(&outbound->curl_timer, at_us);
}

static void on_curl_timer(void *ctx) {
    struct outbound *outbound = ctx;
    /* Its place in the heap became free a moment ago. */
    if (timer_arm(&outbound->curl_timer, loop_now(outbound->loop) + FAR_US) != 0)
        return;
    int running = 0;
    outbound_enter(outbound);
    curl_multi_socket_action(outbound->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    outbound_deliver(outbound);
    outbound_leave(outbound);
}

void outbound_sockets_orphan(struct outbound_target *target) {
    struct outbound *outbound = target->outbound;
    for (size_t fd = 0; fd < outbound->link_room; fd++)
        if (outbound->links[fd] && outbound->links[fd]->target == target)
            outbound->links[fd]->target = NULL;
    outbound_charge_orphans(target);
}

/* libcurl finds a connection that was shut dead, and frees it, at the start of some later transfer. */
void outbound_sockets_housekeep(struct outbound *outbound, bool crowded) {
    uint64_t now = loop_now(outbound->loop);
    bool odd = false;
    for (size_t fd = 0; fd < outbound->link_room; fd++) {
        struct socket_link *link = outbound->links[fd];
        if (!link || link->wanted || link->shut || !link->idle_since_us)
            continue;
        uint64_t most_us = link->target ? link->target->options.idle_connection_us : 0;
        odd = !odd;
        if (now - link->idle_since_us <= most_us && !(crowded && odd))
            continue;
        shutdown((int)fd, SHUT_RDWR);
        link->shut = true;
    }
}

int outbound_sockets_init(struct outbound *outbound) {
    timer_init(&outbound->curl_timer, outbound->loop, on_curl_timer, outbound);
    if (timer_arm(&outbound->curl_timer, loop_now(outbound->loop) + FAR_US) != 0)
        return -1;
    CURLM *multi = outbound->multi;
    if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, outbound) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, outbound) != CURLM_OK)
        return -1;
    return 0;
}

void outbound_sockets_cleanup(struct outbound *outbound) {
    timer_disarm(&outbound->curl_timer);
    for (size_t fd = 0; fd < outbound->link_room; fd++)
        if (outbound->links[fd])
            link_destroy(outbound, (curl_socket_t)fd); /* libcurl has closed them all */
    free(outbound->links);
    outbound->links = NULL;
    outbound->link_room = 0;
}

void outbound_sockets_set(struct outbound_call *call) {
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETDATA, call->target->outbound);
}
