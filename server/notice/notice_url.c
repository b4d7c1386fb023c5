/* Reading and judging a notice's URL; see notice_url.h. */
#include "notice/notice_url.h"

#include <stdlib.h>

#include "notice/notice_domain.h"

/* ---- reading ---- */

static bool take_scheme(struct str *s, bool *tls) {
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (s->n > schemes[i].n && str_ieq((struct str){s->p, schemes[i].n}, schemes[i])) {
            *s = (struct str){s->p + schemes[i].n, s->n - schemes[i].n};
            *tls = i == 1;
            return true;
        }
    return false;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
}

/* The bytes of the host that s begins with; 0: there is none. */
static size_t host_bytes(struct str s) {
    size_t n = 0;
    if (s.n && s.p[0] == '[') {
        const char *close = memchr(s.p, ']', s.n);
        return close && close > s.p + 2 ? (size_t)(close - s.p) + 1 : 0;
    }
    while (n < s.n && is_name_char(s.p[n]))
        n++;
    return n <= 253 && n > 0 && s.p[0] != '.' && s.p[0] != '-' ? n : 0;
}

/* ":8080" into *port; nothing leaves it. */
static bool read_port(struct str s, uint16_t *port) {
    if (s.n == 0)
        return true;
    unsigned value = 0;
    for (size_t i = 1; i < s.n; i++) {
        if (!is_digit(s.p[i]) || i > 5)
            return false;
        value = value * 10 + (unsigned)(s.p[i] - '0');
    }
    *port = (uint16_t)value;
    return s.p[0] == ':' && value >= 1 && value <= 65535;
}

bool notice_url_read(struct str text, struct notice_url *url) {
    struct str rest = text;
    if (text.n > NOTICE_URL_BYTES || !take_scheme(&rest, &url->tls))
        return false;
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] <= ' ' || rest.p[i] >= 0x7f)
            return false;
    const char *fragment = memchr(rest.p, '#', rest.n);
    if (fragment)
        rest.n = (size_t)(fragment - rest.p);
    size_t host = host_bytes(rest), end = host;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
        end++;
    url->host = (struct str){rest.p, host};
    url->path = (struct str){rest.p + end, rest.n - end};
    url->port = url->tls ? 443 : 80;
    return host > 0 && read_port((struct str){rest.p + host, end - host}, &url->port);
}

/* ---- judging ---- */

/* An address, which has nothing below it. */
static bool is_numeric(struct str host) {
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] != '.' && !is_digit(host.p[i]))
            return host.p[0] == '[';
    return true;
}

/* host is the domain, or stands below it. */
static bool is_below(struct str host, struct str domain) {
    if (host.n < domain.n || domain.n == 0)
        return false;
    struct str tail = {host.p + (host.n - domain.n), domain.n};
    return str_ieq(tail, domain) && (host.n == domain.n || tail.p[-1] == '.');
}

/* At the scheme's port, or that of the partner's own url. */
static bool port_allowed(const struct notice_url *url, const struct notice_url *own) {
    return url->port == own->port || url->port == (url->tls ? 443 : 80);
}

static bool host_listed(const struct config_partner *partner, struct str host) {
    for (size_t i = 0; i < partner->notice_hosts.count; i++) {
        struct str listed = partner->notice_hosts.items[i];
        if (str_ieq(host, listed) || (!is_numeric(listed) && is_below(host, listed)))
            return true;
    }
    return false;
}

bool notice_url_allowed(const struct config_partner *partner, const struct notice_url *url) {
    struct notice_url own;
    if (!notice_url_read(partner->url, &own) || !port_allowed(url, &own))
        return false;
    if (host_listed(partner, url->host))
        return true;
    struct str domain = is_numeric(own.host) ? (struct str){NULL, 0} : notice_domain(own.host);
    if (str_present(domain))
        return is_below(url->host, domain);
    return str_ieq(url->host, own.host) && url->port == own.port;
}

bool notice_url_configured(const struct config_partner *partner, const struct notice_url *url) {
    struct notice_url own;
    return str_list_has_nocase(&partner->notice_hosts, url->host) ||
           (notice_url_read(partner->url, &own) && str_ieq(own.host, url->host));
}
