/* Listening sockets from their written addresses; see listener.h. */
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } address;
    socklen_t size;
    bool wildcard; /* "*": all addresses of both families */
};

static bool parse_port(struct str s, in_port_t *port) {
    unsigned value = 0;
    if (s.n == 0 || s.n > 5)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        value = value * 10 + (unsigned)(s.p[i] - '0');
    }
    *port = htons((uint16_t)value);
    return value <= 65535;
}

static bool parse_unix(struct str path, struct endpoint *endpoint) {
    struct sockaddr_un *local = &endpoint->address.local;
    if (path.n < 2 || path.p[0] != '/' || path.n >= sizeof local->sun_path ||
        memchr(path.p, '\0', path.n) != NULL)
        return false;
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path.p, path.n);
    endpoint->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
    return true;
}

static void set_wildcard_v4(struct endpoint *endpoint, in_port_t port) {
    endpoint->address.v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_ANY)};
    endpoint->size = sizeof endpoint->address.v4;
}

static bool parse_inet(struct str host, in_port_t port, struct endpoint *endpoint) {
    char text[INET6_ADDRSTRLEN];
    bool bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (bracketed)
        host = (struct str){host.p + 1, host.n - 2};
    if (host.n >= sizeof text || memchr(host.p, '\0', host.n) != NULL)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (bracketed) {
        endpoint->address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        endpoint->size = sizeof endpoint->address.v6;
        return inet_pton(AF_INET6, text, &endpoint->address.v6.sin6_addr) == 1;
    }
    endpoint->address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    endpoint->size = sizeof endpoint->address.v4;
    return inet_pton(AF_INET, text, &endpoint->address.v4.sin_addr) == 1;
}

static bool parse_endpoint(struct str address, struct endpoint *endpoint) {
    memset(endpoint, 0, sizeof *endpoint);
    if (!str_present(address))
        return false;
    if (str_starts(address, STR("unix:")))
        return parse_unix((struct str){address.p + 5, address.n - 5}, endpoint);
    const char *colon = memrchr(address.p, ':', address.n);
    if (colon == NULL)
        return false;
    struct str host = {address.p, (size_t)(colon - address.p)};
    in_port_t port;
    if (!parse_port((struct str){colon + 1, address.n - host.n - 1}, &port))
        return false;
    if (!str_eq(host, STR("*")))
        return parse_inet(host, port, endpoint);
    endpoint->wildcard = true;
    endpoint->address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
    endpoint->size = sizeof endpoint->address.v6;
    return true;
}

bool listener_address_valid(struct str address) {
    struct endpoint endpoint;
    return parse_endpoint(address, &endpoint);
}

static int fail(int fd, char *error, size_t error_size, const char *what) {
    snprintf(error, error_size, "%s: %s", what, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_socket(struct endpoint *endpoint) {
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(endpoint->address.any.sa_family, type, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && endpoint->wildcard) {
        set_wildcard_v4(endpoint, endpoint->address.v6.sin6_port);
        fd = socket(AF_INET, type, 0);
    }
    return fd;
}

/* Removes the socket file that a dead process left; a live one answers the connect and stays. */
static bool clear_stale(const struct endpoint *endpoint) {
    const struct sockaddr_un *local = &endpoint->address.local;
    struct stat about;
    if (lstat(local->sun_path, &about) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(about.st_mode)) {
        errno = EEXIST;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, &endpoint->address.any, endpoint->size) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused)
        errno = EADDRINUSE;
    return refused && unlink(local->sun_path) == 0;
}

int listener_open(struct str address, int backlog, bool reuse_port, char *error, size_t error_size) {
    struct endpoint endpoint;
    const int on = 1, off = 0;
    if (!parse_endpoint(address, &endpoint)) {
        snprintf(error, error_size, "not an address: want 127.0.0.1:8080, [::1]:8080, *:8080 or unix:/path");
        return -1;
    }
    int fd = open_socket(&endpoint);
    if (fd < 0)
        return fail(fd, error, error_size, "socket");
    if (endpoint.address.any.sa_family == AF_UNIX) {
        if (!clear_stale(&endpoint))
            return fail(fd, error, error_size, "socket file");
    } else {
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
            return fail(fd, error, error_size, "SO_REUSEADDR");
        if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
            return fail(fd, error, error_size, "SO_REUSEPORT");
    }
    if (endpoint.address.any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, endpoint.wildcard ? &off : &on, sizeof on) != 0)
        return fail(fd, error, error_size, "IPV6_V6ONLY");
    if (bind(fd, &endpoint.address.any, endpoint.size) != 0)
        return fail(fd, error, error_size, "bind");
    if (listen(fd, backlog) != 0)
        return fail(fd, error, error_size, "listen");
    return fd;
}

const char *listener_name(int fd, char *out, size_t out_size) {
    struct endpoint endpoint;
    char host[INET6_ADDRSTRLEN] = "";
    memset(&endpoint, 0, sizeof endpoint);
    endpoint.size = sizeof endpoint.address;
    snprintf(out, out_size, "?");
    if (getsockname(fd, &endpoint.address.any, &endpoint.size) != 0)
        return out;
    switch (endpoint.address.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &endpoint.address.v4.sin_addr, host, sizeof host);
        snprintf(out, out_size, "%s:%u", host, ntohs(endpoint.address.v4.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &endpoint.address.v6.sin6_addr, host, sizeof host);
        snprintf(out, out_size, "[%s]:%u", host, ntohs(endpoint.address.v6.sin6_port));
        break;
    case AF_UNIX:
        snprintf(out, out_size, "unix:%s", endpoint.address.local.sun_path);
        break;
    default:
        break;
    }
    return out;
}
