/*
 * Signed tokens: what a URL of ours says about the bid that it was served with, and that we said it.
 *
 * A token is base64url (RFC 4648 section 5, no padding) of 40 bytes and a MAC: version, key's number, kind,
 * then the fields below, little-endian; the MAC is HMAC-SHA256 (RFC 2104), its first 16 bytes, over these and
 * over `extra`, the text that stands beside the token in the URL: the landing page of a click, the notice
 * that a view sends on. So neither can be exchanged. Compared in constant time. Exactly one text is a token's
 * text: what a lax decoder would take besides is bad.
 *
 * A ring holds up to 8 keys; the first signs, all verify, so that a key is rotated by putting a new one in
 * front and dropping the old one when its last token has expired.
 */
#ifndef SLIMBID_TOKEN_TOKEN_H
#define SLIMBID_TOKEN_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

#define TOKEN_CHARS       75u
#define TOKEN_EXTRA_BYTES 4096u /* longer extras are not signed and not verified */
#define TOKEN_ERROR_BYTES 256

enum token_kind { TOKEN_VIEW = 1, TOKEN_CLICK, TOKEN_WIN };

struct token {
    enum token_kind kind;
    uint64_t auction;
    uint64_t hold;     /* ledger.h; 0: none */
    uint32_t campaign; /* number in the ledger; UINT32_MAX: a partner's bid */
    int64_t nanos;     /* what a view costs, in the table's currency */
    int64_t expires;   /* unix seconds; below 2^32 */
    uint16_t imp;      /* its place in the request */
    uint16_t partner;  /* index, of stats; own campaigns too */
};

struct token_keys;
/* The file: a line "NUMBER HEX" a key, number 0 to 255, each once, 32 to 128 hex digits; '#' begins a
 * comment. One that others than its owner can read is refused. NULL with the reason. */
struct token_keys *token_keys_load(const char *path, char *error, size_t error_size) CHECK_RESULT;
/* One random key, for as long as the processes live that inherit it. NULL: no memory or no randomness. */
struct token_keys *token_keys_random(void) CHECK_RESULT;
/* Wipes the keys. NULL is legal. */
void token_keys_destroy(struct token_keys *keys);

/* Writes the text. 0, or -1: OpenSSL failed or extra is too long. */
int token_sign(struct token_keys *keys, const struct token *token, struct str extra,
               char text[TOKEN_CHARS]) CHECK_RESULT;

enum token_verdict { TOKEN_GOOD, TOKEN_BAD, TOKEN_EXPIRED };
/* *token is filled when GOOD or EXPIRED. A token of another kind is BAD. */
enum token_verdict token_verify(struct token_keys *keys, enum token_kind kind, struct str text,
                                struct str extra, int64_t now, struct token *token) CHECK_RESULT;

#endif
