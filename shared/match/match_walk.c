/*
 * Goes through the table block by block: ands the bits of the attributes, hands what is left on to the checks
 * in batches. The stages of a batch are apart, each asks for what the next one will read: so the cache misses
 * of many ads overlap.
 */
#include <string.h>

#include "match/match_internal.h"

/* ---- postings ---- */

/* Sets the bits of what the cursors have in the block that begins at record `first`; moves them behind it. */
static void set_postings(struct match_term *term, uint64_t *bits, uint32_t first) {
    uint32_t end = first + TABLE_BLOCK_ADS, next = TABLE_NONE, kept = 0;
    for (uint32_t i = 0; i < term->cursor_count; i++) {
        struct match_cursor cursor = term->cursors[i];
        for (; cursor.at < cursor.end && *cursor.at < end; cursor.at++) {
            uint32_t bit = *cursor.at - first;
            if (bit < TABLE_BLOCK_ADS) /* else of a block that was left out */
                bits[bit / 64] |= UINT64_C(1) << bit % 64;
        }
        if (cursor.at == cursor.end)
            continue;
        next = *cursor.at < next ? *cursor.at : next;
        term->cursors[kept++] = cursor;
    }
    term->cursor_count = kept;
    term->next = next;
}

static bool has_postings(const struct match_term *term, uint32_t first) {
    return term->next < first + TABLE_BLOCK_ADS;
}

/* ---- a block ---- */

static bool and_words(uint64_t *left, const uint64_t *bits) {
    uint64_t some = 0;
    for (size_t i = 0; i < MATCH_BLOCK_WORDS; i++)
        some |= left[i] &= bits[i];
    return some != 0;
}

/* The union of a term in the block, in term_bits. */
static bool make_union(struct matcher *matcher, struct match_term *term, uint64_t *bits, uint32_t block) {
    bool some = false;
    if (term->map_count > 0)
        some = matcher->bits->unite(bits, term->maps, term->map_count, (size_t)block * MATCH_BLOCK_WORDS);
    else
        memset(bits, 0, sizeof matcher->left);
    if (has_postings(term, block * TABLE_BLOCK_ADS)) {
        set_postings(term, bits, block * TABLE_BLOCK_ADS);
        some = true;
    }
    return some;
}

static bool and_term(struct matcher *matcher, struct match_term *term, uint32_t block) {
    if (term->map_count > 0 && !has_postings(term, block * TABLE_BLOCK_ADS))
        return matcher->bits->narrow(matcher->left, term->maps, term->map_count,
                                     (size_t)block * MATCH_BLOCK_WORDS);
    return make_union(matcher, term, matcher->term_bits, block) &&
           and_words(matcher->left, matcher->term_bits);
}

/* The same for the words that have bits left; words[] loses those that have none any more. */
static uint32_t and_sparse(struct matcher *matcher, struct match_term *term, uint32_t block, uint8_t *words,
                           uint32_t count) {
    uint64_t *bits = matcher->term_bits, *left = matcher->left;
    size_t at = (size_t)block * MATCH_BLOCK_WORDS;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        bits[words[i]] = term->map_count > 0 ? term->maps[0][at + words[i]] : 0;
    for (uint32_t j = 1; j < term->map_count; j++)
        for (uint32_t i = 0; i < count; i++)
            bits[words[i]] |= term->maps[j][at + words[i]];
    if (has_postings(term, block * TABLE_BLOCK_ADS))
        set_postings(term, bits, block * TABLE_BLOCK_ADS);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t word = words[i];
        left[word] &= bits[word];
        words[kept] = word;
        kept += left[word] != 0;
    }
    return kept;
}

/* Makes a list of the words with bits left that pass the index; returns how many. */
static uint32_t look_up_block(struct matcher *matcher, uint32_t block, uint8_t *words) {
    uint32_t count = 0, i;
    if (matcher->term_count == 0) /* no ad restricts anything */
        memset(matcher->left, 0xff, sizeof matcher->left);
    else if (!make_union(matcher, &matcher->terms[0], matcher->left, block))
        return 0;
    for (i = 1; i < matcher->dense_count; i++)
        if (!and_term(matcher, &matcher->terms[i], block))
            return 0;
    for (uint32_t word = 0; word < MATCH_BLOCK_WORDS; word++) {
        words[count] = (uint8_t)word;
        count += matcher->left[word] != 0;
    }
    for (; i < matcher->term_count && count > 0; i++)
        count = and_sparse(matcher, &matcher->terms[i], block, words, count);
    return count;
}

/* ---- survivors ---- */

/* Each batch goes on by one stage; the oldest leaves, its place is free for new survivors. */
static void shift(struct matcher *matcher) {
    struct match_batch *newest = matcher->stages[0], *second = matcher->stages[1];
    struct match_batch *oldest = matcher->stages[2];
    match_score_batch(matcher, oldest);
    match_check_lists(matcher, second);
    match_check_records(matcher, newest);
    matcher->stages[0] = oldest;
    matcher->stages[1] = newest;
    matcher->stages[2] = second;
}

static void begin_stages(struct matcher *matcher) {
    for (int i = 0; i < MATCH_STAGES; i++) {
        matcher->stages[i] = &matcher->batches[i];
        matcher->batches[i].count = 0;
    }
}

static void end_stages(struct matcher *matcher) {
    for (int i = 0; i < MATCH_STAGES; i++)
        shift(matcher);
}

static void add_survivor(struct matcher *matcher, uint32_t number) {
    const struct table_record *record = &matcher->table->records[number];
    struct match_batch *batch = matcher->stages[0];
    if (batch->count == 0) { /* what is over later may not be over for these yet */
        batch->click_is_over = matcher->click_is_over;
        batch->view_is_over = matcher->view_is_over;
    }
    __builtin_prefetch(record);
    batch->items[batch->count++] = (struct match_candidate){.record = record, .number = number};
    if (batch->count == MATCH_BATCH)
        shift(matcher);
}

static void add_block(struct matcher *matcher, uint32_t block, const uint8_t *words, uint32_t count) {
    uint32_t ads = matcher->table->ad_count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = block * TABLE_BLOCK_ADS + words[i] * 64u;
        for (uint64_t bits = matcher->left[words[i]]; bits; bits &= bits - 1) {
            uint32_t number = first + (uint32_t)__builtin_ctzll(bits);
            if (number < ads)
                add_survivor(matcher, number);
        }
    }
}

void match_walk(struct matcher *matcher) {
    const struct table *table = matcher->table;
    uint8_t words[MATCH_BLOCK_WORDS + 1];
    begin_stages(matcher);
    for (uint32_t block = 0; block < table->header->block_count; block++) {
        if (match_is_over(matcher, &table->blocks[block]))
            break;
        uint32_t count = look_up_block(matcher, block, words);
        if (count > 0)
            add_block(matcher, block, words, count);
        shift(matcher);
    }
    end_stages(matcher);
}

void match_walk_records(struct matcher *matcher) {
    begin_stages(matcher);
    matcher->list_mask = (1u << TABLE_LISTS_MOST) - 1;
    matcher->click_is_over = matcher->view_is_over = false;
    for (uint32_t i = 0; i < matcher->table->ad_count; i++)
        add_survivor(matcher, i);
    end_stages(matcher);
}
