/* The words of a user's record: what users_layout.h says, as functions. Any 64 bits can be read. */
#ifndef SLIMBID_LEDGER_USERS_WORD_H
#define SLIMBID_LEDGER_USERS_WORD_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "ledger/users.h"

#define WORD_VIEW     1u
#define WORD_INTEREST 2u

#define WORD_MINUTE_MASK   0xffffffu
#define WORD_MOST_COUNT    4095u
#define WORD_MOST_CAMPAIGN 0xfffffu
#define WORD_MOST_NAME     8191u
#define WORD_MOST_WEIGHT   0x1ffffffu
#define WORD_WEIGHT_UNIT   4096.0
#define WORD_LEAST_UNITS   64u    /* 1/64: an interest below it is as good as forgotten */
#define WORD_MOST_HOURS    57344u /* the longest window that the code has */

/* Unix seconds to a word's minute; rounds towards the past. */
static inline uint32_t word_minute_of(int64_t seconds) {
    int64_t minute = seconds / 60 - (seconds % 60 < 0);
    return (uint32_t)((uint64_t)minute & WORD_MINUTE_MASK);
}

static inline uint32_t word_tag(uint64_t word) {
    return (uint32_t)(word >> 62);
}
static inline uint32_t word_minute(uint64_t word) {
    return (uint32_t)(word & WORD_MINUTE_MASK);
}
/* Minutes from the word's to `now`, which is a word's minute too: below 0 when the word's is still to come.
 */
static inline int32_t word_age(uint64_t word, uint32_t now) {
    return (int32_t)((now - word_minute(word)) << 8) / 256;
}

/* ---- views ---- */

/* The hours of a code: 1, 2, 3, 4 to 8, then four steps to each doubling. */
static inline uint32_t word_hours_of_code(uint32_t code) {
    return (4 + (code & 3)) << (code >> 2) >> 2;
}
/* The least code whose hours are at least so many; hours are 1 to WORD_MOST_HOURS. */
static inline uint32_t word_code_of_hours(uint32_t hours) {
    if (hours < 4)
        return hours == 3 ? 6 : (hours - 1) * 4;
    uint32_t doublings = 29 - (uint32_t)__builtin_clz(hours); /* 4 << doublings <= hours */
    uint32_t quarters = (hours + (1u << doublings) - 1) >> doublings;
    return ((doublings + 2) << 2) + quarters - 4;
}

static inline uint32_t word_view_campaign(uint64_t word) {
    return (uint32_t)(word >> 36) & WORD_MOST_CAMPAIGN;
}
static inline uint32_t word_view_count(uint64_t word) {
    return (uint32_t)(word >> 24) & WORD_MOST_COUNT;
}
static inline uint64_t word_view(uint32_t hours, uint32_t campaign, uint32_t count, uint32_t minute) {
    return (uint64_t)WORD_VIEW << 62 | (uint64_t)word_code_of_hours(hours) << 56 | (uint64_t)campaign << 36 |
           (uint64_t)count << 24 | minute;
}
/* A window of so many hours that is not over. One that begins later than now begins now; where it begins
 * later than a whole window from now the clock has jumped, and it is over. */
static inline bool word_in_window(uint64_t word, uint32_t hours, uint32_t now) {
    int32_t age = word_age(word, now), minutes = (int32_t)hours * 60;
    return age < minutes && age > -minutes;
}
static inline bool word_is_live_view(uint64_t word, uint32_t now) {
    return word_tag(word) == WORD_VIEW && word_view_count(word) > 0 &&
           word_in_window(word, word_hours_of_code((uint32_t)(word >> 56) & 63), now);
}

/* ---- interests ---- */

static inline uint32_t word_interest_name(uint64_t word) {
    return (uint32_t)(word >> 49) & WORD_MOST_NAME;
}
static inline uint64_t word_with_name(uint64_t word, uint32_t name) {
    return (word & ~((uint64_t)WORD_MOST_NAME << 49)) | (uint64_t)name << 49;
}
/* As decayed by now; the distance in time counts, also when the clock was put back. */
static inline double word_interest_weight(uint64_t word, uint32_t now) {
    double weight = (double)(word >> 24 & WORD_MOST_WEIGHT) / WORD_WEIGHT_UNIT;
    return weight * exp2(-fabs((double)word_age(word, now)) * 60 / USERS_HALF_LIFE_S);
}
static inline uint64_t word_interest(uint32_t name, double weight, uint32_t minute) {
    double units = fmin(weight * WORD_WEIGHT_UNIT + 0.5, (double)WORD_MOST_WEIGHT);
    return (uint64_t)WORD_INTEREST << 62 | (uint64_t)name << 49 | (uint64_t)units << 24 | minute;
}
/* At least WORD_LEAST_UNITS, when it is halved at the end of each half-life only: one test without exp2(),
 * for what is looked at in passing. */
static inline bool word_is_live_interest(uint64_t word, uint32_t now) {
    uint32_t halvings = (uint32_t)abs(word_age(word, now)) / (USERS_HALF_LIFE_S / 60);
    return word_tag(word) == WORD_INTEREST && halvings < 32 &&
           (word >> 24 & WORD_MOST_WEIGHT) >> halvings >= WORD_LEAST_UNITS;
}

#endif
