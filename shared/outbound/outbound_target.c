/*
 * Targets: a partner's URL, headers and limits, checked and copied once, and the handles made from them.
 * Every libcurl option is set when a handle is made; a call changes only its body (and the addresses, after a
 * lookup brought new ones).
 */
#include "outbound/outbound_internal.h"
#include "outbound/public_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES_MAX 2048
#define HEADERS_MAX   64
#define RECEIVE_BUFFER_BYTES                                                                                 \
    4096L                        /* most answers are one read; longer ones take more reads, not more memory */
#define SEND_BUFFER_BYTES 16384L /* libcurl's least */
#define BACKSTOP_MS       60000L /* libcurl's own time-out, should our timers ever fail */

void outbound_target_options_default(struct outbound_target_options *options) {
    *options = (struct outbound_target_options){
        .name = "target",
        .gzip_answer = true,
        .connect_timeout_us = 300000,
        .late_timeout_us = 1000000,
        .resolve_interval_us = 30000000,
        .idle_connection_us = 60000000,
        .max_in_flight = 256,
        .max_late = 64,
        .max_connections = 256,
        .max_answer_bytes = (size_t)256 * 1024,
        .max_inflated_bytes = (size_t)1024 * 1024,
        .max_request_bytes = (size_t)256 * 1024,
    };
}

/* ---- the URL ---- */

static bool host_chars_ok(const char *host) {
    return host[0] && host[0] != '-' && strlen(host) <= 253 &&
           host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == 0;
}

