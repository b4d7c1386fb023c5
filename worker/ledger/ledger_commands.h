/*
 * The subcommands of slimbid-ledger. Each gets its own arguments, argv[0] being its name and argv[1] the
 * file, and returns the exit status: 0, LEDGER_FAILED with the reason on standard error, LEDGER_USAGE for a
 * mistake on the command line.
 */
#ifndef SLIMBID_LEDGER_LEDGER_COMMANDS_H
#define SLIMBID_LEDGER_LEDGER_COMMANDS_H

#include <stdbool.h>

#include "base/options.h"
#include "ledger/ledger.h"

enum { LEDGER_FAILED = 1, LEDGER_USAGE = 2 };

struct ledger_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

int ledger_show_run(int argc, char **argv);
int ledger_check_run(int argc, char **argv);
int ledger_export_run(int argc, char **argv);
int ledger_reset_run(int argc, char **argv);

/* ---- what they share ---- */

/* The file that the arguments name, one of them; the others are options, and read. Ends the program as
 * options_read() does, without a file too. */
const char *ledger_command_file(const struct option_table *table, int argc, char **argv);
/* Tells the reason; LEDGER_FAILED. */
int ledger_command_fail(const char *what, const char *reason);
/* What is written to standard output has arrived, or LEDGER_FAILED. */
int ledger_command_finish(void);
/* The campaign of that id, or LEDGER_NONE. */
uint32_t ledger_command_campaign(const struct ledger *ledger, const char *id);

#endif
