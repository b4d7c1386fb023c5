/* posix_spawn with its file actions; see spawn.h. */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM      "slimbid-worker"
#define FIRST_FREE   10 /* above the numbers that the program knows */
#define MOST_ACTIONS 5

int spawn_find(char *path, size_t size) {
    static const char *const places[] = {"", "../libexec/", "../libexec/slimbid/"};
    char own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n <= 0) {
        snprintf(path, size, "%s", PROGRAM);
        return -1;
    }
    own[n] = '\0';
    char *slash = strrchr(own, '/');
    if (slash)
        slash[1] = '\0';
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        int length = snprintf(path, size, "%s%s%s", own, places[i], PROGRAM);
        if (length > 0 && (size_t)length < size && access(path, X_OK) == 0)
            return 0;
    }
    snprintf(path, size, "%s%s", own, PROGRAM);
    return -1;
}

/* A copy above all numbers that are dealt out: so no dup2() closes what a later one needs. */
struct copies {
    int fds[MOST_ACTIONS];
    int count;
};

static int add(posix_spawn_file_actions_t *actions, struct copies *copies, int fd, int number) {
    if (fd < 0)
        return 0;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
    if (copy < 0)
        return errno;
    copies->fds[copies->count++] = copy;
    return posix_spawn_file_actions_adddup2(actions, copy, number);
}

static int set_attributes(posix_spawnattr_t *attributes, const sigset_t *mask) {
    sigset_t defaults;
    sigfillset(&defaults);
    int error = posix_spawnattr_setsigmask(attributes, mask);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (!error)
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

pid_t spawn_program(const char *path, const char *const argv[], const struct spawn_fds *fds,
                    const sigset_t *mask) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    struct copies copies = {.count = 0};
    pid_t pid = -1;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) {
        errno = error;
        return -1;
    }
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = set_attributes(&attributes, mask);
        if (!error)
            error = add(&actions, &copies, fds->third, 3);
        if (!error)
            error = add(&actions, &copies, fds->fourth, 4);
        if (!error)
            error = add(&actions, &copies, fds->fifth, 5);
        if (!error)
            error = add(&actions, &copies, fds->output, STDOUT_FILENO);
        if (!error)
            error = add(&actions, &copies, fds->output, STDERR_FILENO);
        if (!error)
            error = posix_spawn_file_actions_addclosefrom_np(&actions, fds->fifth < 0 ? 5 : 6);
        if (!error)
            error = posix_spawn(&pid, path, &actions, &attributes, (char *const *)argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < copies.count; i++)
        close(copies.fds[i]);
    errno = error;
    return error ? -1 : pid;
}
