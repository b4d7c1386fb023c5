/* The nearest candidate to a mistyped word; see config_suggest.h. */
#include "config/config_suggest.h"

#define WORD_BYTES 64 /* longer words get no suggestion */

void config_suggestion_begin(struct config_suggestion *suggestion, struct str word) {
    size_t near = word.n / 3 > 0 ? word.n / 3 : 1;
    *suggestion = (struct config_suggestion){.word = word, .distance = near + 1};
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance; three rows of the table are enough. */
static size_t distance(struct str a, struct str b) {
    size_t rows[3][WORD_BYTES + 1];
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replaced = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            now[j] = least(least(above[j], now[j - 1]) + 1, replaced);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                now[j] = least(now[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

void config_suggestion_offer(struct config_suggestion *suggestion, struct str candidate) {
    if (suggestion->word.n > WORD_BYTES || candidate.n > WORD_BYTES)
        return;
    size_t d = distance(suggestion->word, candidate);
    if (d >= suggestion->distance)
        return;
    suggestion->distance = d;
    suggestion->best = candidate;
}
