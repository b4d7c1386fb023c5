/*
 * The subcommands of slimbid-table. Each gets its own arguments, argv[0] being its name, and returns the exit
 * status: 0, TABLE_FAILED with the reason on standard error, TABLE_USAGE for a mistake on the command line.
 */
#ifndef SLIMBID_TABLE_TABLE_COMMANDS_H
#define SLIMBID_TABLE_TABLE_COMMANDS_H

enum { TABLE_FAILED = 1, TABLE_USAGE = 2 };

struct table_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

int table_build_run(int argc, char **argv);
int table_info_run(int argc, char **argv);
int table_verify_run(int argc, char **argv);
int table_get_run(int argc, char **argv);
int table_dump_run(int argc, char **argv);

#endif
