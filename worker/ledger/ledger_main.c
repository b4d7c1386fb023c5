/* slimbid-ledger's command line: which subcommand. */
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "ledger_commands.h"

static const struct ledger_command commands[] = {
    {"show", ledger_show_run, "FILE: what campaigns have spent"},
    {"check", ledger_check_run, "FILE: checks its numbers, sums and copies"},
    {"export", ledger_export_run, "FILE: campaigns and holds, as lines of JSON"},
    {"reset", ledger_reset_run, "FILE: begins anew: a campaign's money, or everything"},
};

static void print_usage(FILE *out) {
    fputs("slimbid-ledger: the file in which a server keeps what campaigns have spent\n\n"
          "usage: slimbid-ledger COMMAND FILE ...; COMMAND --help tells more\n\n",
          out);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(out, "  %-6s %s\n", commands[i].name, commands[i].help);
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
        fprintf(stderr, "slimbid-ledger: unknown command \"%s\"\n", name);
    print_usage(stderr);
    return LEDGER_USAGE;
}
