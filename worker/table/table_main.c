/* slimbid-table's command line: which subcommand. */
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "builder/table_commands.h"
#include "generate/generate.h"
#include "train/train.h"

static const struct table_command commands[] = {
    {"build", table_build_run, "ads.ndjson -o ads.tbl: builds a table from lines of ads"},
    {"info", table_info_run, "ads.tbl: what it holds, and how large its parts are"},
    {"verify", table_verify_run, "ads.tbl: checks all of it"},
    {"get", table_get_run, "ads.tbl ID...: these ads, as lines of the input's shape"},
    {"dump", table_dump_run, "ads.tbl: all ads, in the table's order"},
    {"generate", table_generate_run, "> ads.ndjson: makes up ads, bid requests and a model of clicks"},
    {"train", table_train_run, "--log FILE: learns a model of clicks from a log of them"},
};

static void print_usage(FILE *out) {
    fputs("slimbid-table: ad tables: one file that all workers share\n\n"
          "usage: slimbid-table COMMAND ...; COMMAND --help tells more\n\n",
          out);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (name[0])
        fprintf(stderr, "slimbid-table: unknown command \"%s\"\n", name);
    print_usage(stderr);
    return TABLE_USAGE;
}
