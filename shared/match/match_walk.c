/*
 * Goes through the table block by block: ands the bits of the attributes, hands what is left on to the checks
 * in batches. The stages of a batch are apart, each asks for what the next one will read: so the cache misses
 * of many ads overlap.
 */
#include <string.h>

#include "match/match_internal.h"

/* ---- postings ---- */

static uint32_t first_ad(const struct match_bits *bits) {
    return (uint32_t)bits->at * 64;
}

static uint32_t ads_of(const struct match_bits *bits) {
    return bits->line_count * MATCH_LINE_WORDS * 64;
}

static bool has_postings(const struct match_bits *bits, const struct match_term *term) {
    return term->next < first_ad(bits) + ads_of(bits);
}

/* Leaves each once, and none of them in the piece. */
static uint32_t drop_doubles(struct match_bits *bits, uint16_t *saved, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t bit = saved[i];
        saved[kept] = bit;
        kept += bits->words[bit / 64] >> bit % 64 & 1;
        bits->words[bit / 64] &= ~(UINT64_C(1) << bit % 64);
    }
    return kept;
}

/* Moves the cursors behind the piece at hand; notes each of its bits that they have in saved[]. Returns how
 * many these are. */
static uint32_t save_postings(struct matcher *matcher, struct match_term *term) {
    struct match_bits *bits = &matcher->bits;
    uint32_t first = first_ad(bits), ads = ads_of(bits), next = TABLE_NONE, kept = 0, saved = 0;
    for (uint32_t i = 0; i < term->cursor_count; i++) {
        struct match_cursor cursor = term->cursors[i];
        while (cursor.at < cursor.end && *cursor.at < first) /* of a group that was left out */
            cursor.at++;
        for (; cursor.at < cursor.end && *cursor.at - first < ads; cursor.at++) {
            uint32_t bit = *cursor.at - first;
            matcher->saved[saved] = (uint16_t)bit;
            saved += bits->words[bit / 64] >> bit % 64 & 1;
            if (UNLIKELY(saved == MATCH_MOST_SAVED))
                saved = drop_doubles(bits, matcher->saved, saved);
        }
        if (cursor.at == cursor.end)
            continue;
        next = *cursor.at < next ? *cursor.at : next;
        term->cursors[kept++] = cursor;
    }
    term->cursor_count = kept;
    term->next = next;
    return saved;
}

/* Puts them back; before[] are the lines that were listed when they were set aside. */
static void restore(struct matcher *matcher, uint32_t saved, const uint16_t *before, uint32_t count) {
    struct match_bits *bits = &matcher->bits;
    for (uint32_t i = 0; i < saved; i++)
        bits->words[matcher->saved[i] / 64] |= UINT64_C(1) << matcher->saved[i] % 64;
    bits->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t *line = bits->words + (size_t)before[i] * MATCH_LINE_WORDS;
        uint64_t some = 0;
        for (uint32_t j = 0; j < MATCH_LINE_WORDS; j++)
            some |= line[j];
        bits->lines[bits->count] = before[i];
        bits->count += some != 0;
    }
}

/* ---- a group of blocks ---- */

static struct match_union union_of(const struct matcher *matcher, uint32_t term) {
    if (term >= matcher->term_count)
        return (struct match_union){NULL, 0};
    return (struct match_union){matcher->terms[term].maps, matcher->terms[term].map_count};
}

/* Leaves what the term lets pass. Most have a few postings besides their bitmaps: what these keep is set
 * aside, then the bitmaps have their way with the rest. */
static void and_term(struct matcher *matcher, uint32_t term) {
    struct match_bits *bits = &matcher->bits;
    const struct match_union with = union_of(matcher, term), next = union_of(matcher, term + 1);
    uint16_t before[MATCH_LINES];
    uint32_t count = bits->count, saved = 0;
    if (has_postings(bits, &matcher->terms[term]))
        saved = save_postings(matcher, &matcher->terms[term]);
    if (saved > 0)
        memcpy(before, bits->lines, count * sizeof *before);
    matcher->bits_kind->narrow(bits, &with, &next);
    if (saved > 0)
        restore(matcher, saved, before, count);
}

static void begin_full(struct match_bits *bits) {
    memset(bits->words, 0xff, (size_t)bits->line_count * MATCH_LINE_WORDS * sizeof *bits->words);
    for (uint32_t i = 0; i < bits->line_count; i++)
        bits->lines[i] = (uint16_t)i;
    bits->count = bits->line_count;
}

/* Leaves what passes the index. */
static void look_up(struct matcher *matcher) {
    const struct match_union with = union_of(matcher, 0), next = union_of(matcher, 1);
    struct match_bits *bits = &matcher->bits;
    uint32_t i = 0;
    if (with.count > 0 && !has_postings(bits, &matcher->terms[0])) {
        matcher->bits_kind->unite(bits, &with, &next);
        i = 1;
    } else { /* also when no ad restricts anything */
        begin_full(bits);
    }
    for (; i < matcher->term_count && bits->count > 0; i++)
        and_term(matcher, i);
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

static void add_line(struct matcher *matcher, uint32_t line) {
    uint32_t ads = matcher->table->ad_count;
    const uint64_t *words = matcher->bits.words;
    for (uint32_t i = line * MATCH_LINE_WORDS; i < (line + 1) * MATCH_LINE_WORDS; i++) {
        uint32_t first = first_ad(&matcher->bits) + i * 64;
        for (uint64_t bits = words[i]; bits; bits &= bits - 1) {
            uint32_t number = first + (uint32_t)__builtin_ctzll(bits);
            if (number < ads)
                add_survivor(matcher, number);
        }
    }
}

/* Hands on what is left of the group, as far as something can be gained. False: no more can be. */
static bool add_group(struct matcher *matcher, uint32_t block) {
    const struct match_bits *bits = &matcher->bits;
    uint32_t i = 0;
    for (uint32_t end = MATCH_BLOCK_LINES; end <= bits->line_count; end += MATCH_BLOCK_LINES, block++) {
        if (match_is_over(matcher, &matcher->table->blocks[block]))
            return false;
        for (; i < bits->count && bits->lines[i] < end; i++)
            add_line(matcher, bits->lines[i]);
        shift(matcher);
    }
    return true;
}

/* Groups grow: the best ads stand in front, and a group that was looked up in vain costs more when it is
 * large. */
void match_walk(struct matcher *matcher) {
    const struct table *table = matcher->table;
    uint32_t blocks = table->header->block_count, group = matcher->group;
    begin_stages(matcher);
    for (uint32_t block = 0; block < blocks; block += group) {
        if (match_is_over(matcher, &table->blocks[block]))
            break;
        if (block > 0)
            group = 2 * group < MATCH_GROUP ? 2 * group : MATCH_GROUP;
        group = group < blocks - block ? group : blocks - block;
        matcher->bits.at = (size_t)block * MATCH_BLOCK_WORDS;
        matcher->bits.line_count = group * MATCH_BLOCK_LINES;
        look_up(matcher);
        if (!add_group(matcher, block))
            break;
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
