/*
 * The request's head.
 *
 * libcurl 7.88 writes each header through its own printf, a byte at a time: about 130 instructions a byte, 40
 * % of all it does in a transfer. So for HTTP/1.1 the lines that never change are not given to it as headers
 * but as the tail of the request target (CURLOPT_REQUEST_TARGET), which it copies as it is:
 *
 *     POST [/bid HTTP/1.1 CRLF Host: ... CRLF ... CRLF User-Agent: slimbid] HTTP/1.1 CRLF Content-Length: ...
 *
 * Its own " HTTP/1.1" then ends our last line, whose value is so "slimbid HTTP/1.1", two products in the
 * words of RFC 9110, 10.1.5: what goes over the wire is a plain valid request. Everything in it was checked:
 * header lines here, path and query by libcurl's URL parser. With HTTP/2, or when the user agent is somebody
 * else's choice, the headers go the usual way.
 */
#include "outbound/outbound_internal.h"

#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX    64
#define HEAD_BYTES_MAX OUTBOUND_HEAD_BYTES

static struct str header_name(struct str line) {
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    return colon ? (struct str){line.p, (size_t)(colon - line.p)} : (struct str){NULL, 0};
}

static bool header_given(const struct str_list *headers, struct str name) {
    for (size_t i = 0; i < headers->count; i++)
        if (str_ieq(header_name(headers->items[i]), name))
            return true;
    return false;
}

/* A header line that says one thing to every reader: a token, a colon, a value without control bytes. */
static bool header_ok(struct str line) {
    struct str name = header_name(line);
    if (name.n == 0 || line.n > 1024)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] >= 127 || strchr("()<>@,;:\\\"/[]?={}", name.p[i]))
            return false;
    bool value = false;
    for (size_t i = name.n + 1; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        if ((c < ' ' && c != '\t') || c == 127)
            return false;
        value = value || (c != ' ' && c != '\t');
    }
    return value;
}

/* Those that are ours to write: they say how the message is framed or packed. */
static bool header_ours(struct str name) {
    static const struct str ours[] = {STR_INIT("content-length"),
                                      STR_INIT("transfer-encoding"),
                                      STR_INIT("connection"),
                                      STR_INIT("expect"),
                                      STR_INIT("content-encoding"),
                                      STR_INIT("accept-encoding"),
                                      STR_INIT("host"),
                                      STR_INIT("upgrade")};
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (str_ieq(name, ours[i]))
            return true;
    return false;
}

/* What is wrong, or NULL. */
static const char *headers_check(const struct str_list *headers) {
    if (headers->count > HEADERS_MAX)
        return "too many headers";
    for (size_t i = 0; i < headers->count; i++) {
        if (!header_ok(headers->items[i]))
            return "a header must be \"Name: value\" without control characters, at most 1024 bytes";
        if (header_ours(header_name(headers->items[i])))
            return "a header that frames the message can't be set";
    }
    return NULL;
}

/* ---- the lines, for POST or GET; each ends with CRLF ---- */

static void add_line(struct buf *lines, struct str line) {
    buf_add_str(lines, line);
    BUF_ADD_LIT(lines, "\r\n");
}

static void add_lines(struct buf *lines, const struct outbound_target_options *options,
                      const struct str_list *headers, bool get) {
    for (size_t i = 0; i < headers->count; i++)
        if (!get || !str_ieq(header_name(headers->items[i]), STR("content-type")))
            add_line(lines, headers->items[i]);
    if (!get && !header_given(headers, STR("content-type")))
        add_line(lines, STR("Content-Type: application/json"));
    if (!get && options->gzip_request)
        add_line(lines, STR("Content-Encoding: gzip"));
    if (options->gzip_answer)
        add_line(lines, STR("Accept-Encoding: gzip"));
}

static void add_url_part(struct buf *lines, CURLU *url, CURLUPart part, unsigned flags, const char *before) {
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, flags);
    if (code == CURLUE_OK) {
        buf_add_str(lines, str_from(before));
        buf_add_str(lines, str_from(text));
    } else if (code == CURLUE_OUT_OF_MEMORY) {
        lines->failed = true;
    }
    curl_free(text);
}

