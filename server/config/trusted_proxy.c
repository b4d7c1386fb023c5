/* Trusted proxies and the client behind them; see trusted_proxy.h. */
#include "config/trusted_proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

/* An address as 16 bytes; IPv4 is held in its mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct address {
    uint8_t bytes[16];
    bool v4;
};

struct block {
    struct address address;
    unsigned prefix; /* bits, of the 16-byte form */
};

struct trusted_proxy_list {
    bool unix_peers;
    size_t count;
    struct block blocks[];
};

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool address_parse(struct str s, struct address *address) {
    char text[INET6_ADDRSTRLEN];
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (!strchr(text, ':')) {
        memcpy(address->bytes, mapped_prefix, sizeof mapped_prefix);
        address->v4 = true;
        return inet_pton(AF_INET, text, address->bytes + 12) == 1;
    }
    if (inet_pton(AF_INET6, text, address->bytes) != 1)
        return false;
    address->v4 = memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
    return true;
}

/* ---- the list ---- */

static bool prefix_parse(struct str s, unsigned max, unsigned *prefix) {
    *prefix = 0;
    if (s.n == 0 || s.n > 3 || (s.n > 1 && s.p[0] == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        *prefix = *prefix * 10 + (unsigned)(s.p[i] - '0');
    }
    return *prefix <= max;
}

static bool bits_behind(const struct address *address, unsigned prefix) {
    for (unsigned bit = prefix; bit < 128; bit++)
        if (address->bytes[bit / 8] & (0x80u >> (bit % 8)))
            return true;
    return false;
}

static bool block_parse(struct str s, struct block *block) {
    const char *slash = memchr(s.p, '/', s.n);
    struct str host = {s.p, slash ? (size_t)(slash - s.p) : s.n};
    if (!address_parse(host, &block->address))
        return false;
    block->prefix = 128;
    if (!slash)
        return true;
    bool dotted = !memchr(host.p, ':', host.n);
    if (!prefix_parse((struct str){slash + 1, s.n - host.n - 1}, dotted ? 32 : 128, &block->prefix))
        return false;
    if (dotted)
        block->prefix += 96;
    /* A wider block that happens to start at a mapped address is one of IPv6. */
    block->address.v4 = block->address.v4 && block->prefix >= 96;
    return !bits_behind(&block->address, block->prefix);
}

bool trusted_proxy_valid(struct str text) {
    struct block block;
    return text.n > 0 && (str_eq(text, STR("unix")) || block_parse(text, &block));
}

struct trusted_proxy_list *trusted_proxy_create(const struct str_list *texts) {
    struct trusted_proxy_list *list = calloc(1, sizeof *list + texts->count * sizeof list->blocks[0]);
    if (!list)
        return NULL;
    for (size_t i = 0; i < texts->count; i++) {
        if (str_eq(texts->items[i], STR("unix")))
            list->unix_peers = true;
        else if (texts->items[i].n > 0 && block_parse(texts->items[i], &list->blocks[list->count]))
            list->count++;
    }
    return list;
}

void trusted_proxy_destroy(struct trusted_proxy_list *list) {
    free(list);
}

static bool block_covers(const struct block *block, const struct address *address) {
    if (block->address.v4 != address->v4)
        return false;
    unsigned whole = block->prefix / 8;
    unsigned rest = block->prefix % 8;
    if (memcmp(block->address.bytes, address->bytes, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return rest == 0 || ((block->address.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

static bool list_covers(const struct trusted_proxy_list *list, const struct address *address) {
    for (size_t i = 0; i < list->count; i++)
        if (block_covers(&list->blocks[i], address))
            return true;
    return false;
}

bool trusted_proxy_trusts(const struct trusted_proxy_list *list, struct str peer) {
    if (!list)
        return false;
    if (str_eq(peer, STR("unix")))
        return list->unix_peers;
    struct address address;
    return address_parse(peer, &address) && list_covers(list, &address);
}

/* ---- the walk ---- */

static struct str trim(struct str s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The address of "1.2.3.4", "1.2.3.4:80", "::1", "[::1]" or "[::1]:80"; an empty view when it is none. */
static struct str without_port(struct str s) {
    if (s.n > 0 && s.p[0] == '[') {
        const char *close = memchr(s.p, ']', s.n);
        size_t n = close ? (size_t)(close - s.p) + 1 : 0;
        bool whole = close && (n == s.n || s.p[n] == ':');
        return whole ? (struct str){s.p + 1, n - 2} : (struct str){s.p, 0};
    }
    const char *colon = memchr(s.p, ':', s.n);
    if (!colon || memchr(colon + 1, ':', s.n - (size_t)(colon + 1 - s.p)))
        return s;
    return (struct str){s.p, (size_t)(colon - s.p)};
}

/* "::ffff:1.2.3.4" is the IPv4 address a dual-stack socket or proxy saw. */
static struct str without_mapping(struct str s, const struct address *address) {
    const char *colon = address->v4 ? memrchr(s.p, ':', s.n) : NULL;
    if (!colon || !memchr(colon, '.', s.n - (size_t)(colon - s.p)))
        return s;
    return (struct str){colon + 1, s.n - (size_t)(colon + 1 - s.p)};
}

struct walk {
    const struct trusted_proxy_list *list;
    struct str client; /* the furthest address believed so far */
    unsigned hops;
    bool ended;
};

static void walk_begin(struct walk *walk, const struct trusted_proxy_list *list, struct str peer) {
    struct address address;
    *walk = (struct walk){.list = list, .client = peer, .ended = true};
    if (address_parse(peer, &address)) {
        walk->client = without_mapping(peer, &address);
        walk->ended = !list || !list_covers(list, &address);
    } else if (list && str_eq(peer, STR("unix"))) {
        walk->ended = !list->unix_peers;
    }
}

static void walk_entry(struct walk *walk, struct str entry) {
    struct address address;
    entry = trim(entry);
    if (entry.n == 0)
        return; /* an empty list element means nothing: RFC 9110 section 5.6.1.2 */
    struct str host = without_port(entry);
    if (walk->hops++ >= TRUSTED_PROXY_MAX_HOPS || !address_parse(host, &address)) {
        walk->ended = true;
        return;
    }
    walk->client = without_mapping(host, &address);
    walk->ended = !list_covers(walk->list, &address);
}

static void walk_value(struct walk *walk, struct str value) {
    while (!walk->ended && value.n > 0) {
        const char *comma = memrchr(value.p, ',', value.n);
        size_t from = comma ? (size_t)(comma - value.p) + 1 : 0;
        walk_entry(walk, (struct str){value.p + from, value.n - from});
        value.n = comma ? from - 1 : 0;
    }
}

struct str trusted_proxy_client(const struct trusted_proxy_list *list, struct str peer,
                                struct str x_forwarded_for) {
    struct walk walk;
    walk_begin(&walk, list, peer);
    walk_value(&walk, x_forwarded_for);
    return walk.client;
}

struct str trusted_proxy_client_of(const struct trusted_proxy_list *list, struct str peer,
                                   const struct http_request *request) {
    struct walk walk;
    walk_begin(&walk, list, peer);
    for (size_t i = request->header_count; i-- > 0 && !walk.ended;)
        if (str_ieq(request->headers[i].name, STR("x-forwarded-for")))
            walk_value(&walk, request->headers[i].value);
    return walk.client;
}
