/* Writers of JSON members; see replay_put.h. */
#include "replay/replay_put.h"

void put_key(struct buf *out, const char *key) {
    char last = out->n > 0 ? out->p[out->n - 1] : '{';
    if (last != '{' && last != '[' && last != ':')
        buf_add_char(out, ',');
    if (key) {
        buf_add_char(out, '"');
        buf_add_str(out, str_from(key));
        BUF_ADD_LIT(out, "\":");
    }
}

void put_open(struct buf *out, const char *key, char bracket) {
    put_key(out, key);
    buf_add_char(out, bracket);
}

void put_close(struct buf *out, char bracket) {
    buf_add_char(out, bracket);
}

/* Bytes of the UTF-8 sequence at p (RFC 3629), 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t n) {
    static const unsigned char low[] = {[0xe0 - 0xc2] = 0xa0, [0xf0 - 0xc2] = 0x90, [0xf4 - 0xc2] = 0x80};
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n < length)
        return 0;
    unsigned char least = low[c - 0xc2] ? low[c - 0xc2] : 0x80;
    unsigned char most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < least || p[1] > most)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

void put_text(struct buf *out, const char *key, struct str text) {
    if (!str_present(text))
        return;
    put_key(out, key);
    size_t bad = 0;
    size_t length;
    for (size_t at = 0; at < text.n && bad == 0; at += length) {
        length = utf8_length((const unsigned char *)text.p + at, text.n - at);
        bad += length == 0;
    }
    if (bad == 0) {
        buf_add_json_string(out, text);
        return;
    }
    struct buf clean;
    buf_init(&clean, out->cap);
    for (size_t at = 0; at < text.n; at += length ? length : 1) {
        length = utf8_length((const unsigned char *)text.p + at, text.n - at);
        if (length > 0)
            buf_add(&clean, text.p + at, length);
        else
            BUF_ADD_LIT(&clean, "\xef\xbf\xbd");
    }
    buf_add_json_string(out, buf_view(&clean));
    out->failed |= clean.failed;
    buf_cleanup(&clean);
}

void put_int(struct buf *out, const char *key, int64_t v) {
    put_key(out, key);
    buf_add_int(out, v);
}

void put_double(struct buf *out, const char *key, double v) {
    put_key(out, key);
    buf_add_double(out, v);
}
