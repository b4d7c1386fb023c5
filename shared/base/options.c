/* Command lines; see options.h. */
#include "base/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static void print_help(const struct option_table *table) {
    printf("usage: %s [options]\n%s\n\n", table->program, table->purpose);
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "",
                 row->value ? row->value : "");
        printf("  %-24s %s\n", left, row->help);
    }
    printf("  %-24s %s\n", "--help", "this text");
    if (table->notes)
        printf("\n%s\n", table->notes);
}

void options_refuse(const struct option_table *table, const char *message, const char *value) {
    fprintf(stderr, "%s: %s%s%s (--help lists the options)\n", table->program, message, value ? ": " : "",
            value ? value : "");
    exit(2);
}

static const struct option_row *find_row(const struct option_table *table, const char *name, size_t n) {
    for (size_t i = 0; i < table->count; i++)
        if (strlen(table->rows[i].name) == n && memcmp(table->rows[i].name, name, n) == 0)
            return &table->rows[i];
    return NULL;
}

static void refuse_range(const struct option_table *table, const struct option_row *row, const char *text) {
    char message[160];
    snprintf(message, sizeof message, "--%s must be a number from %.15g to %.15g", row->name, row->min,
             row->max);
    options_refuse(table, message, text);
}

static void take_number(const struct option_table *table, const struct option_row *row, const char *text) {
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v) || v < row->min || v > row->max)
        refuse_range(table, row, text);
    if (row->type == OPTION_NUMBER) {
        *(double *)row->into = v;
        return;
    }
    if (v != floor(v))
        refuse_range(table, row, text);
    *(uint64_t *)row->into = (uint64_t)v;
}

static void take_value(const struct option_table *table, const struct option_row *row, const char *text) {
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)row->into = true;
        break;
    case OPTION_TEXT:
        *(const char **)row->into = text;
        break;
    case OPTION_UINT:
    case OPTION_NUMBER:
        take_number(table, row, text);
        break;
    case OPTION_EACH: {
        struct option_texts *texts = row->into;
        if (texts->count == OPTION_TEXTS_MAX)
            options_refuse(table, "given too often: --", row->name);
        texts->items[texts->count++] = text;
        break;
    }
    }
}

void options_read(const struct option_table *table, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            print_help(table);
            exit(0);
        }
        if (strncmp(arg, "--", 2) != 0)
            options_refuse(table, "not an option", arg);
        size_t n = strcspn(arg + 2, "=");
        const struct option_row *row = find_row(table, arg + 2, n);
        if (!row)
            options_refuse(table, "unknown option", arg);
        const char *text = arg[2 + n] == '=' ? arg + 3 + n : NULL;
        if (row->type == OPTION_FLAG && text)
            options_refuse(table, "takes no value", arg);
        if (row->type != OPTION_FLAG && !text) {
            if (++i == argc)
                options_refuse(table, "needs a value", arg);
            text = argv[i];
        }
        take_value(table, row, text);
    }
}
