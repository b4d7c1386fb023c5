/* What the subcommands of slimbid-ledger share; see ledger_commands.h. */
#include "ledger_commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

static bool takes_value(const struct option_table *table, const char *arg) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(arg + 2, table->rows[i].name) == 0)
            return table->rows[i].type != OPTION_FLAG;
    return false;
}

/* The place of the first argument that is no option and no option's value; argc: none. */
static int find_file(const struct option_table *table, int argc, char **argv) {
    int i = 1;
    while (i < argc && argv[i][0] == '-')
        i += strncmp(argv[i], "--", 2) == 0 && takes_value(table, argv[i]) ? 2 : 1;
    return i < argc ? i : argc;
}

const char *ledger_command_file(const struct option_table *table, int argc, char **argv) {
    int at = find_file(table, argc, argv);
    const char *file = at < argc ? argv[at] : NULL;
    for (int i = at; i + 1 < argc; i++)
        argv[i] = argv[i + 1];
    options_read(table, file != NULL ? argc - 1 : argc, argv);
    if (file == NULL)
        options_refuse(table, "which file?", NULL);
    return file;
}

int ledger_command_fail(const char *what, const char *reason) {
    (void)fflush(stdout);
    fprintf(stderr, "slimbid-ledger: %s: %s\n", what, reason);
    return LEDGER_FAILED;
}

int ledger_command_finish(void) {
    if (fflush(stdout) != 0 || ferror(stdout))
        return ledger_command_fail("standard output", strerror(errno));
    return 0;
}

uint32_t ledger_command_campaign(const struct ledger *ledger, const char *id) {
    return ledger_campaign_find(ledger, hash_bytes(str_from(id), 0));
}
