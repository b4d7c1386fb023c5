/*
 * Plans how the index is used for an imp: which attributes, in which order. Costs are estimates of
 * nanoseconds, as if attributes were independent; a bad guess costs time, never a hit, since what the index
 * has not looked at is looked at on each ad.
 */
#include "match/match_internal.h"

#define LINE_NS     3.0 /* ANDing a cache line of a bitmap */
#define POSTING_NS  1.0
#define SURVIVOR_NS 30.0 /* looking at an ad that will not fit */

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

/* By how many ads pass, but first by what the order of the ads goes by: that leaves whole lines without bits.
 */
static double weight_of(const struct match_term *term) {
    if (term->target == TARGET_SIZE)
        return -2;
    return term->target == TARGET_COUNTRY ? -1 : term->pass;
}

static void insert_term(struct matcher *matcher, const struct match_term *term) {
    uint32_t at = matcher->term_count++;
    for (; at > 0 && weight_of(&matcher->terms[at - 1]) > weight_of(term); at--)
        matcher->terms[at] = matcher->terms[at - 1];
    matcher->terms[at] = *term;
}

/* How many blocks to look up at once, to begin with: all hits need all of them, the best ones as many as so
 * many hits need at least. `left` is what is about left of a block. */
static uint32_t first_group(const struct matcher *matcher, double left) {
    double blocks = matcher->keep_best ? matcher->hit_room / (2 * left + 1e-9) : MATCH_GROUP;
    if (blocks >= MATCH_GROUP)
        return MATCH_GROUP;
    return blocks < 1 ? 1 : (uint32_t)blocks;
}

/* Leaves out what is not worth its time. */
static void choose_terms(struct matcher *matcher) {
    const uint32_t block_lines = MATCH_BLOCK_LINES;
    double ads = matcher->table->ad_count > 0 ? matcher->table->ad_count : 1;
    double left = ads / matcher->table->header->block_count; /* in a block */
    uint32_t kept = 0;
    matcher->unindexed = 0;
    for (uint32_t i = 0; i < matcher->term_count; i++) {
        struct match_term *term = &matcher->terms[i];
        double share = term->pass < ads ? term->pass / ads : 1;
        double lines = left < block_lines ? left : block_lines;
        double cost = LINE_NS * lines * term->map_count + POSTING_NS * term->cursor_count;
        if (kept > 0 && left * (1 - share) * SURVIVOR_NS < cost) {
            matcher->unindexed |= 1u << term->target;
            continue;
        }
        matcher->terms[kept++] = *term;
        left *= share;
    }
    matcher->term_count = kept;
    matcher->group = first_group(matcher, left);
}

/* Lists of an ad that have to be looked at: those that the index did not. Exclusions have their marks. */
static uint32_t lists_to_check(const struct matcher *matcher) {
    uint32_t lists = matcher->unindexed;
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
