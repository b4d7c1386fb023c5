/* Keys: where they come from, and their HMACs; see token.h. */
#include "token/token_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST_BYTES     32u
#define KEY_BYTES_LEAST  16u
#define KEY_BYTES_MOST   64u
#define RANDOM_KEY_BYTES 32u
#define FILE_BYTES       16384u

struct token_keys {
    uint32_t count;
    struct token_key items[TOKEN_MOST_KEYS];
};

/* ---- HMAC ---- */

static struct evp_mac_ctx_st *hmac_create(const unsigned char *key, size_t bytes) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *hmac = mac ? EVP_MAC_CTX_new(mac) : NULL; /* holds on to mac itself */
    EVP_MAC_free(mac);
    if (hmac && EVP_MAC_init(hmac, key, bytes, params) == 1)
        return hmac;
    EVP_MAC_CTX_free(hmac);
    return NULL;
}

int token_key_mac(const struct token_key *key, struct str head, struct str tail, unsigned char *mac,
                  size_t mac_bytes) {
    unsigned char digest[DIGEST_BYTES];
    size_t n = 0;
    /* Without a key it starts anew with the one that it has. */
    if (EVP_MAC_init(key->hmac, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(key->hmac, (const unsigned char *)head.p, head.n) != 1 ||
        (tail.n && EVP_MAC_update(key->hmac, (const unsigned char *)tail.p, tail.n) != 1) ||
        EVP_MAC_final(key->hmac, digest, &n, sizeof digest) != 1 || n != sizeof digest)
        return -1;
    memcpy(mac, digest, mac_bytes);
    return 0;
}

/* ---- the ring ---- */

const struct token_key *token_keys_first(const struct token_keys *keys) {
    return &keys->items[0];
}

const struct token_key *token_keys_find(const struct token_keys *keys, uint8_t number) {
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->items[i].number == number)
            return &keys->items[i];
    return NULL;
}

static bool keys_add(struct token_keys *keys, uint8_t number, const unsigned char *key, size_t bytes) {
    struct evp_mac_ctx_st *hmac = hmac_create(key, bytes);
    if (!hmac)
        return false;
    keys->items[keys->count++] = (struct token_key){.hmac = hmac, .number = number};
    return true;
}

struct token_keys *token_keys_random(void) {
    unsigned char key[RANDOM_KEY_BYTES];
    struct token_keys *keys = calloc(1, sizeof *keys);
    bool good =
        keys && getrandom(key, sizeof key, 0) == (ssize_t)sizeof key && keys_add(keys, 0, key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    if (good)
        return keys;
    token_keys_destroy(keys);
    return NULL;
}

void token_keys_destroy(struct token_keys *keys) {
    for (uint32_t i = 0; keys && i < keys->count; i++)
        EVP_MAC_CTX_free(keys->items[i].hmac); /* which wipes the key */
    free(keys);
}

/* ---- the file ---- */

static int fail(char *error, size_t error_size, const char *format, ...) PRINTF_LIKE(3, 4);
static int fail(char *error, size_t error_size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
    return -1;
}

/* Its bytes, or -1 with the reason. */
static ssize_t read_file(const char *path, char *text, char *error, size_t error_size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat file;
    if (fd < 0 || fstat(fd, &file) != 0) {
        fail(error, error_size, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    ssize_t n = -1;
    if (!S_ISREG(file.st_mode))
        fail(error, error_size, "%s: is no file", path);
    else if (file.st_mode & (S_IRWXG | S_IRWXO))
        fail(error, error_size, "%s: others than its owner can use it (mode %03o); make it 600", path,
             (unsigned)file.st_mode & 0777);
    else if (file.st_size > (off_t)FILE_BYTES)
        fail(error, error_size, "%s: is longer than %u bytes", path, FILE_BYTES);
    else if ((n = read(fd, text, FILE_BYTES)) < 0)
        fail(error, error_size, "%s: %s", path, strerror(errno));
    close(fd);
    return n;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static struct str trim(struct str s) {
    while (s.n && is_space(s.p[0]))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The key's bytes; 0 when the text is no key. */
static size_t read_hex(struct str hex, unsigned char key[KEY_BYTES_MOST]) {
    if (hex.n % 2 || hex.n < (size_t)KEY_BYTES_LEAST * 2 || hex.n > (size_t)KEY_BYTES_MOST * 2)
        return 0;
    for (size_t i = 0; i < hex.n; i += 2) {
        int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        key[i / 2] = (unsigned char)(high << 4 | low);
    }
    return hex.n / 2;
}

/* What is wrong with the line, or NULL. */
static const char *read_line(struct token_keys *keys, struct str line) {
    size_t digits = 0;
    unsigned number = 0;
    for (; digits < line.n && digits < 3 && line.p[digits] >= '0' && line.p[digits] <= '9'; digits++)
        number = number * 10 + (unsigned)(line.p[digits] - '0');
    if (digits == 0 || digits == line.n || !is_space(line.p[digits]) || number > 255)
        return "must be a number from 0 to 255, a space and the key";
    if (token_keys_find(keys, (uint8_t)number))
        return "has the number of a key above";
    if (keys->count == TOKEN_MOST_KEYS)
        return "is one key too many (8 at most)";
    unsigned char key[KEY_BYTES_MOST];
    size_t n = read_hex(trim((struct str){line.p + digits, line.n - digits}), key);
    bool added = n && keys_add(keys, (uint8_t)number, key, n);
    OPENSSL_cleanse(key, sizeof key);
    if (!n)
        return "must have a key of 32 to 128 hex digits, an even number of them";
    return added ? NULL : "out of memory";
}

static int read_lines(struct token_keys *keys, const char *path, struct str text, char *error,
                      size_t error_size) {
    for (unsigned at = 1; text.n; at++) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        struct str line = trim((struct str){text.p, n});
        text = (struct str){text.p + n + (end != NULL), text.n - n - (end != NULL)};
        if (line.n == 0 || line.p[0] == '#')
            continue;
        const char *wrong = read_line(keys, line);
        if (wrong)
            return fail(error, error_size, "%s:%u: %s", path, at, wrong);
    }
    return keys->count ? 0 : fail(error, error_size, "%s: holds no key", path);
}

struct token_keys *token_keys_load(const char *path, char *error, size_t error_size) {
    char text[FILE_BYTES];
    ssize_t n = read_file(path, text, error, error_size);
    if (n < 0)
        return NULL;
    struct token_keys *keys = calloc(1, sizeof *keys);
    int status = keys ? read_lines(keys, path, (struct str){text, (size_t)n}, error, error_size)
                      : fail(error, error_size, "out of memory");
    OPENSSL_cleanse(text, sizeof text);
    if (status == 0)
        return keys;
    token_keys_destroy(keys);
    return NULL;
}
