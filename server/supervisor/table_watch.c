/* From a file to a generation; see table_watch.h. Functions stand in the order of a reload's life. */
#include "supervisor/table_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "control/control.h"
#include "supervisor/front_ends.h"
#include "supervisor/memory_watch.h"
#include "supervisor/spawn.h"
#include "supervisor/workers.h"

#define SPREAD_MS 10000 /* a worker that takes longer to map a table hangs */
#define LOOK_MS   2000

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void table_watch_init(struct supervisor *sv) {
    sv->table = (struct table_watch){.fd = -1, .next_fd = -1, .output_fd = -1};
}

static const char *path_of(const struct supervisor *sv) {
    return sv->config->campaigns.table.p;
}

/* ---- the end of a reload, good or bad ---- */

static void start_verifying(struct supervisor *sv);

static void set_phase(struct supervisor *sv, enum table_phase phase) {
    static const char *const names[] = {"idle", "verifying", "spreading"};
    log_debug("supervisor", "table %s -> %s", names[sv->table.phase], names[phase]);
    sv->table.phase = phase;
}

static void finish(struct supervisor *sv) {
    close_fd(&sv->table.output_fd);
    set_phase(sv, TABLE_IDLE);
    if (!sv->table.again || sv->stopping)
        return;
    sv->table.again = false;
    start_verifying(sv);
}

static void refuse(struct supervisor *sv, const char *reason) {
    char quoted[256];
    sv->stats->processes.table.reloads_refused++;
    log_error("supervisor", "table refused file=%s generation_in_use=%u: %s",
              log_quote(sv->config->campaigns.table, quoted, sizeof quoted), sv->table.generation, reason);
    if (!sv->table.generation)
        log_warn("supervisor", "no table: auctions go without own campaigns until there is a good one");
    close_fd(&sv->table.next_fd);
    finish(sv);
}

/* ---- a file is opened, and a verifier started ---- */

static void file_identity(const struct stat *file, uint64_t identity[4]) {
    identity[0] = (uint64_t)file->st_dev;
    identity[1] = (uint64_t)file->st_ino;
    identity[2] = (uint64_t)file->st_size;
    identity[3] = (uint64_t)file->st_mtim.tv_sec * 1000000000u + (uint64_t)file->st_mtim.tv_nsec;
}

