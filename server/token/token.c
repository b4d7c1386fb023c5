/* Signing and checking; see token.h. The file of keys is token_keys.c's. */
#include "token/token.h"

#include <openssl/crypto.h>
#include <string.h>

#include "token/token_keys.h"

#define VERSION    1u
#define BODY_BYTES 40u
#define MAC_BYTES  16u
#define ALL_BYTES  (BODY_BYTES + MAC_BYTES)
_Static_assert(TOKEN_CHARS == (ALL_BYTES * 4 + 2) / 3, "base64 without padding");
_Static_assert(ALL_BYTES % 3 == 2, "the last group is two bytes in three characters");

/* Where each field begins; all little-endian. */
enum {
    AT_VERSION = 0,
    AT_KEY = 1,
    AT_KIND = 2,
    AT_ZERO = 3,
    AT_AUCTION = 4,
    AT_HOLD = 12,
    AT_NANOS = 20,
    AT_CAMPAIGN = 28,
    AT_EXPIRES = 32,
    AT_IMP = 36,
    AT_PARTNER = 38
};

/* ---- bytes ---- */

static void put(unsigned char *at, uint64_t v, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get(const unsigned char *at, size_t bytes) {
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

static void put_body(const struct token *token, uint8_t key, unsigned char body[BODY_BYTES]) {
    body[AT_VERSION] = VERSION;
    body[AT_KEY] = key;
    body[AT_KIND] = (unsigned char)token->kind;
    body[AT_ZERO] = 0;
    put(body + AT_AUCTION, token->auction, 8);
    put(body + AT_HOLD, token->hold, 8);
    put(body + AT_NANOS, (uint64_t)token->nanos, 8);
    put(body + AT_CAMPAIGN, token->campaign, 4);
    put(body + AT_EXPIRES, (uint64_t)token->expires, 4);
    put(body + AT_IMP, token->imp, 2);
    put(body + AT_PARTNER, token->partner, 2);
}

static void get_body(const unsigned char body[BODY_BYTES], struct token *token) {
    *token = (struct token){
        .kind = (enum token_kind)body[AT_KIND],
        .auction = get(body + AT_AUCTION, 8),
        .hold = get(body + AT_HOLD, 8),
        .campaign = (uint32_t)get(body + AT_CAMPAIGN, 4),
        .nanos = (int64_t)get(body + AT_NANOS, 8),
        .expires = (int64_t)get(body + AT_EXPIRES, 4),
        .imp = (uint16_t)get(body + AT_IMP, 2),
        .partner = (uint16_t)get(body + AT_PARTNER, 2),
    };
}

/* ---- base64url, RFC 4648 section 5 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const unsigned char bytes[ALL_BYTES], char text[TOKEN_CHARS]) {
    for (size_t i = 0, at = 0; i < ALL_BYTES; i += 3) {
        uint32_t third = i + 2 < ALL_BYTES ? bytes[i + 2] : 0;
        uint32_t bits = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | third;
        for (unsigned k = 0; k < 4 && at < TOKEN_CHARS; k++)
            text[at++] = alphabet[bits >> (18 - 6 * k) & 63];
    }
}

/* 0 to 63, or 64 for what is no digit. */
static uint32_t digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    return c == '-' ? 62 : c == '_' ? 63 : 64;
}

/* False when the text is not exactly what encode() writes for some bytes. */
static bool decode(struct str text, unsigned char bytes[ALL_BYTES]) {
    if (text.n != TOKEN_CHARS)
        return false;
    for (size_t i = 0, at = 0; i < TOKEN_CHARS; i += 4) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            uint32_t value = i + k < TOKEN_CHARS ? digit(text.p[i + k]) : 0;
            if (value > 63)
                return false;
            bits = bits << 6 | value;
        }
        bytes[at++] = (unsigned char)(bits >> 16);
        bytes[at++] = (unsigned char)(bits >> 8);
        if (at < ALL_BYTES)
            bytes[at++] = (unsigned char)bits;
        else if (bits & 0xff) /* the last digit's two bits that say nothing */
            return false;
    }
    return true;
}

/* ---- the two calls ---- */

int token_sign(struct token_keys *keys, const struct token *token, struct str extra, char text[TOKEN_CHARS]) {
    unsigned char bytes[ALL_BYTES];
    if (extra.n > TOKEN_EXTRA_BYTES || token->expires < 0 || token->expires > UINT32_MAX)
        return -1;
    const struct token_key *key = token_keys_first(keys);
    put_body(token, key->number, bytes);
    if (token_key_mac(key, (struct str){(const char *)bytes, BODY_BYTES}, extra, bytes + BODY_BYTES,
                      MAC_BYTES) != 0)
        return -1;
    encode(bytes, text);
    return 0;
}

enum token_verdict token_verify(struct token_keys *keys, enum token_kind kind, struct str text,
                                struct str extra, int64_t now, struct token *token) {
    unsigned char bytes[ALL_BYTES], mac[MAC_BYTES];
    if (extra.n > TOKEN_EXTRA_BYTES || !decode(text, bytes) || bytes[AT_VERSION] != VERSION)
        return TOKEN_BAD;
    const struct token_key *key = token_keys_find(keys, bytes[AT_KEY]);
    if (!key ||
        token_key_mac(key, (struct str){(const char *)bytes, BODY_BYTES}, extra, mac, MAC_BYTES) != 0 ||
        CRYPTO_memcmp(mac, bytes + BODY_BYTES, MAC_BYTES) != 0)
        return TOKEN_BAD;
    if (bytes[AT_KIND] != (unsigned)kind || bytes[AT_ZERO] != 0)
        return TOKEN_BAD;
    get_body(bytes, token);
    return now < token->expires ? TOKEN_GOOD : TOKEN_EXPIRED;
}
