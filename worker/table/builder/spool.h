/*
 * Bytes that wait on disk, not in memory: appended once, read back by their place. A file without a name in
 * the directory of the output, so that nothing of it stays whatever happens.
 */
#ifndef SLIMBID_TABLE_SPOOL_H
#define SLIMBID_TABLE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define SPOOL_BUFFER_BYTES ((size_t)1 << 20)

struct spool {
    int fd;
    char *buffer;   /* what was not written yet */
    size_t pending; /* bytes of it */
    uint64_t n;     /* bytes appended, those of the buffer included */
};

/* directory: as dirname() gives it. 0, or -1 with errno. */
int spool_init(struct spool *spool, const char *directory) CHECK_RESULT;
/* Legal on a zeroed spool, and twice. */
void spool_cleanup(struct spool *spool);
/* 0, or -1 with errno. */
int spool_add(struct spool *spool, const void *p, size_t n) CHECK_RESULT;
/* The n bytes at that place, which were appended. 0, or -1 with errno. */
int spool_read(const struct spool *spool, uint64_t at, void *p, size_t n) CHECK_RESULT;

#endif
