/*
 * CRC-32C; see crc32c.h.
 *
 * The instruction takes a new word every cycle but answers after three, so three streams run side by side.
 * Their CRCs are joined as polynomials: crc(AB) = crc(A) * x^(8 |B|) + crc(B) modulo the polynomial. Bits are
 * reflected: the highest bit of an integer is the coefficient of x^0.
 */
#include "base/crc32c.h"

#include <stdbool.h>
#include <string.h>

#include "base/macros.h"

#define POLYNOMIAL 0x82f63b78u

/* ---- portable: eight bytes a step, tables made for the call ---- */

static void make_tables(uint32_t tables[8][256]) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++)
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 255];
}

uint32_t crc32c_portable(uint32_t crc, const void *p, size_t n) {
    const unsigned char *at = p;
    uint32_t tables[8][256];
    make_tables(tables);
    crc = ~crc;
    for (; n >= 8; n -= 8, at += 8) {
        uint32_t next = 0;
        for (int k = 0; k < 4; k++) {
            next ^= tables[7 - k][(crc >> 8 * k & 255) ^ at[k]];
            next ^= tables[3 - k][at[4 + k]];
        }
        crc = next;
    }
    for (; n > 0; n--, at++)
        crc = crc >> 8 ^ tables[0][(crc ^ *at) & 255];
    return ~crc;
}

/* ---- SSE4.2 ---- */

#if defined(__x86_64__)

#include <nmmintrin.h>

#define LONG_BYTES  ((size_t)8192) /* of one of three streams */
#define SHORT_BYTES ((size_t)256)

/* a * b modulo the polynomial. */
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        product ^= a & bit ? b : 0;
        b = b >> 1 ^ (b & 1 ? POLYNOMIAL : 0);
    }
    return product;
}

/* x^(8 * bytes); bytes is a power of two. */
static uint32_t shift_by(uint32_t bytes) {
    uint32_t power = 1u << 30; /* x */
    for (uint32_t bits = bytes * 8; bits > 1; bits >>= 1)
        power = multiply(power, power);
    return power;
}

static inline uint64_t word_at(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* As many triples of streams of `bytes` each as fit; what is left stays in *p and *n. */
__attribute__((target("sse4.2"))) static uint32_t triples(uint32_t crc, const unsigned char **p, size_t *n,
                                                          size_t bytes) {
    if (*n < 3 * bytes)
        return crc;
    const uint32_t shift = shift_by((uint32_t)bytes);
    for (; *n >= 3 * bytes; *n -= 3 * bytes, *p += 3 * bytes) {
        const unsigned char *at = *p;
        uint64_t a = crc, b = 0, c = 0;
        for (size_t i = 0; i < bytes; i += 8) {
            a = _mm_crc32_u64(a, word_at(at + i));
            b = _mm_crc32_u64(b, word_at(at + bytes + i));
            c = _mm_crc32_u64(c, word_at(at + 2 * bytes + i));
        }
        crc = multiply(multiply((uint32_t)a, shift) ^ (uint32_t)b, shift) ^ (uint32_t)c;
    }
    return crc;
}

__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t crc, const void *p, size_t n) {
    const unsigned char *at = p;
    crc = triples(~crc, &at, &n, LONG_BYTES);
    if (n >= 6 * SHORT_BYTES)
        crc = triples(crc, &at, &n, SHORT_BYTES);
    for (; n >= 8; n -= 8, at += 8)
        crc = (uint32_t)_mm_crc32_u64(crc, word_at(at));
    for (; n > 0; n--, at++)
        crc = _mm_crc32_u8(crc, *at);
    return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *p, size_t n) {
    if (LIKELY(__builtin_cpu_supports("sse4.2")))
        return with_instruction(crc, p, n);
    return crc32c_portable(crc, p, n);
}

#else

uint32_t crc32c(uint32_t crc, const void *p, size_t n) {
    return crc32c_portable(crc, p, n);
}

#endif
