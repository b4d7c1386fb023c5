/* slimbid's command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "budget/memory_size.h"
#include "config/config.h"
#include "currency/currency.h"
#include "memory_report.h"
#include "supervisor/supervisor.h"
#include "token/token.h"
#include "version.h"

static const char usage[] =
    "slimbid: an OpenRTB exchange that fits in a small container\n"
    "\n"
    "usage: slimbid [--config FILE] [--check-config | --print-config | --print-options[=markdown]]\n"
    "       slimbid memory [--pid SUPERVISOR]\n"
    "       slimbid --size --limit MIB [options]\n"
    "\n"
    "  -c, --config FILE      JSON configuration; without it the embedded defaults, with four\n"
    "                         demo partners on 127.0.0.1:9100\n"
    "      --check-config     say whether the configuration is good, and exit (0, or 2)\n"
    "      --print-config     print the whole configuration as JSON, defaults filled in\n"
    "      --print-options    print every key with unit, default, range and help (=markdown for the\n"
    "                         reference page)\n"
    "      --version\n"
    "  -h, --help\n"
    "\n"
    "memory prints what each process of a running server takes, and what the ad table does.\n"
    "--size prints what a container of some memory holds; --size --help lists its options.\n";

enum action { ACTION_SERVE, ACTION_CHECK, ACTION_PRINT, ACTION_OPTIONS, ACTION_OPTIONS_MARKDOWN };

struct arguments {
    const char *config;
    enum action action;
    int exit_status; /* -1: go on */
};

static struct arguments read_arguments(int argc, char **argv) {
    enum { CHECK = 256, PRINT, OPTIONS, VERSION };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, CHECK},
        {"print-config", no_argument, NULL, PRINT},
        {"print-options", optional_argument, NULL, OPTIONS},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct arguments arguments = {.action = ACTION_SERVE, .exit_status = -1};
    int c;
    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            arguments.config = optarg;
            break;
        case CHECK:
            arguments.action = ACTION_CHECK;
            break;
        case PRINT:
            arguments.action = ACTION_PRINT;
            break;
        case OPTIONS:
            arguments.action =
                optarg && strcmp(optarg, "markdown") == 0 ? ACTION_OPTIONS_MARKDOWN : ACTION_OPTIONS;
            break;
        case VERSION:
            puts("slimbid " SLIMBID_VERSION);
            arguments.exit_status = 0;
            break;
        case 'h':
            fputs(usage, stdout);
            arguments.exit_status = 0;
            break;
        default:
            fputs(usage, stderr);
            arguments.exit_status = 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "slimbid: unexpected argument \"%s\"\n", argv[optind]);
        arguments.exit_status = 2;
    }
    return arguments;
}

/* error becomes "KEY: " and what the room behind it is filled with. */
static char *room_behind(const char *key, char *error, size_t *room) {
    int n = snprintf(error, *room, "%s: ", key);
    *room -= (size_t)n;
    return error + n;
}

static bool keys_good(const struct config *config, char *error, size_t error_size) {
    if (!str_present(config->events.keys_file))
        return true;
    char *reason = room_behind("events.keys_file", error, &error_size);
    struct token_keys *keys = token_keys_load(config->events.keys_file.p, reason, error_size);
    token_keys_destroy(keys);
    return keys != NULL;
}

static bool rates_good(const struct config *config, char *error, size_t error_size) {
    if (!str_present(config->auction.currency_file))
        return true;
    char *reason = room_behind("auction.currency_file", error, &error_size);
    struct currency_rates *rates = currency_load(config->auction.currency_file.p, reason, error_size);
    currency_destroy(rates);
    return rates != NULL;
}

/*
 * Whether the files that the configuration names can be used. Without its certificates a partner would fail
 * quietly in every auction, and without its rates a front end would not start.
 */
static bool files_good(const struct config *config, char *error, size_t error_size) {
    for (uint32_t i = 0; i < config->partner_count; i++) {
        const char *path = config->partners[i].ca_file.p;
        if (!path || access(path, R_OK) == 0)
            continue;
        snprintf(error, error_size, "partners[%u].ca_file: %s: %s", i, path, strerror(errno));
        return false;
    }
    return keys_good(config, error, error_size) && rates_good(config, error, error_size);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "memory") == 0)
        return memory_report(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "--size") == 0)
        return memory_size_command(argc - 1, argv + 1);
    struct arguments arguments = read_arguments(argc, argv);
    if (arguments.exit_status >= 0)
        return arguments.exit_status;
    if (arguments.action == ACTION_OPTIONS || arguments.action == ACTION_OPTIONS_MARKDOWN) {
        return config_print_options(stdout, arguments.action == ACTION_OPTIONS_MARKDOWN) ? 0 : 1;
    }
    char error[CONFIG_ERROR_BYTES] = "out of memory";
    struct config *config =
        arguments.config ? config_load(arguments.config, error, sizeof error) : config_default();
    if (!config) {
        fprintf(stderr, "slimbid: %s\n", error);
        return 2;
    }
    const char *name = arguments.config ? arguments.config : "embedded defaults";
    int status = 0;
    if (arguments.action == ACTION_PRINT) {
        status = config_print(config, stdout) ? 0 : 1;
    } else if (!files_good(config, error, sizeof error)) {
        fprintf(stderr, "slimbid: %s: %s\n", name, error);
        status = 2;
    } else if (arguments.action == ACTION_CHECK) {
        status = printf("slimbid: %s: ok\n", name) > 0 && fflush(stdout) == 0 ? 0 : 1;
    } else {
        log_set_level(config->log_level);
        status = supervisor_run(config);
    }
    config_destroy(config);
    return status;
}
