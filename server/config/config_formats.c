/* What the texts of a configuration must look like; see config_formats.h. */
#include "config/config_formats.h"

#include <arpa/inet.h>
#include <stdbool.h>

#include "base/macros.h"
#include "config/trusted_proxy.h"
#include "http/listener.h"

#define HEADER_BYTES_MAX 1024 /* as outbound takes it */
#define CATEGORY_BYTES   48   /* USERS_NAME_BYTES */

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c) {
    return is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z');
}

/* Visible ASCII: no space, no control bytes. */
static bool all_graphic(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return true;
}

static bool has_control(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

static bool three_capitals(struct str s) {
    return s.n == 3 && is_upper(s.p[0]) && is_upper(s.p[1]) && is_upper(s.p[2]);
}

const char *config_format_listen(struct str s) {
    return listener_address_valid(s)
               ? NULL
               : "must be \"ADDRESS:PORT\", \"[IPV6]:PORT\", \"*:PORT\" or \"unix:/PATH\"";
}

const char *config_format_proxy(struct str s) {
    return trusted_proxy_valid(s) ? NULL
                                  : "must be an IP address, a block such as \"10.0.0.0/8\" (no bits set "
                                    "behind the prefix) or \"unix\"";
}

const char *config_format_currency(struct str s) {
    return three_capitals(s) ? NULL : "must be a currency of three capitals, such as \"USD\"";
}

const char *config_format_country(struct str s) {
    return three_capitals(s) ? NULL
                             : "must be a country of three capitals (ISO 3166-1 alpha-3), such as \"DEU\"";
}

const char *config_format_partner_name(struct str s) {
    bool good = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        good = good && (is_alnum(s.p[i]) || s.p[i] == '_' || s.p[i] == '-');
    return good ? NULL : "must be letters, digits, \"_\" and \"-\" only";
}

const char *config_format_seat(struct str s) {
    return has_control(s) ? "must not hold control characters" : NULL;
}

const char *config_format_path(struct str s) {
    return has_control(s) ? "must not hold control characters" : NULL;
}

const char *config_format_domain(struct str s) {
    return s.n > 0 && all_graphic(s) && !memchr(s.p, '/', s.n)
               ? NULL
               : "must be a domain such as \"example.com\" or an app's bundle";
}

const char *config_format_write_key(struct str s) {
    bool good = s.n >= 8 && s.n <= 128 && all_graphic(s) && !memchr(s.p, ':', s.n);
    return good ? NULL : "must be 8 to 128 visible characters without \":\"";
}

const char *config_format_category(struct str s) {
    return s.n > 0 && s.n < CATEGORY_BYTES && all_graphic(s)
               ? NULL
               : "must be a category such as \"IAB19-18\", of at most 47 visible characters";
}

/* ---- URLs ---- */

/* Takes "http://" or "https://" (any case) off the front. */
static bool take_scheme(struct str *s) {
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (s->n < schemes[i].n || !str_ieq((struct str){s->p, schemes[i].n}, schemes[i]))
            continue;
        *s = (struct str){s->p + schemes[i].n, s->n - schemes[i].n};
        return true;
    }
    return false;
}

