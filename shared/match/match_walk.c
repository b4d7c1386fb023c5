/*
 * Goes through the table block by block: ands the bits of the attributes, hands what is left on to the checks
 * in batches. The stages of a batch are apart, each asks for what the next one will read: so the cache misses
 * of many ads overlap.
 */
#include <string.h>

#include "match/match_internal.h"

/* Four words at once: the compiler makes of it what the machine has. */
typedef uint64_t words4 __attribute__((vector_size(32), may_alias));

#define LINE_WORDS  8u
#define BLOCK_LINES (MATCH_BLOCK_WORDS / LINE_WORDS)

/* ---- whole pieces ---- */

/*
 * The union of the maps' pieces that begin at word `at`, put into left or ANDed with it. What the next block
 * will read of the same maps is asked for on the way: the pieces are too short for the processor to see in
 * time that they go on, and without it half of the time is waiting for them. Whether a bit is left.
 */
static inline __attribute__((always_inline)) bool unite(uint64_t *left, const struct match_term *term,
                                                        size_t at, bool first) {
    words4 some = {0};
    for (size_t line = 0; line < BLOCK_LINES; line++, at += LINE_WORDS, left += LINE_WORDS) {
        const words4 *map = (const words4 *)(term->maps[0] + at);
        words4 low = map[0], high = map[1];
        __builtin_prefetch(map + MATCH_BLOCK_WORDS / 4);
        for (uint32_t i = 1; i < term->map_count; i++) {
            map = (const words4 *)(term->maps[i] + at);
            low |= map[0];
            high |= map[1];
            __builtin_prefetch(map + MATCH_BLOCK_WORDS / 4);
        }
        if (!first) {
            low &= ((const words4 *)left)[0];
            high &= ((const words4 *)left)[1];
        }
        ((words4 *)left)[0] = low;
        ((words4 *)left)[1] = high;
        some |= low | high;
    }
    return (some[0] | some[1] | some[2] | some[3]) != 0;
}

static bool or_into(uint64_t *bits, const struct match_term *term, size_t at) {
    return unite(bits, term, at, true);
}

static bool and_into(uint64_t *bits, const struct match_term *term, size_t at) {
    return unite(bits, term, at, false);
}

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
        some = or_into(bits, term, (size_t)block * MATCH_BLOCK_WORDS);
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
        return and_into(matcher->left, term, (size_t)block * MATCH_BLOCK_WORDS);
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

static void run_batch(struct matcher *matcher) {
    struct match_candidate *batch = matcher->batch;
    const struct table *table = matcher->table;
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < matcher->batch_count; i++) {
        batch[count] = batch[i];
        if (match_check_record(matcher, batch[i].record, batch[i].number)) {
            if (batch[i].record->held & matcher->list_mask)
                __builtin_prefetch(table->lists + batch[i].record->lists);
            count++;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        batch[kept] = batch[i];
        if (match_check_lists(matcher, &batch[kept]))
            match_prefetch_weights(matcher, batch[kept++].record);
    }
    for (uint32_t i = 0; i < kept; i++)
        match_score(matcher, &batch[i]);
    matcher->batch_count = 0;
}

static void add_survivor(struct matcher *matcher, uint32_t number) {
    const struct table_record *record = &matcher->table->records[number];
    __builtin_prefetch(record);
    matcher->batch[matcher->batch_count++] = (struct match_candidate){.record = record, .number = number};
    if (matcher->batch_count == MATCH_BATCH)
        run_batch(matcher);
}

void match_walk(struct matcher *matcher) {
    const struct table *table = matcher->table;
    uint8_t words[MATCH_BLOCK_WORDS + 1];
    for (uint32_t block = 0; block < table->header->block_count; block++) {
        if (match_is_over(matcher, &table->blocks[block]))
            break;
        uint32_t count = look_up_block(matcher, block, words);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t first = block * TABLE_BLOCK_ADS + words[i] * 64u;
            for (uint64_t bits = matcher->left[words[i]]; bits; bits &= bits - 1) {
                uint32_t number = first + (uint32_t)__builtin_ctzll(bits);
                if (number < table->ad_count)
                    add_survivor(matcher, number);
            }
        }
        run_batch(matcher);
    }
}

void match_walk_records(struct matcher *matcher) {
    const struct table *table = matcher->table;
    matcher->list_mask = (1u << TABLE_LISTS_MOST) - 1;
    matcher->click_is_over = matcher->view_is_over = false;
    for (uint32_t i = 0; i < table->ad_count; i++) {
        struct match_candidate candidate = {.record = &table->records[i], .number = i};
        if (!match_check_record(matcher, candidate.record, i) || !match_check_lists(matcher, &candidate))
            continue;
        match_score(matcher, &candidate);
    }
}
