/* Names looked up ahead of time; see resolver.h. The one place that uses evdns. */
#include "outbound/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/log.h"

#define RETRY_FIRST_US  500000u /* after a failed lookup; doubled up to the interval */
#define ADDRESSES_BYTES (RESOLVER_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3))

struct resolver {
    struct loop *loop;
    struct evdns_base *dns;
};

/* A query under way. It outlives its name when that is unwatched meanwhile: evdns calls back later. */
struct lookup {
    struct resolver_name *name; /* NULL: nobody waits */
    struct evdns_getaddrinfo_request *request;
};

struct resolver_name {
    struct resolver *resolver;
    char *host;
    uint64_t interval_us;
    uint64_t retry_us;
    struct timer timer;
    struct lookup *lookup;
    uint32_t version;
    char addresses[ADDRESSES_BYTES];
};

struct resolver *resolver_create(struct loop *loop) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver)
        return NULL;
    resolver->loop = loop;
    resolver->dns = evdns_base_new(loop_event_base(loop), 0);
    if (!resolver->dns) {
        free(resolver);
        return NULL;
    }
    /* Without resolv.conf the names of /etc/hosts still work. */
    if (evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf") != 0)
        log_info("resolver", "no usable /etc/resolv.conf");
    return resolver;
}

void resolver_destroy(struct resolver *resolver) {
    if (!resolver)
        return;
    evdns_base_free(resolver->dns, 1);
    free(resolver);
}

/* Writes the list in the order given; false when it holds nothing usable. */
static bool addresses_write(const struct evutil_addrinfo *list, char *out, size_t out_size) {
    size_t n = 0;
    unsigned count = 0;
    out[0] = 0;
    for (const struct evutil_addrinfo *a = list; a && count < RESOLVER_ADDRESSES_MAX; a = a->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *address;
        if (a->ai_family == AF_INET)
            address = &((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
        else if (a->ai_family == AF_INET6)
            address = &((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr;
        else
            continue;
        if (!inet_ntop(a->ai_family, address, text, sizeof text))
            continue;
        bool six = a->ai_family == AF_INET6;
        int written = snprintf(out + n, out_size - n, "%s%s%s%s", count ? "," : "", six ? "[" : "", text,
                               six ? "]" : "");
        if (written < 0 || (size_t)written >= out_size - n) {
            out[n] = 0;
            break;
        }
        n += (size_t)written;
        count++;
    }
    return count > 0;
}

static void arm(struct resolver_name *name, uint64_t wait_us) {
    /* The timer's place in the heap was its own until a moment ago; if it is lost all the same, the last good
     * addresses stay. */
    if (timer_arm(&name->timer, loop_now(name->resolver->loop) + wait_us) != 0)
        log_error("resolver", "out of memory: %s is not refreshed any more", name->host);
}

static void looked_up(struct resolver_name *name, int result, const struct evutil_addrinfo *list) {
    char addresses[ADDRESSES_BYTES];
    if (result != 0 || !addresses_write(list, addresses, sizeof addresses)) {
        log_warn("resolver", "lookup failed host=%s reason=\"%s\" keeping=%s", name->host,
                 result ? evutil_gai_strerror(result) : "no address",
                 name->version ? name->addresses : "nothing");
        arm(name, name->retry_us);
        name->retry_us = name->retry_us * 2 < name->interval_us ? name->retry_us * 2 : name->interval_us;
        return;
    }
    name->retry_us = RETRY_FIRST_US;
    if (strcmp(addresses, name->addresses) != 0) {
        memcpy(name->addresses, addresses, strlen(addresses) + 1);
        name->version++;
        log_info("resolver", "host=%s addresses=%s", name->host, name->addresses);
    }
    arm(name, name->interval_us);
}

static void on_lookup(int result, struct evutil_addrinfo *list, void *ctx) {
    struct lookup *lookup = ctx;
    struct resolver_name *name = lookup->name;
    free(lookup);
    if (name) {
        name->lookup = NULL;
        looked_up(name, result, list);
    }
    if (list)
        evutil_freeaddrinfo(list);
}

static void on_time(void *ctx) {
    struct resolver_name *name = ctx;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup) {
        arm(name, name->retry_us);
        return;
    }
    lookup->name = name;
    name->lookup = lookup;
    const struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_ADDRCONFIG};
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(name->resolver->dns, name->host, NULL, &hints, on_lookup, lookup);
    if (request) /* else on_lookup has run already and the lookup is gone */
        lookup->request = request;
}

struct resolver_name *resolver_watch(struct resolver *resolver, const char *host, uint64_t interval_us) {
    struct resolver_name *name = calloc(1, sizeof *name);
    char *copy = strdup(host);
    if (!name || !copy) {
        free(name);
        free(copy);
        return NULL;
    }
    name->resolver = resolver;
    name->host = copy;
    name->interval_us = interval_us > RETRY_FIRST_US ? interval_us : RETRY_FIRST_US;
    name->retry_us = RETRY_FIRST_US;
    timer_init(&name->timer, resolver->loop, on_time, name);
    on_time(name);
    return name;
}

void resolver_unwatch(struct resolver_name *name) {
    if (!name)
        return;
    timer_disarm(&name->timer);
    if (name->lookup) {
        name->lookup->name = NULL;
        if (name->lookup->request)
            evdns_getaddrinfo_cancel(name->lookup->request);
    }
    free(name->host);
    free(name);
}

const char *resolver_addresses(const struct resolver_name *name, uint32_t *version) {
    *version = name->version;
    return name->version ? name->addresses : NULL;
}

bool resolver_is_numeric(const char *host) {
    struct in6_addr six;
    struct in_addr four;
    char bare[INET6_ADDRSTRLEN];
    size_t n = strlen(host);
    if (n > 2 && host[0] == '[' && host[n - 1] == ']' && n - 2 < sizeof bare) {
        memcpy(bare, host + 1, n - 2);
        bare[n - 2] = 0;
        host = bare;
    }
    return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1;
}