static bool port_valid(struct str s) {
    unsigned port = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]) || s.n > 5)
            return false;
        port = port * 10 + (unsigned)(s.p[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

/* An IPv6 address in brackets; *end is the offset behind "]". */
static bool bracketed_valid(struct str s, size_t *end) {
    const char *close = memchr(s.p, ']', s.n);
    char text[INET6_ADDRSTRLEN];
    size_t n = close ? (size_t)(close - s.p) - 1 : 0;
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, s.p + 1, n);
    text[n] = '\0';
    struct in6_addr address;
    *end = n + 2;
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool host_valid(struct str s, size_t *end) {
    if (s.n > 0 && s.p[0] == '[')
        return bracketed_valid(s, end);
    size_t n = 0;
    while (n < s.n && (is_alnum(s.p[n]) || s.p[n] == '.' || s.p[n] == '-' || s.p[n] == '_'))
        n++;
    *end = n;
    return n > 0 && n <= 253 && s.p[0] != '.' && s.p[0] != '-';
}

/* host[:port] */
static bool authority_valid(struct str s) {
    size_t end = 0;
    if (!host_valid(s, &end))
        return false;
    if (end == s.n)
        return true;
    return s.p[end] == ':' && port_valid((struct str){s.p + end + 1, s.n - end - 1});
}

const char *config_format_url(struct str s) {
    struct str rest = s;
    if (!all_graphic(s) || !take_scheme(&rest))
        return "must be a URL that starts with \"http://\" or \"https://\"";
    size_t n = 0;
    while (n < rest.n && !strchr("/?#", rest.p[n]))
        n++;
    struct str authority = {rest.p, n};
    if (memchr(authority.p, '@', authority.n))
        return "must not hold a user or password (send an Authorization header instead)";
    if (!authority_valid(authority))
        return "must hold a host and, if any, a port from 1 to 65535";
    return memchr(rest.p, '#', rest.n) ? "must not hold a fragment (\"#\")" : NULL;
}

/* It goes into markup, JSON and XML as it stands. */
const char *config_format_public_url(struct str s) {
    const char *wrong = config_format_url(s);
    if (wrong)
        return wrong;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !strchr("-._~:/[]%", s.p[i]))
            return "must hold letters, digits and \"-._~:/[]%\" only: no query";
    return s.p[s.n - 1] == '/' ? "must not end with \"/\"" : NULL;
}

const char *config_format_notice_host(struct str s) {
    size_t end = 0;
    return s.n > 0 && s.p[0] != '[' && host_valid(s, &end) && end == s.n
               ? NULL
               : "must be a host name such as \"notices.example.com\"";
}

const char *config_format_origin(struct str s) {
    struct str rest = s;
    if (str_eq(s, STR("*")))
        return NULL;
    return take_scheme(&rest) && authority_valid(rest)
               ? NULL
               : "must be \"*\" or an origin such as \"https://example.com\", without a path";
}

/* ---- headers ---- */

static bool is_token(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", s.p[i])))
            return false;
    return s.n > 0;
}

/* Headers that frame or encode the message or rule the connection: outbound's own business. */
static bool is_framing(struct str name) {
    static const struct str framing[] = {
        STR_INIT("host"),       STR_INIT("content-length"),   STR_INIT("transfer-encoding"),
        STR_INIT("connection"), STR_INIT("proxy-connection"), STR_INIT("keep-alive"),
        STR_INIT("te"),         STR_INIT("trailer"),          STR_INIT("upgrade"),
        STR_INIT("expect"),     STR_INIT("content-encoding"), STR_INIT("accept-encoding"),
    };
    for (size_t i = 0; i < COUNT_OF(framing); i++)
        if (str_ieq(name, framing[i]))
            return true;
    return false;
}

const char *config_format_header(struct str s) {
    const char *colon = memchr(s.p, ':', s.n);
    if (s.n > HEADER_BYTES_MAX)
        return "must be at most 1024 bytes long";
    if (!colon || has_control(s))
        return "must be \"Name: value\" without control characters";
    struct str name = {s.p, (size_t)(colon - s.p)};
    if (!is_token(name))
        return "must be \"Name: value\" with a header name of RFC 9110 (no space before the colon)";
    if (is_framing(name))
        return "must not be a header that slimbid sets itself (Host, Content-Length, Transfer-Encoding, "
               "Connection and other framing or encoding headers)";
    /* libcurl takes "Name:" for an order to leave its own header of that name out. */
    for (const char *p = colon + 1; p < s.p + s.n; p++)
        if (*p != ' ')
            return NULL;
    return "must have a value behind the colon";
}
