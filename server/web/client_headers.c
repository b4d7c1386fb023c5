/* Client facts from headers; see client_headers.h. */
#include "web/client_headers.h"

static struct str ascii_header(const struct http_request *request, struct str name) {
    struct str value = http_request_header(request, name);
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] >= 0x80)
            return (struct str){NULL, 0};
    return value.n ? value : (struct str){NULL, 0};
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The primary subtag of the first language, when it is an ISO-639-1 code. */
static struct str first_language(struct str accept_language) {
    if (accept_language.n < 2 || !is_letter(accept_language.p[0]) || !is_letter(accept_language.p[1]))
        return (struct str){NULL, 0};
    if (accept_language.n > 2 && is_letter(accept_language.p[2]))
        return (struct str){NULL, 0};
    return (struct str){accept_language.p, 2};
}

static struct str do_not_track(const struct http_request *request) {
    struct str value = http_request_header(request, STR("dnt"));
    bool known = str_eq(value, STR("0")) || str_eq(value, STR("1"));
    return known ? value : (struct str){NULL, 0};
}

struct client_info client_headers_read(const struct http_request *request, struct str peer,
                                       const struct trusted_proxy_list *proxies) {
    struct str ip = trusted_proxy_client_of(proxies, peer, request);
    if (str_eq(ip, STR("unix")))
        ip = (struct str){NULL, 0};
    return (struct client_info){
        .ip = ip,
        .ua = ascii_header(request, STR("user-agent")),
        .language = first_language(ascii_header(request, STR("accept-language"))),
        .dnt = do_not_track(request),
    };
}
