/* Ads and requests of texts as the matcher takes them: a table in memory, hashes. */
#ifndef SLIMBID_TESTS_MATCH_TEXT_TABLE_H
#define SLIMBID_TESTS_MATCH_TEXT_TABLE_H

#include "reference.h"

#define HASHES_ROOM (8 * REFERENCE_TEXTS)

struct hash_list {
    uint64_t items[HASHES_ROOM];
    uint32_t count;
};

/* A request with all it points to. */
struct text_hashed {
    struct hash_list is[TARGETS], badv, bcat, bcrid, wlang, sizes, deals;
    struct match_cap caps[REFERENCE_TEXTS];
    struct match_request request;
    struct match_imp imp;
};

/* Maps the table of these ads; weights may be NULL. 0, or -1, told on stdout. */
int text_table(const struct text_ad *texts, uint32_t count, const struct text_weights *weights,
               struct table *table);
/* The text stays where it is: its floors are pointed to. */
void text_hash_request(struct text_hashed *hashed, const struct text_request *text);

#endif
