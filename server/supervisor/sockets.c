/* Listening sockets; see sockets.h. */
#include "supervisor/sockets.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "http/listener.h"

static int open_listener(const struct supervisor *sv, struct str address, bool shared) {
    char error[256];
    int fd = listener_open(address, (int)sv->config->http.backlog, shared, error, sizeof error);
    if (fd < 0)
        log_error("supervisor", "listen address=%.*s: %s", STR_ARG(address), error);
    return fd;
}

/* With several front ends each has a SO_REUSEPORT socket of its own; a unix socket is shared by all. */
int sockets_open(struct supervisor *sv) {
    const struct str_list *listen = &sv->config->listen;
    uint32_t front_ends = sv->config->front_ends;
    sv->public_fds = malloc(front_ends * listen->count * sizeof *sv->public_fds);
    if (!sv->public_fds)
        return -1;
    for (size_t a = 0; a < listen->count; a++) {
        bool is_unix = str_starts(listen->items[a], STR("unix:"));
        for (uint32_t f = 0; f < front_ends; f++) {
            int *fd = &sv->public_fds[f * listen->count + a];
            *fd = is_unix && f > 0 ? sv->public_fds[a] : open_listener(sv, listen->items[a], front_ends > 1);
            if (*fd < 0)
                return -1;
        }
        char name[128];
        log_info("supervisor", "listening address=%s", listener_name(sv->public_fds[a], name, sizeof name));
    }
    for (size_t a = 0; a < sv->config->admin_listen.count; a++) {
        sv->admin_fds[a] = open_listener(sv, sv->config->admin_listen.items[a], false);
        if (sv->admin_fds[a] < 0)
            return -1;
        char name[128];
        log_info("supervisor", "admin listening address=%s",
                 listener_name(sv->admin_fds[a], name, sizeof name));
    }
    return 0;
}

void sockets_unlink(const struct str_list *addresses) {
    for (size_t a = 0; a < addresses->count; a++)
        if (str_starts(addresses->items[a], STR("unix:")))
            unlink(addresses->items[a].p + 5);
}

void sockets_close(const struct supervisor *sv, uint32_t kept) {
    size_t addresses = sv->config->listen.count;
    for (size_t a = 0; a < addresses; a++) {
        const int *column = sv->public_fds + a;
        int keep = kept < sv->config->front_ends ? column[kept * addresses] : -1;
        for (uint32_t f = 0; f < sv->config->front_ends; f++) {
            int fd = column[f * addresses];
            bool shared = f > 0 && fd == column[0];
            if (fd != keep && !shared)
                close(fd);
        }
    }
}

void sockets_close_all(const struct supervisor *sv) {
    sockets_close(sv, sv->config->front_ends);
    for (size_t a = 0; a < sv->config->admin_listen.count; a++)
        close(sv->admin_fds[a]);
}
