/* slimbid-partner: a stub demand partner with many faces. The command line and the life of the process. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "http/listener.h"
#include "partner/partner_face.h"
#include "partner/partner_server.h"

static struct {
    struct option_texts listen;
    struct option_texts faces;
    uint64_t seed;
    uint64_t max_connections;
    bool quiet;
} given = {.seed = 1, .max_connections = 10000};

static const struct option_row rows[] = {
    {"listen", "ADDRESS", "where to listen, may be repeated (127.0.0.1:9100)", OPTION_EACH, &given.listen, 0,
     0},
    {"seed", "N", "what all draws start from (1)", OPTION_UINT, &given.seed, 0, 9e15},
    {"face", "NAME=QUERY", "behaviour of /NAME, may be repeated", OPTION_EACH, &given.faces, 0, 0},
    {"max-connections", "N", "clients at once (10000)", OPTION_UINT, &given.max_connections, 1, 1000000},
    {"quiet", NULL, "no log lines but errors", OPTION_FLAG, &given.quiet, 0, 0},
};

static void on_signal(void *ctx, int signum) {
    log_info("partner", "stopping signal=%d", signum);
    loop_stop(ctx);
}

/* Opens every address; the descriptors live as long as the process. */
static int listen_all(struct partner_server *server) {
    char error[160];
    char name[128];
    if (given.listen.count == 0)
        given.listen.items[given.listen.count++] = "127.0.0.1:9100";
    for (size_t i = 0; i < given.listen.count; i++) {
        int fd = listener_open(str_from(given.listen.items[i]), 4096, false, error, sizeof error);
        if (fd < 0) {
            log_error("partner", "can't listen address=%s reason=\"%s\"", given.listen.items[i], error);
            return -1;
        }
        if (partner_server_listen(server, fd) != 0) {
            log_error("partner", "can't listen address=%s", given.listen.items[i]);
            return -1;
        }
        log_info("partner", "listening address=%s", listener_name(fd, name, sizeof name));
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct option_table table = {
        .program = "slimbid-partner",
        .purpose = "A stub demand partner: answers OpenRTB bid requests, well or badly, as its faces say.",
        .notes = face_keys_help(),
        .rows = rows,
        .count = COUNT_OF(rows),
    };
    char error[600];
    int status = 1;
    options_read(&table, argc, argv);
    log_set_level(given.quiet ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO);
    signal(SIGPIPE, SIG_IGN);
    struct loop *loop = loop_create();
    struct partner_server_options options = {.seed = given.seed,
                                             .max_connections = given.max_connections,
                                             .faces = given.faces.items,
                                             .face_count = given.faces.count};
    if (!loop)
        return 1;
    struct partner_server *server = partner_server_create(loop, &options, error, sizeof error);
    if (!server)
        options_refuse(&table, error, NULL);
    struct signal_watch *term = signal_watch_create(loop, SIGTERM, on_signal, loop);
    struct signal_watch *interrupt = signal_watch_create(loop, SIGINT, on_signal, loop);
    if (term && interrupt && listen_all(server) == 0)
        status = loop_run(loop) == 0 ? 0 : 1;
    signal_watch_destroy(term);
    signal_watch_destroy(interrupt);
    partner_server_destroy(server);
    loop_destroy(loop);
    return status;
}