/* NONBLOCK, lest a named pipe holds the supervisor up. */
static int open_file(struct supervisor *sv, char *reason, size_t size) {
    struct stat file;
    sv->table.next_fd = open(path_of(sv), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (sv->table.next_fd < 0 || fstat(sv->table.next_fd, &file) != 0) {
        snprintf(reason, size, "%s", strerror(errno));
        return -1;
    }
    file_identity(&file, sv->table.tried);
    if (S_ISREG(file.st_mode))
        return 0;
    snprintf(reason, size, "not a file");
    return -1;
}

static int start_verifier(struct supervisor *sv, char *reason, size_t size) {
    int output[2];
    if (pipe2(output, O_CLOEXEC | O_NONBLOCK) != 0) {
        snprintf(reason, size, "pipe: %s", strerror(errno));
        return -1;
    }
    const char *argv[] = {"slimbid-worker", "--verify", NULL};
    struct spawn_fds fds = {.third = sv->table.next_fd, .fourth = -1, .fifth = -1, .output = output[1]};
    pid_t pid = spawn_program(sv->worker_path, argv, &fds, &sv->old_mask);
    if (pid < 0)
        snprintf(reason, size, "the verifier can't be started: %s", strerror(errno));
    close(output[1]);
    if (pid < 0) {
        close(output[0]);
        return -1;
    }
    sv->table.verifier = pid;
    sv->table.output_fd = output[0];
    sv->table.text_bytes = 0;
    return 0;
}

static void start_verifying(struct supervisor *sv) {
    char reason[256];
    memset(sv->table.tried, 0, sizeof sv->table.tried);
    set_phase(sv, TABLE_VERIFYING);
    if (open_file(sv, reason, sizeof reason) != 0 || start_verifier(sv, reason, sizeof reason) != 0)
        refuse(sv, reason);
}

void table_watch_reload(struct supervisor *sv, const char *who) {
    if (!sv->worker_count) {
        log_warn("supervisor", "reload asked for by=%s, but campaigns.table is not set", who);
        return;
    }
    log_info("supervisor", "reload of the table by=%s", who);
    if (sv->table.phase == TABLE_IDLE)
        start_verifying(sv);
    else
        sv->table.again = true;
}

/* ---- the verifier speaks, and ends ---- */

void table_watch_listen(struct supervisor *sv) {
    struct table_watch *table = &sv->table;
    char bytes[256];
    ssize_t n;
    while (table->output_fd >= 0 && (n = read(table->output_fd, bytes, sizeof bytes)) != 0) {
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        size_t room = sizeof table->text - 1 - table->text_bytes;
        size_t kept = (size_t)n < room ? (size_t)n : room;
        memcpy(table->text + table->text_bytes, bytes, kept);
        table->text_bytes += kept;
    }
    close_fd(&table->output_fd);
}

/* Its last line: what stands before it is a sanitizer's, perhaps. Made fit for a line of the log. */
static const char *last_words(struct table_watch *table) {
    while (table->text_bytes && table->text[table->text_bytes - 1] == '\n')
        table->text_bytes--;
    table->text[table->text_bytes] = '\0';
    for (size_t i = 0; i < table->text_bytes; i++)
        if ((unsigned char)table->text[i] < 0x20 && table->text[i] != '\n')
            table->text[i] = '?';
    const char *line = strrchr(table->text, '\n');
    return line ? line + 1 : table->text;
}

static void spread(struct supervisor *sv) {
    struct table_watch *table = &sv->table;
    table->next = ++table->last;
    table->spread_by_ms = child_now_ms() + SPREAD_MS;
    set_phase(sv, TABLE_SPREADING);
    workers_spread_table(sv, table->next, table->next_fd);
    table_watch_check(sv);
}

static void on_verified(struct supervisor *sv, int wait_status) {
    struct table_watch *table = &sv->table;
    char reason[VERIFIER_TEXT_BYTES + 64];
    const char *words = last_words(table);
    unsigned long long ads = 0, bytes = 0, hot_bytes = 0;
    if (WIFSIGNALED(wait_status))
        snprintf(reason, sizeof reason, "the verifier died by signal %d", WTERMSIG(wait_status));
    else if (WEXITSTATUS(wait_status) != 0)
        snprintf(reason, sizeof reason, "%s", words);
    else if (sscanf(words, "ads=%llu bytes=%llu hot_bytes=%llu", &ads, &bytes, &hot_bytes) != 3)
        snprintf(reason, sizeof reason, "the verifier says: %s", words);
    else {
        table->ads = ads;
        table->bytes = bytes;
        table->hot_bytes = hot_bytes;
        close_fd(&table->output_fd);
        spread(sv);
        return;
    }
    refuse(sv, reason);
}

bool table_watch_reap(struct supervisor *sv, pid_t pid, int wait_status) {
    if (pid != sv->table.verifier)
        return false;
    sv->table.verifier = 0;
    table_watch_listen(sv);
    if (sv->stopping)
        return true;
    on_verified(sv, wait_status);
    return true;
}

/* ---- workers have it ---- */

static void tell_all(struct supervisor *sv) {
    for (uint32_t f = 0; f < sv->config->front_ends; f++)
        table_watch_tell(sv, f);
}

void table_watch_tell(struct supervisor *sv, uint32_t slot) {
    struct control_message message = {.type = CONTROL_GENERATION, .generation = sv->table.generation};
    front_ends_tell(sv, slot, &message);
}

void table_watch_check(struct supervisor *sv) {
    struct table_watch *table = &sv->table;
    if (table->phase != TABLE_SPREADING || !workers_have(sv, table->next))
        return;
    close_fd(&table->fd);
    table->fd = table->next_fd;
    table->next_fd = -1;
    table->generation = table->next;
    struct table_stats *stats = &sv->stats->processes.table;
    stats->reloads_ok++;
    stats->generation = table->generation;
    stats->ads = table->ads;
    stats->bytes = table->bytes;
    stats->hot_bytes = table->hot_bytes;
    stats->loaded_unix = (uint64_t)time(NULL);
    log_info("supervisor", "table in use generation=%u ads=%llu bytes=%llu hot_bytes=%llu", table->generation,
             (unsigned long long)table->ads, (unsigned long long)table->bytes,
             (unsigned long long)table->hot_bytes);
    tell_all(sv);
    memory_watch_soon(sv);
    finish(sv);
}

void table_watch_refused(struct supervisor *sv, uint32_t w, uint32_t generation) {
    if (sv->table.phase == TABLE_SPREADING && generation == sv->table.next) {
        refuse(sv, "a worker could not map it");
    } else if (generation == sv->table.generation) {
        log_error("supervisor", "worker can't map the table in use: killed index=%u", w);
        kill(sv->workers[w].child.pid, SIGKILL);
    }
}

/* ---- its file was cut short ---- */

void table_watch_fault(struct supervisor *sv, uint32_t w, uint32_t generation) {
    struct table_watch *table = &sv->table;
    if (table->phase == TABLE_SPREADING && generation == table->next) {
        refuse(sv, "damaged while workers mapped it");
        return;
    }
    if (generation != table->generation)
        return; /* the other workers say so too */
    log_error(
        "supervisor",
        "table damaged: its file was cut short or overwritten in place; replace it by rename. Auctions go "
        "without own campaigns generation=%u found_by=%u",
        generation, w);
    sv->stats->processes.table.damaged++;
    sv->stats->processes.table.generation = 0;
    table->generation = 0;
    close_fd(&table->fd);
    tell_all(sv);
    if (table->phase == TABLE_IDLE)
        start_verifying(sv); /* what is there now may be good */
}

/* ---- time ---- */

static bool file_has_changed(const struct supervisor *sv) {
    struct stat file;
    uint64_t identity[4];
    if (stat(path_of(sv), &file) != 0)
        return false;
    file_identity(&file, identity);
    return memcmp(identity, sv->table.tried, sizeof identity) != 0;
}

int64_t table_watch_tick(struct supervisor *sv) {
    struct table_watch *table = &sv->table;
    int64_t now = child_now_ms();
    if (!sv->worker_count || sv->stopping || table->phase == TABLE_VERIFYING)
        return -1;
    if (table->phase == TABLE_SPREADING) {
        if (now < table->spread_by_ms)
            return table->spread_by_ms - now;
        workers_kill_without(sv, table->next);
        table->spread_by_ms = now + SPREAD_MS;
        return SPREAD_MS;
    }
    if (table->generation)
        return -1;
    if (now >= table->look_at_ms) {
        table->look_at_ms = now + LOOK_MS;
        if (file_has_changed(sv))
            table_watch_reload(sv, "a changed file");
    }
    return table->look_at_ms - now;
}

void table_watch_stop(struct supervisor *sv) {
    if (sv->table.verifier)
        kill(sv->table.verifier, SIGKILL);
}

void table_watch_close_inherited(const struct supervisor *sv) {
    const int fds[] = {sv->table.fd, sv->table.next_fd, sv->table.output_fd};
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