/* Reads one part of the URL; NULL when it has none. To be given to curl_free(). */
static char *url_part(CURLU *url, CURLUPart part, unsigned flags) {
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* What is wrong with the parts, or NULL. */
static const char *url_check(struct outbound_target *target) {
    char *scheme = url_part(target->url, CURLUPART_SCHEME, 0);
    char *user = url_part(target->url, CURLUPART_USER, 0);
    char *port = url_part(target->url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    char *host = url_part(target->url, CURLUPART_HOST, 0);
    const char *wrong = NULL;
    if (!scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        wrong = "must begin with http:// or https://";
    else if (user)
        wrong = "must hold no user name";
    else if (!host || !port || (!resolver_is_numeric(host) && !host_chars_ok(host)))
        wrong = "has a bad host (a name in another script must be written as xn--...)";
    else if (asprintf(&target->host_port, "%s:%s", host, port) < 0) {
        target->host_port = NULL;
        wrong = "out of memory";
    }
    target->tls = scheme && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    curl_free(user);
    curl_free(port);
    curl_free(host);
    return wrong;
}

static const char *host_watch(struct outbound_target *target) {
    struct outbound *outbound = target->outbound;
    char *host = url_part(target->url, CURLUPART_HOST, 0);
    if (host && !resolver_is_numeric(host)) {
        if (!outbound->resolver)
            outbound->resolver = resolver_create(outbound->loop);
        if (outbound->resolver)
            target->resolved = resolver_watch(outbound->resolver, host, target->options.resolve_interval_us);
    }
    bool ok = host && (target->resolved || resolver_is_numeric(host));
    curl_free(host);
    return ok ? NULL : "out of memory";
}

static const char *url_read(struct outbound_target *target, const char *text) {
    target->url = curl_url();
    if (!target->url)
        return "out of memory";
    if (!text || strlen(text) > URL_BYTES_MAX ||
        curl_url_set(target->url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return "is not a URL";
    return url_check(target);
}

/* ---- making and freeing ---- */

static const char *limits_check(const struct outbound_target_options *options) {
    if (!options->max_in_flight || !options->max_connections || !options->max_answer_bytes ||
        !options->max_inflated_bytes || !options->max_request_bytes || !options->connect_timeout_us)
        return "every limit must be above 0";
    return NULL;
}

static const char *target_fill(struct outbound_target *target,
                               const struct outbound_target_options *options) {
    struct outbound *outbound = target->outbound;
    const char *wrong = limits_check(options);
    if (wrong)
        return wrong;
    target->name = strdup(options->name ? options->name : "target");
    target->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    if (!target->name || (options->ca_file && !target->ca_file))
        return "out of memory";
    if (!outbound->gzip && (options->gzip_request || options->gzip_answer)) {
        outbound->gzip = gzip_create();
        if (!outbound->gzip)
            return "out of memory";
    }
    wrong = url_read(target, options->url);
    /* libcurl 7.88.1 breaks calls that start together on a new cleartext HTTP/2 connection ("Error in the
     * HTTP2 framing layer"). */
    if (!wrong && options->http2 && !target->tls)
        wrong = "http2 needs https://";
    if (!wrong)
        wrong = outbound_headers_build(target, &options->headers);
    return wrong ? wrong : host_watch(target);
}

static void connections_set(struct outbound *outbound) {
    long all = 0;
    for (const struct outbound_target *t = outbound->targets; t; t = t->next)
        all += t->dead ? 0 : (long)t->options.max_connections;
    /* Below the sum libcurl would close warm connections of one target for another's burst. */
    curl_multi_setopt(outbound->multi, CURLMOPT_MAXCONNECTS, all > 0 ? all : 1L);
}

struct outbound_target *outbound_target_create(struct outbound *outbound,
                                               const struct outbound_target_options *options, char *error,
                                               size_t error_size) {
    struct outbound_target *target = calloc(1, sizeof *target);
    if (!target) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    target->outbound = outbound;
    target->options = *options;
    buf_init(&target->inflated, options->max_inflated_bytes);
    if (outbound->budgets)
        buf_charge_to(&target->inflated, &outbound->budgets->kinds[BUDGET_TRANSFERS], OUTBOUND_KEEP_BYTES);
    const char *wrong = target_fill(target, options);
    if (wrong) {
        snprintf(error, error_size, "%s: %s", options->url ? options->url : "url", wrong);
        outbound_target_free(target);
        return NULL;
    }
    /* HTTP/1.1: a call in flight is a connection in use, so the smaller limit is the one that holds. */
    target->call_limit = options->max_in_flight;
    if (!options->http2 && target->call_limit > options->max_connections)
        target->call_limit = options->max_connections;
    target->next = outbound->targets;
    outbound->targets = target;
    connections_set(outbound);
    return target;
}

/* Out of the target's list of all. */
static void unlink_call(struct outbound_call *call) {
    struct outbound_call **link = &call->target->calls;
    while (*link && *link != call)
        link = &(*link)->sibling;
    if (*link)
        *link = call->sibling;
}

void outbound_call_free(struct outbound_call *call) {
    unlink_call(call);
    call->target->call_count--;
    outbound_charge_handle_end(call);
    timer_disarm(&call->timer);
    curl_easy_cleanup(call->easy);
    buf_cleanup(&call->body);
    buf_cleanup(&call->packed);
    buf_cleanup(&call->path);
    buf_cleanup(&call->answer);
    free(call);
}

void outbound_target_free(struct outbound_target *target) {
    while (target->calls) {
        struct outbound_call *call = target->calls;
        target->calls = call->sibling;
        outbound_call_free(call);
    }
    outbound_sockets_orphan(target);
    resolver_unwatch(target->resolved);
    outbound_headers_free(target);
    curl_slist_free_all(target->addresses);
    curl_slist_free_all(target->addresses_old);
    buf_cleanup(&target->inflated);
    free(target->host_port);
    free(target->ca_file);
    curl_url_cleanup(target->url);
    free(target->name);
    free(target);
}

void outbound_target_destroy(struct outbound_target *target) {
    if (!target || target->dead)
        return;
    struct outbound *outbound = target->outbound;
    outbound_enter(outbound);
    target->dead = true;
    outbound->dead_targets = true;
    for (struct outbound_call *call = target->calls; call; call = call->sibling) {
        call->done = NULL;
        outbound_call_cut(call);
    }
    connections_set(outbound);
    outbound_leave(outbound);
}

bool outbound_target_resolved(const struct outbound_target *target) {
    uint32_t version = 0;
    return !target->resolved || resolver_addresses(target->resolved, &version) != NULL;
}

void outbound_target_stats(const struct outbound_target *target, struct outbound_target_stats *stats) {
    *stats = target->stats;
}

/* ---- handles ---- */

static long whole_ms(uint64_t us) {
    uint64_t ms = (us + 999) / 1000;
    return ms < 86400000u ? (long)ms : 86400000L;
}

/* An option that libcurl refuses is a build of libcurl that can't do what we promise. */
#define SET(option, value) ok = ok && curl_easy_setopt(easy, (option), (value)) == CURLE_OK

static bool easy_set_transport(CURL *easy, const struct outbound_target *target) {
    const struct outbound_target_options *options = &target->options;
    bool ok = true;
    long version = CURL_HTTP_VERSION_1_1;
    if (options->http2)
        version = CURL_HTTP_VERSION_2TLS;
    SET(CURLOPT_HTTP_VERSION, version);
    if (options->http2)
        SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, whole_ms(options->connect_timeout_us));
    SET(CURLOPT_TIMEOUT_MS, BACKSTOP_MS);
    uint64_t idle_s = (options->idle_connection_us + 999999u) / 1000000u;
    SET(CURLOPT_MAXAGE_CONN, (long)(idle_s ? idle_s : 1));
    SET(CURLOPT_DNS_CACHE_TIMEOUT, -1L); /* addresses come from the resolver; spares a sweep per transfer */
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_NOSIGNAL, 1L); /* no sigaction() around every step; the program ignores SIGPIPE */
    SET(CURLOPT_PROXY, "");    /* none, whatever the environment says; both, or it is read at each call */
    SET(CURLOPT_NOPROXY, "*");
    if (!target->tls)
        return ok;
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* With Debian's default CAPATH libcurl 7.88 doesn't cache the parsed CA file: 17 ms a connection. */
    SET(CURLOPT_CAPATH, NULL);
    if (target->ca_file)
        SET(CURLOPT_CAINFO, target->ca_file);
    return ok;
}

static bool easy_set(CURL *easy, struct outbound_call *call) {
    const struct outbound_target *target = call->target;
    bool ok = true;
    SET(CURLOPT_CURLU, target->url); /* parsed once: a text would be parsed at each call */
    SET(CURLOPT_PRIVATE, call);
    SET(CURLOPT_SHARE, target->outbound->share);
    SET(CURLOPT_WRITEFUNCTION, outbound_on_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER_BYTES);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)target->options.max_answer_bytes);
    SET(CURLOPT_HTTP_TRANSFER_DECODING, 0L); /* see outbound_answer.c */
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    return ok && outbound_headers_set(call, false) && easy_set_transport(easy, target);
}

struct outbound_call *outbound_call_create(struct outbound_target *target) {
    struct outbound *outbound = target->outbound;
    struct outbound_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->target = target;
    call->state = CALL_FREE;
    call->sibling = target->calls;
    target->calls = call;
    target->call_count++;
    timer_init(&call->timer, outbound->loop, outbound_on_call_timer, call);
    buf_init(&call->body, target->options.max_request_bytes);
    /* Room for what does not shrink: zlib's bound on its output is a little above its input. */
    buf_init(&call->packed,
             target->options.max_request_bytes + target->options.max_request_bytes / 256 + 128);
    buf_init(&call->path, OUTBOUND_PATH_BYTES + OUTBOUND_HEAD_BYTES);
    buf_init(&call->answer, target->options.max_answer_bytes);
    call->easy = outbound_charge_handle(call) ? curl_easy_init() : NULL;
    if (!call->easy || !easy_set(call->easy, call)) {
        outbound_call_free(call);
        return NULL;
    }
    outbound_sockets_set(call);
    return call;
}

/* Makes the target's list of addresses anew after a lookup changed them. */
static bool addresses_refresh(struct outbound_target *target, const char *addresses, uint32_t version) {
    char *line = NULL;
    if (asprintf(&line, "%s:%s", target->host_port, addresses) < 0)
        return false;
    struct curl_slist *list = curl_slist_append(NULL, line);
    free(line);
    if (!list)
        return false;
    /* libcurl reads the list when the transfer starts, so the one before is kept for those not started. */
    curl_slist_free_all(target->addresses_old);
    target->addresses_old = target->addresses;
    target->addresses = list;
    target->addresses_version = version;
    return true;
}

bool outbound_call_address(struct outbound_call *call) {
    struct outbound_target *target = call->target;
    if (!target->resolved)
        return true;
    uint32_t version = 0;
    const char *addresses = resolver_addresses(target->resolved, &version);
    if (!addresses || (target->options.public_only && !public_address_all(addresses)))
        return false;
    if (version != target->addresses_version && !addresses_refresh(target, addresses, version))
        return target->addresses != NULL; /* out of memory: the last ones will do */
    if (call->addresses_version == version)
        return true;
    if (curl_easy_setopt(call->easy, CURLOPT_RESOLVE, target->addresses) != CURLE_OK)
        return false;
    call->addresses_version = version;
    return true;
}
