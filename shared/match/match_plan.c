/*
 * Plans how the index is used for an imp: which attributes, in which order. Costs are estimates of
 * nanoseconds, as if attributes were independent; a bad guess costs time, never a hit, since what the index
 * has not looked at is looked at on each ad.
 */
#include "match/match_internal.h"

#define MAP_NS      30.0 /* ANDing a bitmap's piece of a block */
#define WORD_NS     1.5  /* looking at one word of it */
#define POSTING_NS  1.0
#define SURVIVOR_NS 20.0 /* looking at an ad that will not fit */

static const uint64_t *map_of(const struct table *table, uint32_t bitmap) {
    return table->bitmaps + (size_t)bitmap * table->header->bitmap_words;
}

static void add_map(struct matcher *matcher, struct match_term *term, uint32_t bitmap) {
    term->maps[term->map_count++] = map_of(matcher->table, bitmap);
    __builtin_prefetch(term->maps[term->map_count - 1]);
}

static void add_cursor(struct matcher *matcher, struct match_term *term, const struct table_value *value) {
    const uint32_t *at = matcher->table->postings + value->posting;
    if (value->postings == 0)
        return;
    term->cursors[term->cursor_count++] = (struct match_cursor){at, at + value->postings};
    __builtin_prefetch(at);
}

/* What passes one attribute: ads that it does not restrict are in the bitmaps of its values already. */
static struct match_term make_term(struct matcher *matcher, enum target target, const uint64_t **maps,
                                   struct match_cursor *cursors) {
    struct match_term term = {.target = target, .maps = maps, .cursors = cursors, .next = 0};
    const struct match_numbers *numbers = &matcher->is[target];
    uint32_t any = matcher->table->header->any_bitmap[target];
    term.pass = matcher->any_ads[target];
    for (uint32_t i = 0; i < numbers->count; i++) {
        const struct table_value *value = &matcher->table->values[numbers->items[i]];
        term.pass += value->ads;
        if (value->bitmap != TABLE_NONE)
            add_map(matcher, &term, value->bitmap);
        else
            add_cursor(matcher, &term, value);
    }
    if (term.map_count == 0 && any != TABLE_NONE)
        add_map(matcher, &term, any);
    if (term.cursor_count == 0)
        term.next = TABLE_NONE;
    return term;
}

/* By how many ads pass; there are few. */
static void insert_term(struct matcher *matcher, const struct match_term *term) {
    uint32_t at = matcher->term_count++;
    for (; at > 0 && matcher->terms[at - 1].pass > term->pass; at--)
        matcher->terms[at] = matcher->terms[at - 1];
    matcher->terms[at] = *term;
}

/* Leaves out what is not worth its time, and tells the rest apart: first whole pieces are ANDed, then, where
 * few bits are left, only words that have some. */
static void choose_terms(struct matcher *matcher) {
    double ads = matcher->table->ad_count > 0 ? matcher->table->ad_count : 1;
    double blocks = matcher->table->header->block_count, left = ads / blocks; /* in a block */
    uint32_t kept = 0, most_words = MATCH_BLOCK_WORDS;
    matcher->dense_count = 0;
    matcher->unindexed = 0;
    for (uint32_t i = 0; i < matcher->term_count; i++) {
        struct match_term *term = &matcher->terms[i];
        double share = term->pass < ads ? term->pass / ads : 1;
        double words = left < most_words ? left : most_words;
        double dense = MAP_NS * term->map_count, sparse = (WORD_NS * words + 5) * (term->map_count + 1);
        bool whole = kept == matcher->dense_count && (kept == 0 || dense < sparse);
        double cost = (whole ? dense : sparse) + POSTING_NS * term->cursor_count;
        if (kept > 0 && left * (1 - share) * SURVIVOR_NS < cost) {
            matcher->unindexed |= 1u << term->target;
            continue;
        }
        matcher->dense_count += whole;
        matcher->terms[kept++] = *term;
        left *= share;
    }
    matcher->term_count = kept;
}

/* Lists of an ad that have to be looked at: those that the index did not, and those it does not know. */
static uint32_t lists_to_check(const struct matcher *matcher) {
    uint32_t lists = matcher->unindexed;
    if (matcher->is[TARGET_CATEGORY].count > 0)
        lists |= 1u << TABLE_LIST_NOT_CATEGORY;
    if (matcher->is[TARGET_INVENTORY].count > 0)
        lists |= 1u << TABLE_LIST_NOT_INVENTORY;
    if (matcher->is[TARGET_SEGMENT].count > 0)
        lists |= 1u << TABLE_LIST_NOT_SEGMENT;
    if (matcher->bcat.count > 0)
        lists |= 1u << TABLE_LIST_OWN_CATEGORY;
    return lists | 1u << TARGET_DEAL; /* its floor */
}

bool match_plan(struct matcher *matcher) {
    const uint64_t **maps = matcher->maps;
    struct match_cursor *cursors = matcher->cursors;
    matcher->term_count = 0;
    for (int i = 0; i < TARGET_INDEXED; i++) {
        if (matcher->any_ads[i] == matcher->table->ad_count)
            continue; /* no ad restricts it */
        struct match_term term = make_term(matcher, (enum target)i, maps, cursors);
        if (term.map_count == 0 && term.cursor_count == 0)
            return false; /* every ad restricts it, to what the request is not */
        maps += term.map_count;
        cursors += term.cursor_count;
        insert_term(matcher, &term);
    }
    choose_terms(matcher);
    matcher->list_mask = lists_to_check(matcher);
    return matcher->table->ad_count > 0;
}