/* The request target with the lines behind it, NUL-terminated, allocated; NULL when out of memory. */
static char *target_build(const struct outbound_target *target, const struct str_list *headers, bool get) {
    struct buf lines;
    buf_init(&lines, HEAD_BYTES_MAX);
    add_url_part(&lines, target->url, CURLUPART_PATH, 0, "");
    add_url_part(&lines, target->url, CURLUPART_QUERY, 0, "?");
    BUF_ADD_LIT(&lines, " HTTP/1.1\r\nHost: ");
    add_url_part(&lines, target->url, CURLUPART_HOST, 0, "");
    add_url_part(&lines, target->url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, ":");
    BUF_ADD_LIT(&lines, "\r\n");
    add_lines(&lines, &target->options, headers, get);
    BUF_ADD_LIT(&lines, "User-Agent: slimbid");
    buf_add_char(&lines, 0);
    if (lines.failed) {
        buf_cleanup(&lines);
        return NULL;
    }
    return lines.p;
}

/* ---- the list that libcurl is given ---- */

static bool list_add(struct curl_slist **list, const char *line) {
    struct curl_slist *grown = curl_slist_append(*list, line);
    if (grown)
        *list = grown;
    return grown != NULL;
}

static bool list_add_lines(struct curl_slist **list, const struct outbound_target *target,
                           const struct str_list *headers, bool get) {
    struct buf lines;
    buf_init(&lines, HEAD_BYTES_MAX);
    add_lines(&lines, &target->options, headers, get);
    if (!header_given(headers, STR("user-agent")))
        add_line(&lines, STR("User-Agent: slimbid"));
    buf_add_char(&lines, 0);
    bool ok = !lines.failed;
    char *rest = lines.p;
    for (char *line; ok && (line = strsep(&rest, "\n")) != NULL && rest;) {
        line[strlen(line) - 1] = 0; /* the CR */
        ok = list_add(list, line);
    }
    buf_cleanup(&lines);
    return ok;
}

/* Keeps libcurl from adding lines of its own: "Name:" without a value. */
static bool list_silence(struct curl_slist **list) {
    return list_add(list, "Content-Type:") && list_add(list, "Host:") && list_add(list, "Accept:");
}

const char *outbound_headers_build(struct outbound_target *target, const struct str_list *headers) {
    const char *wrong = headers_check(headers);
    if (wrong)
        return wrong;
    bool raw = !target->options.http2 && !header_given(headers, STR("user-agent"));
    for (int get = 0; get < 2; get++) {
        struct outbound_head *head = &target->heads[get];
        bool ok = list_add(&head->list, "Expect:"); /* never wait for 100 Continue */
        if (ok && raw) {
            head->request_target = target_build(target, headers, get);
            ok = head->request_target && list_silence(&head->list);
        } else {
            ok = ok && list_add_lines(&head->list, target, headers, get);
        }
        if (!ok)
            return "out of memory";
    }
    return NULL;
}

void outbound_headers_free(struct outbound_target *target) {
    for (int get = 0; get < 2; get++) {
        curl_slist_free_all(target->heads[get].list);
        free(target->heads[get].request_target);
    }
}

/* The lines behind the head's own path and query, from the space on; none where libcurl makes them. */
static struct str lines_behind_target(const struct outbound_head *head) {
    const char *space = head->request_target ? strchr(head->request_target, ' ') : NULL;
    return space ? str_from(space) : STR("");
}

bool outbound_headers_path(struct outbound_call *call, struct str path) {
    buf_clear(&call->path, OUTBOUND_KEEP_BYTES);
    if (path.n == 0 || path.n > OUTBOUND_PATH_BYTES || path.p[0] != '/')
        return false;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] <= ' ' || path.p[i] >= 127 || path.p[i] == '#')
            return false;
    buf_add_str(&call->path, path);
    buf_add_str(&call->path, lines_behind_target(&call->target->heads[1]));
    buf_add_char(&call->path, 0);
    return !call->path.failed;
}

bool outbound_headers_set(struct outbound_call *call, bool get) {
    const struct outbound_head *head = &call->target->heads[get];
    const char *target = call->path.n ? call->path.p : head->request_target;
    call->is_get = get;
    call->path_set = call->path.n > 0;
    return curl_easy_setopt(call->easy, get ? CURLOPT_HTTPGET : CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, head->list) == CURLE_OK &&
           curl_easy_setopt(call->easy, CURLOPT_REQUEST_TARGET, target) == CURLE_OK;
}
