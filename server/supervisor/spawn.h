/* Starts slimbid-worker, as a worker or as a verifier: by posix_spawn, with nothing open that it was not
 * given. */
#ifndef SLIMBID_SUPERVISOR_SPAWN_H
#define SLIMBID_SUPERVISOR_SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include "base/macros.h"

/*
 * Finds the program beside this one, or in ../libexec beside its folder: writes its path to `path`. 0, or -1
 * when there is none that may be run; path then says where it should be.
 */
int spawn_find(char *path, size_t size) CHECK_RESULT;

struct spawn_fds {
    int third, fourth, fifth; /* become descriptors 3, 4 and 5; -1: closed, as all above */
    int output;               /* becomes 1 and 2; -1: inherited */
};

/* Its process id, or -1 with errno. The descriptors stay the caller's. */
pid_t spawn_program(const char *path, const char *const argv[], const struct spawn_fds *fds,
                    const sigset_t *mask) CHECK_RESULT;

#endif
