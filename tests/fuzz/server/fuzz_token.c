/*
 * Bytes as a token and the text beside it.
 *
 * What is not a token of ours is bad, and whatever is taken is exactly what would be signed again. The same
 * bytes as a token's fields: signed, they come back; with any one bit changed they do not.
 */
#include <stdio.h>
#include <stdlib.h>

#include "token/token.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static void as_text(struct token_keys *keys, struct str text, struct str extra) {
    for (int kind = TOKEN_VIEW; kind <= TOKEN_WIN; kind++) {
        struct token token;
        char again[TOKEN_CHARS];
        if (token_verify(keys, (enum token_kind)kind, text, extra, 0, &token) == TOKEN_BAD)
            continue;
        MUST(token.kind == (enum token_kind)kind);
        MUST(token_sign(keys, &token, extra, again) == 0);
        MUST(str_eq(text, (struct str){again, TOKEN_CHARS}));
    }
}

static void as_fields(struct token_keys *keys, struct str bytes) {
    struct {
        uint64_t auction, hold;
        int64_t nanos;
        uint32_t campaign, expires;
        uint16_t imp, partner, bit;
        uint8_t kind;
    } in = {0};
    memcpy(&in, bytes.p, bytes.n < sizeof in ? bytes.n : sizeof in);
    struct str extra = bytes.n > sizeof in ? (struct str){bytes.p + sizeof in, bytes.n - sizeof in} : STR("");
    struct token token = {.kind = (enum token_kind)(TOKEN_VIEW + in.kind % 3),
                          .auction = in.auction,
                          .hold = in.hold,
                          .campaign = in.campaign,
                          .nanos = in.nanos,
                          .expires = in.expires,
                          .imp = in.imp,
                          .partner = in.partner};
    struct token got;
    char text[TOKEN_CHARS];
    if (token_sign(keys, &token, extra, text) != 0) {
        MUST(extra.n > TOKEN_EXTRA_BYTES);
        return;
    }
    struct str view = {text, TOKEN_CHARS};
    MUST(token_verify(keys, token.kind, view, extra, (int64_t)in.expires - 1, &got) == TOKEN_GOOD);
    MUST(got.auction == token.auction && got.hold == token.hold && got.nanos == token.nanos);
    MUST(got.campaign == token.campaign && got.imp == token.imp && got.partner == token.partner);
    MUST(token_verify(keys, token.kind, view, extra, in.expires, &got) == TOKEN_EXPIRED);
    unsigned bit = in.bit % (TOKEN_CHARS * 8);
    text[bit / 8] ^= (char)(1u << bit % 8);
    MUST(token_verify(keys, token.kind, view, extra, 0, &got) == TOKEN_BAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct token_keys *keys;
    if (!keys)
        keys = token_keys_random();
    MUST(keys);
    struct str bytes = {(const char *)data, size};
    size_t n = size < TOKEN_CHARS ? size : TOKEN_CHARS;
    if (size)
        as_text(keys, (struct str){bytes.p, n}, (struct str){bytes.p + n, size - n});
    if (size)
        as_fields(keys, bytes);
    return 0;
}
