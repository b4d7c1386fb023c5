/* The hosts that a partner's notices go to: a target of outbound for each, so that connections are kept. */
#ifndef SLIMBID_NOTICE_NOTICE_HOST_H
#define SLIMBID_NOTICE_NOTICE_HOST_H

#include "base/loop.h"
#include "notice/notice_url.h"
#include "outbound/outbound.h"

struct notice_host {
    struct notice_host *next;
    struct outbound_target *target;
    uint32_t notices; /* that wait for it or run: it stays */
    uint64_t used_us;
    bool tls;
    uint16_t port;
    size_t name_bytes;
    char name[]; /* as in a URL */
};

struct notice_hosts { /* of one partner */
    const struct config *config;
    const struct config_partner *partner;
    struct loop *loop;
    struct outbound *outbound;
    struct notice_host *list;
    uint32_t count;
};

/* The url's host; NULL: no memory, or as many as notices.hosts are in use. */
struct notice_host *notice_hosts_find(struct notice_hosts *hosts, const struct notice_url *url) CHECK_RESULT;
void notice_hosts_cleanup(struct notice_hosts *hosts);

#endif
