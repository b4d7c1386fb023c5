/*
 * The vocabulary in which ads say what they want and requests say what they are.
 *
 * A value ("USA", "example.com") becomes a 64-bit hash of its attribute and its text; requests, tables and
 * weights meet in these hashes. Both sides bring a value into one form first:
 *
 *   size         "300x250" for each size of a banner; besides "banner", "video" or "native" for the medium
 *   country      ISO 3166-1 alpha-3, capitals           region       "USA-CA": country and region, capitals
 *   device_type  AdCOM's number, decimal                os           lower case ("ios", "android")
 *   language     the two letters before any '-', lower  category     "1:IAB1-3": taxonomy and id; of taxonomy
 * 1 the parents ("1:IAB1") too inventory    "domain:news.example.com" and every parent with a dot in it;
 * "bundle:com.example.app" keyword      lower case, trimmed                    segment
 * user.data[].segment[].id deal         imp.pmp.deals[].id advertiser   the domain, lower case: what badv
 * blocks, it and all below creative     crid and, for scoring only: hour "0" to "23" and weekday "0" (Monday)
 * to "6" of the user's time, position and connection AdCOM's numbers, slot the imp's tagid, city
 * device.geo.city in lower case.
 */
#ifndef SLIMBID_TABLE_TARGET_H
#define SLIMBID_TABLE_TARGET_H

#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"

enum target {
    /* What an ad may be restricted to. The first TARGET_INDEXED have an index. */
    TARGET_SIZE,
    TARGET_COUNTRY,
    TARGET_REGION,
    TARGET_DEVICE_TYPE,
    TARGET_OS,
    TARGET_LANGUAGE,
    TARGET_CATEGORY,
    TARGET_INVENTORY,
    TARGET_KEYWORD,
    TARGET_SEGMENT,
    TARGET_DEAL,
    TARGET_INDEXED,
    /* What an ad is. */
    TARGET_ADVERTISER = TARGET_INDEXED,
    TARGET_CREATIVE,
    /* What only scoring looks at. */
    TARGET_HOUR,
    TARGET_WEEKDAY,
    TARGET_POSITION,
    TARGET_CONNECTION,
    TARGET_SLOT,
    TARGET_CITY,
    TARGETS
};

/* "size", "country", ...: as in weights files and messages. */
const char *target_name(enum target target);

/* The hash of a value in its normal form. */
static inline uint64_t target_hash(enum target target, struct str value) {
    return hash_bytes(value, (uint64_t)target + 1);
}

/* The key under which scoring keeps the weight of a campaign (hash of its id, cut to 32 bits) together with a
 * request's value. splitmix64's finish. */
static inline uint64_t target_cross(uint32_t campaign_key, uint64_t value_hash) {
    uint64_t x = value_hash + campaign_key * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
