/* CORS header lines; see cors.h. */
#include "web/cors.h"

/* An origin that is allowed holds no byte that could end a header line: the parser refused those. */
static bool write_origin(const struct str_list *origins, const struct http_request *request,
                         struct buf *out) {
    struct str origin = http_request_header(request, STR("origin"));
    if (!str_present(origin))
        return false;
    bool named = str_list_has_nocase(origins, origin);
    if (!named && !str_list_has(origins, STR("*")))
        return false;
    BUF_ADD_LIT(out, "Access-Control-Allow-Origin: ");
    buf_add_str(out, named ? origin : STR("*"));
    BUF_ADD_LIT(out, "\r\n");
    if (named)
        BUF_ADD_LIT(out, "Access-Control-Allow-Credentials: true\r\n");
    return true;
}

void cors_write(const struct str_list *origins, const struct http_request *request, struct buf *out) {
    if (origins->count == 0)
        return;
    write_origin(origins, request, out);
    if (!str_list_has(origins, STR("*")) || origins->count > 1)
        BUF_ADD_LIT(out, "Vary: Origin\r\n"); /* the answer differs by origin: caches must know */
}

void cors_write_preflight(const struct str_list *origins, const struct http_request *request,
                          struct str methods, struct buf *out) {
    if (origins->count && write_origin(origins, request, out)) {
        BUF_ADD_LIT(out, "Access-Control-Allow-Methods: ");
        buf_add_str(out, methods);
        BUF_ADD_LIT(out, "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type, Content-Encoding, "
                         "X-OpenRTB-Version\r\n"
                         "Access-Control-Max-Age: 86400\r\n");
    }
    BUF_ADD_LIT(out, "Vary: Origin\r\n");
}
