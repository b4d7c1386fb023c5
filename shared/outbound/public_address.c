/* Blocks of addresses that are not public; see public_address.h. */
#include "outbound/public_address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

struct block {
    uint8_t prefix[16];
    unsigned bits;
};

static bool in_block(const uint8_t *address, const struct block *block) {
    size_t whole = block->bits / 8;
    if (memcmp(address, block->prefix, whole) != 0)
        return false;
    unsigned rest = block->bits % 8;
    return rest == 0 || (address[whole] ^ block->prefix[whole]) >> (8 - rest) == 0;
}

static bool in_any(const uint8_t *address, const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (in_block(address, &blocks[i]))
            return true;
    return false;
}

static bool four_is_public(const uint8_t address[4]) {
    static const struct block closed[] = {
        {{0}, 8},             /* this network */
        {{10}, 8},            /* private */
        {{100, 64}, 10},      /* shared: carriers' NAT */
        {{127}, 8},           /* this machine */
        {{169, 254}, 16},     /* link; clouds' metadata */
        {{172, 16}, 12},      /* private */
        {{192, 0, 0}, 24},    /* protocols */
        {{192, 0, 2}, 24},    /* examples */
        {{192, 168}, 16},     /* private */
        {{198, 18}, 15},      /* benchmarks */
        {{198, 51, 100}, 24}, /* examples */
        {{203, 0, 113}, 24},  /* examples */
        {{224}, 3},           /* groups, and what is reserved */
    };
    return !in_any(address, closed, COUNT_OF(closed));
}

static bool six_is_public(const uint8_t address[16]) {
    static const struct block four_inside[] = {
        {{[10] = 0xff, [11] = 0xff}, 96}, /* mapped */
        {{0x00, 0x64, 0xff, 0x9b}, 96},   /* NAT64 */
        {{0}, 96},                        /* compatible; :: and ::1 too */
    };
    static const struct block six_to_four = {{0x20, 0x02}, 16};
    static const struct block global = {{0x20}, 3}; /* all that is dealt out */
    static const struct block closed[] = {
        {{0x20, 0x01}, 23},             /* protocols; Teredo */
        {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* examples */
    };
    if (in_any(address, four_inside, COUNT_OF(four_inside)))
        return four_is_public(address + 12);
    if (in_block(address, &six_to_four))
        return four_is_public(address + 2);
    return in_block(address, &global) && !in_any(address, closed, COUNT_OF(closed));
}

static bool is_public(const char *text, size_t n) {
    char copy[INET6_ADDRSTRLEN];
    uint8_t address[16];
    bool six = n > 2 && text[0] == '[' && text[n - 1] == ']';
    if (six) {
        text++;
        n -= 2;
    }
    if (n == 0 || n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (inet_pton(six ? AF_INET6 : AF_INET, copy, address) != 1)
        return false;
    return six ? six_is_public(address) : four_is_public(address);
}

bool public_address_all(const char *addresses) {
    for (;;) {
        size_t n = strcspn(addresses, ",");
        if (!is_public(addresses, n))
            return false;
        if (addresses[n] == '\0')
            return true;
        addresses += n + 1;
    }
}
