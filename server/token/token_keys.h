/*
 * The ring of keys, as token.c sees it: each key is an HMAC that has taken its key already, so that a token
 * costs no key schedule. Nobody else includes this.
 */
#ifndef SLIMBID_TOKEN_TOKEN_KEYS_H
#define SLIMBID_TOKEN_TOKEN_KEYS_H

#include "token/token.h"

#define TOKEN_MOST_KEYS 8u

struct token_key {
    struct evp_mac_ctx_st *hmac;
    uint8_t number;
};

/* The one that signs; a ring has at least one. */
const struct token_key *token_keys_first(const struct token_keys *keys);
/* NULL: none has that number. */
const struct token_key *token_keys_find(const struct token_keys *keys, uint8_t number);
/* The first mac_bytes (at most 32) of HMAC-SHA256 over head and tail. 0, or -1 when OpenSSL fails. */
int token_key_mac(const struct token_key *key, struct str head, struct str tail, unsigned char *mac,
                  size_t mac_bytes) CHECK_RESULT;

#endif
