/*
 * Command lines of the programs around the server: a table of options, read in one pass.
 *
 * "--name value" and "--name=value" both work. --help prints the table and ends the program with 0; a
 * mistake is told in one line and ends it with 2.
 */
#ifndef SLIMBID_BASE_OPTIONS_H
#define SLIMBID_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_FLAG,   /* bool: true when given */
    OPTION_TEXT,   /* const char *, pointing into argv */
    OPTION_UINT,   /* uint64_t in [min, max] */
    OPTION_NUMBER, /* double in [min, max] */
    OPTION_EACH,   /* struct option_texts: may be given several times */
};

#define OPTION_TEXTS_MAX 64

struct option_texts {
    const char *items[OPTION_TEXTS_MAX];
    size_t count;
};

struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for the value in --help; NULL for a flag */
    const char *help;
    enum option_type type;
    void *into; /* of the type's kind; holds the default */
    double min, max;
};

struct option_table {
    const char *program;
    const char *purpose; /* one or more lines */
    const char *notes;   /* printed below the options; may be NULL */
    const struct option_row *rows;
    size_t count;
};

/* Fills what the rows point to. Ends the program on --help (0) and on mistakes (2). */
void options_read(const struct option_table *table, int argc, char **argv);
/* "program: message", then ends the program with 2: for mistakes that only the program itself can see. */
void options_refuse(const struct option_table *table, const char *message, const char *value)
    __attribute__((noreturn));

#endif
