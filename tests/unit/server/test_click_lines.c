/* Lines out of pieces, cut at every byte; lines that are too long, at every border. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clickstream/click_lines.h"

#define MOST  16u /* bytes of a line */
#define PIECE 64u

/* All lines of the text, in pieces of the sizes given in turn, as "<line>" or "!" for one too long. */
static void read_all(struct str text, size_t first, size_t later, char out[1024]) {
    struct click_lines lines;
    struct str line;
    out[0] = '\0';
    click_lines_init(&lines, MOST, PIECE, NULL);
    for (size_t at = 0, n = first;; at += n, n = later) {
        bool last = at >= text.n;
        n = at + n < text.n ? n : text.n - (last ? text.n : at);
        if (last)
            click_lines_end(&lines);
        else
            assert_true(click_lines_add(&lines, (struct str){text.p + at, n}));
        enum click_line found;
        while ((found = click_lines_next(&lines, &line)) != CLICK_LINE_NONE) {
            size_t end = strlen(out);
            if (found == CLICK_LINE_TOO_LONG)
                strcat(out, "!");
            else
                snprintf(out + end, 1024 - end, "<%.*s>", STR_ARG(line));
        }
        if (last)
            break;
        if (n == 0)
            n = 1;
    }
    assert_true(click_lines_empty(&lines));
    click_lines_cleanup(&lines);
}

static void any_cut_gives_the_same_lines(void **state) {
    (void)state;
    static const struct {
        const char *text, *lines;
    } cases[] = {
        {"", ""},
        {"a", "<a>"},
        {"a\n", "<a>"},
        {"\n\n \r\n\t\na\n\nb\r\n", "<a><b\r>"},
        {"a\nbb\nccc", "<a><bb><ccc>"},
        {"0123456789abcdef\nx\n", "<0123456789abcdef><x>"},
        {"0123456789abcdef", "<0123456789abcdef>"},
        {"0123456789abcdefghijklmnopqrstuvwxyz0123456789\nx", "!<x>"},
        {"a\n0123456789abcdefghijklmnopqrstuvwxyz0123456789", "<a>!"},
        {"0123456789abcdefghijklmnopqrstuvwxyz\n0123456789abcdefghijklmnopqrstuvwxyz\n\nz\n", "!!<z>"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_from(cases[i].text);
        for (size_t first = 1; first <= text.n + 1 && first <= PIECE; first++) {
            for (size_t later = 1; later <= 9; later += 4) {
                char got[1024];
                read_all(text, first, later, got);
                if (strcmp(got, cases[i].lines) != 0)
                    fail_msg("\"%s\" cut at %zu and %zu: %s", cases[i].text, first, later, got);
            }
        }
    }
}

/* One that is too long takes no more memory than a piece and a line, however long it is. */
static void a_line_without_end_takes_no_memory(void **state) {
    (void)state;
    struct click_lines lines;
    struct str line;
    char piece[PIECE];
    memset(piece, 'x', sizeof piece);
    click_lines_init(&lines, MOST, PIECE, NULL);
    for (int i = 0; i < 10000; i++) {
        assert_true(click_lines_add(&lines, (struct str){piece, sizeof piece}));
        assert_int_equal(click_lines_next(&lines, &line), CLICK_LINE_NONE);
        assert_true(lines.pending.n <= MOST + 2 * PIECE);
    }
    assert_false(click_lines_empty(&lines));
    assert_true(click_lines_add(&lines, STR("\ny\n")));
    assert_int_equal(click_lines_next(&lines, &line), CLICK_LINE_TOO_LONG);
    assert_int_equal(click_lines_next(&lines, &line), CLICK_LINE_EVENT);
    assert_true(str_eq(line, STR("y")));
    assert_true(click_lines_empty(&lines));
    click_lines_cleanup(&lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_lines),
        cmocka_unit_test(a_line_without_end_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
