/* Lines out of pieces; see click_lines.h. */
#include "clickstream/click_lines.h"

#include <stdint.h>
#include <string.h>

void click_lines_init(struct click_lines *lines, size_t line_bytes, size_t piece_bytes,
                      struct budget *budget) {
    *lines = (struct click_lines){.line_bytes = line_bytes};
    buf_init(&lines->pending, line_bytes + 2 * piece_bytes);
    buf_charge_to(&lines->pending, budget, 0);
}

void click_lines_cleanup(struct click_lines *lines) {
    buf_cleanup(&lines->pending);
}

bool click_lines_add(struct click_lines *lines, struct str piece) {
    struct buf *pending = &lines->pending;
    if (lines->at > 0) {
        memmove(pending->p, pending->p + lines->at, pending->n - lines->at);
        pending->n -= lines->at;
        lines->scanned -= lines->at;
        lines->at = 0;
    }
    buf_add_str(pending, piece);
    return !pending->failed;
}

void click_lines_end(struct click_lines *lines) {
    lines->ended = true;
}

bool click_lines_empty(const struct click_lines *lines) {
    return lines->at == lines->pending.n && !lines->skipping;
}

/* The bytes stay where they are until more are added. */
static void drop(struct click_lines *lines, size_t to) {
    lines->at = lines->scanned = to;
    if (to < lines->pending.n)
        return;
    buf_clear(&lines->pending, SIZE_MAX);
    lines->at = lines->scanned = 0;
}

static enum click_line take(struct click_lines *lines, struct str *line) {
    struct buf *pending = &lines->pending;
    size_t more = pending->n - lines->scanned, left = pending->n - lines->at;
    const char *end = more ? memchr(pending->p + lines->scanned, '\n', more) : NULL;
    size_t n = end ? (size_t)(end - pending->p) - lines->at : left;
    bool whole = end || (lines->ended && (n > 0 || lines->skipping));
    if (!whole && n <= lines->line_bytes + 1) { /* 1: a carriage return */
        lines->scanned = pending->n;
        return CLICK_LINE_NONE;
    }
    *line = (struct str){n > 0 ? pending->p + lines->at : "", n};
    drop(lines, lines->at + n + (end != NULL));
    bool too_long = lines->skipping || n > lines->line_bytes + 1;
    lines->skipping = !whole;
    if (!whole)
        return CLICK_LINE_NONE;
    return too_long ? CLICK_LINE_TOO_LONG : CLICK_LINE_EVENT;
}

static bool is_blank(struct str line) {
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
            return false;
    return true;
}

enum click_line click_lines_next(struct click_lines *lines, struct str *line) {
    enum click_line found = take(lines, line);
    while (found == CLICK_LINE_EVENT && is_blank(*line))
        found = take(lines, line);
    return found;
}
