/* Write keys; see write_key.h. */
#include "web/write_key.h"

#include "http/http_chars.h"

/* What was sent is no key at all: it equals none. */
static const struct write_key bad_key = {.n = 1, .p = {'\0'}};

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* What stands before the first colon in the decoded text. */
static struct write_key decode(struct str text) {
    struct write_key key = {0};
    unsigned bits = 0, count = 0;
    while (text.n > 0 && text.p[text.n - 1] == '=')
        text.n--;
    for (size_t i = 0; i < text.n; i++) {
        int value = value_of(text.p[i]);
        if (value < 0)
            return bad_key;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        char c = (char)(bits >> count & 0xff);
        if (c == ':')
            return key.n > 0 ? key : bad_key;
        if (key.n == WRITE_KEY_BYTES)
            return bad_key;
        key.p[key.n++] = c;
    }
    return key.n > 0 ? key : bad_key;
}

struct write_key write_key_of_header(const struct http_request *request) {
    struct str value = http_request_header(request, STR("authorization"));
    const struct str scheme = STR("Basic ");
    if (value.n <= scheme.n || !str_ieq((struct str){value.p, scheme.n}, scheme))
        return (struct write_key){0};
    return decode(chars_trim((struct str){value.p + scheme.n, value.n - scheme.n}));
}

struct write_key write_key_of_json(struct str value) {
    struct write_key key = {0};
    if (value.n <= 2 || value.p[0] != '"')
        return key;
    if (value.n - 2 > WRITE_KEY_BYTES)
        return bad_key;
    key.n = value.n - 2;
    memcpy(key.p, value.p + 1, key.n);
    return key;
}

/* All bytes are looked at, whatever the first ones say. */
static bool same(const struct write_key *key, struct str known) {
    unsigned different = key->n != known.n;
    for (size_t i = 0; i < known.n; i++)
        different |= (unsigned char)(known.p[i] ^ key->p[i % WRITE_KEY_BYTES]);
    return different == 0;
}

bool write_key_known(const struct write_key *key, const struct str_list *known) {
    bool found = false;
    for (size_t i = 0; i < known->count; i++)
        found |= same(key, known->items[i]);
    return found;
}
