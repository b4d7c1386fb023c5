/* Lines of a plain or xz file; see lines.h. */
#include "base/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 65536

struct lines {
    int fd;
    pid_t xz; /* 0: none */
    char *p;
    size_t room;
    size_t at;  /* start of what was not handed out yet */
    size_t end; /* of what was read */
    bool ended;
    bool too_long; /* the last line was */
    bool skipping; /* it goes on at `at`: what comes up to its end is dropped */
};

/* Starts `xz -dc` with the file as its input; returns the read end of its output, or -1. */
static int start_xz(int input, pid_t *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    static char name[] = "xz";
    static char flags[] = "-dc";
    char *argv[] = {name, flags, NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed == 0) {
        failed = posix_spawn_file_actions_adddup2(&actions, input, 0) ||
                 posix_spawn_file_actions_adddup2(&actions, ends[1], 1) ||
                 posix_spawnp(pid, name, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return -1;
    }
    return ends[0];
}

struct lines *lines_open(const char *path, char *error, size_t error_size) {
    struct lines *lines = calloc(1, sizeof *lines);
    bool standard_input = strcmp(path, "-") == 0;
    if (!lines) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    lines->fd = -1;
    lines->room = READ_BYTES;
    lines->p = malloc(lines->room);
    if (!lines->p) {
        snprintf(error, error_size, "out of memory");
        goto fail;
    }
    lines->fd = standard_input ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        goto fail;
    }
    if (str_ends(str_from(path), STR(".xz"))) {
        int output = start_xz(lines->fd, &lines->xz);
        close(lines->fd);
        lines->fd = output;
        if (output < 0) {
            lines->xz = 0;
            snprintf(error, error_size, "%s: can't start xz (package xz-utils)", path);
            goto fail;
        }
    }
    return lines;
fail:
    lines_close(lines);
    return NULL;
}

static int fail_long(struct lines *lines, char *error, size_t error_size) {
    lines->too_long = true;
    snprintf(error, error_size, "a line is longer than %zu bytes", LINES_MAX_BYTES);
    return -1;
}

/* Reads more behind what is there. False with the reason in error; sets `ended` at the end of the file. */
static bool read_more(struct lines *lines, char *error, size_t error_size) {
    if (lines->at > 0) {
        memmove(lines->p, lines->p + lines->at, lines->end - lines->at);
        lines->end -= lines->at;
        lines->at = 0;
    }
    if (lines->end > LINES_MAX_BYTES) {
        lines->skipping = true;
        return fail_long(lines, error, error_size) == 0;
    }
    if (lines->room - lines->end < READ_BYTES) {
        size_t room = lines->room * 2 + READ_BYTES;
        char *p = realloc(lines->p, room);
        if (!p) {
            snprintf(error, error_size, "out of memory");
            return false;
        }
        lines->p = p;
        lines->room = room;
    }
    ssize_t n;
    do
        n = read(lines->fd, lines->p + lines->end, lines->room - lines->end);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        snprintf(error, error_size, "%s", strerror(errno));
        return false;
    }
    lines->end += (size_t)n;
    lines->ended = n == 0;
    return true;
}

static bool xz_went_well(struct lines *lines) {
    int status = 0;
    if (lines->xz == 0)
        return true;
    pid_t pid = waitpid(lines->xz, &status, 0);
    lines->xz = 0;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Drops the rest of a line that was too long. */
static int skip_line(struct lines *lines, char *error, size_t error_size) {
    for (;;) {
        char *start = lines->p + lines->at;
        char *end = memchr(start, '\n', lines->end - lines->at);
        lines->at = end ? (size_t)(end - lines->p) + 1 : lines->end;
        if (end || lines->ended) {
            lines->skipping = false;
            return 0;
        }
        if (!read_more(lines, error, error_size))
            return -1;
    }
}

bool lines_too_long(const struct lines *lines) {
    return lines->too_long;
}

int lines_next(struct lines *lines, struct str *line, char *error, size_t error_size) {
    lines->too_long = false;
    if (lines->skipping && skip_line(lines, error, error_size) != 0)
        return -1;
    size_t looked = 0; /* bytes behind `at` that hold no line end */
    for (;;) {
        size_t have = lines->end - lines->at;
        char *start = lines->p + lines->at;
        char *end = have > looked ? memchr(start + looked, '\n', have - looked) : NULL;
        if (end || (lines->ended && have > 0)) {
            *line = (struct str){start, end ? (size_t)(end - start) : have};
            lines->at += line->n + (end ? 1 : 0);
            if (line->n > 0 && line->p[line->n - 1] == '\r')
                line->n--;
            return line->n > LINES_MAX_BYTES ? fail_long(lines, error, error_size) : 1;
        }
        if (lines->ended && xz_went_well(lines))
            return 0;
        if (lines->ended) {
            snprintf(error, error_size, "xz failed: not an xz file, or cut");
            return -1;
        }
        looked = have;
        if (!read_more(lines, error, error_size))
            return -1;
    }
}

void lines_close(struct lines *lines) {
    if (!lines)
        return;
    if (lines->fd >= 0)
        close(lines->fd);
    if (lines->xz > 0) {
        kill(lines->xz, SIGTERM);
        waitpid(lines->xz, NULL, 0);
    }
    free(lines->p);
    free(lines);
}
