/* Targets made when a host is first called, and given up for others; see notice_host.h. */
#include "notice/notice_host.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#define ANSWER_BYTES (64u << 10) /* thrown away; whoever sends more is cut */
#define URL_BYTES    300         /* a host of 253 bytes with scheme and port */

static bool is_host(const struct notice_host *host, const struct notice_url *url) {
    return host->tls == url->tls && host->port == url->port &&
           str_ieq((struct str){host->name, host->name_bytes}, url->host);
}

static struct outbound_target *make_target(const struct notice_hosts *hosts, const struct notice_url *url) {
    const struct config *config = hosts->config;
    char text[URL_BYTES], error[256], name[64];
    snprintf(name, sizeof name, "%s notices", hosts->partner->name.p);
    snprintf(text, sizeof text, "%s://%.*s:%u/", url->tls ? "https" : "http", STR_ARG(url->host), url->port);
    struct outbound_target_options options;
    outbound_target_options_default(&options);
    options.name = name;
    options.url = text;
    options.ca_file = hosts->partner->ca_file.p;
    options.public_only = !notice_url_configured(hosts->partner, url);
    options.connect_timeout_us = (uint64_t)config->notices.timeout_ms * 1000;
    options.late_timeout_us = 0;
    options.max_late = 0;
    options.resolve_interval_us = (uint64_t)config->outbound.resolve_interval_ms * 1000;
    options.idle_connection_us = (uint64_t)config->outbound.idle_connection_ms * 1000;
    options.max_in_flight = options.max_connections = config->notices.max_in_flight;
    options.max_answer_bytes = options.max_inflated_bytes = ANSWER_BYTES;
    options.max_request_bytes = OUTBOUND_PATH_BYTES;
    struct outbound_target *target = outbound_target_create(hosts->outbound, &options, error, sizeof error);
    if (!target)
        log_debug("notice", "no target partner=%s reason=\"%s\"", hosts->partner->name.p, error);
    return target;
}

static void host_destroy(struct notice_host *host) {
    outbound_target_destroy(host->target);
    free(host);
}

/* Gives the host up that was quiet longest. False: all are in use. */
static bool give_one_up(struct notice_hosts *hosts) {
    struct notice_host **oldest = NULL;
    for (struct notice_host **at = &hosts->list; *at; at = &(*at)->next)
        if ((*at)->notices == 0 && (!oldest || (*at)->used_us < (*oldest)->used_us))
            oldest = at;
    if (!oldest)
        return false;
    struct notice_host *host = *oldest;
    *oldest = host->next;
    hosts->count--;
    host_destroy(host);
    return true;
}

static struct notice_host *add(struct notice_hosts *hosts, const struct notice_url *url) {
    if (hosts->count >= hosts->config->notices.hosts && !give_one_up(hosts))
        return NULL;
    struct notice_host *host = calloc(1, sizeof *host + url->host.n);
    if (!host)
        return NULL;
    host->tls = url->tls;
    host->port = url->port;
    host->name_bytes = url->host.n;
    memcpy(host->name, url->host.p, url->host.n);
    host->target = make_target(hosts, url);
    if (!host->target) {
        free(host);
        return NULL;
    }
    host->next = hosts->list;
    hosts->list = host;
    hosts->count++;
    return host;
}

struct notice_host *notice_hosts_find(struct notice_hosts *hosts, const struct notice_url *url) {
    struct notice_host *host = hosts->list;
    while (host && !is_host(host, url))
        host = host->next;
    if (!host)
        host = add(hosts, url);
    if (host)
        host->used_us = loop_now(hosts->loop);
    return host;
}

void notice_hosts_cleanup(struct notice_hosts *hosts) {
    while (hosts->list) {
        struct notice_host *host = hosts->list;
        hosts->list = host->next;
        host_destroy(host);
    }
    hosts->count = 0;
}
