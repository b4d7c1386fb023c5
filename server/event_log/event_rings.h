/*
 * The rings between front ends and the keeper: one for each front end, in one file beside the log's.
 *
 * Its life: opened (or made) by the supervisor before it has children, which inherit the mapping; what the
 * run before did not get written is still in it, and is written now. A front end that is started again goes
 * on where its predecessor stopped, and so does the keeper. After a machine stop the pages may be of
 * different times: every line has a checksum, and from the first that is torn the ring begins afresh.
 *
 * The file's blocks are allocated when it is made, so that a disk that gets full later costs no process its
 * life. Where no file can be made the rings are in memory that ends with the processes: serving goes on.
 *
 * Sequence numbers go on over restarts. Each number is a line in the log, or was counted: as dropped or too
 * long by the front end, as discarded by the keeper.
 */
#ifndef SLIMBID_EVENT_LOG_EVENT_RINGS_H
#define SLIMBID_EVENT_LOG_EVENT_RINGS_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "queue/ring.h"

#define EVENT_RINGS_NAME        "rings" /* in the log's directory */
#define EVENT_RINGS_ERROR_BYTES 256
#define EVENT_RINGS_MOST        64u

/* Beside each ring, in shared memory: a line that the front end writes, and one that the keeper writes. */
struct event_ring_shared {
    _Alignas(64) _Atomic uint64_t next_seq; /* of the next line; the first one is 1 */
    _Alignas(64) _Atomic uint64_t taken;    /* the last line that was taken out of the ring for good */
};
static_assert(sizeof(struct event_ring_shared) == 128, "version 1 of the rings' file");

/* A frame of a ring: this, then the line, without an end of line. */
struct event_frame {
    uint64_t seq;
    uint32_t crc; /* event_frame_crc() */
    uint32_t zero;
};

/* CRC-32C of the number and the line. */
uint32_t event_frame_crc(uint64_t seq, const char *line, size_t n);

struct event_rings;

/*
 * directory is made when it is not there. NULL with the reason: another server logs there, or there is no
 * memory. count is at most EVENT_RINGS_MOST; a file with more rings keeps them. Rings of another size are
 * moved, the newest lines that fit.
 */
struct event_rings *event_rings_open(const char *directory, uint32_t count, uint64_t ring_bytes, char *error,
                                     size_t error_size) CHECK_RESULT;
/* NULL is legal. The file stays. */
void event_rings_close(struct event_rings *rings);

uint32_t event_rings_count(const struct event_rings *rings);
/* Of the memory that all processes share: as much as they will have touched in the end. */
size_t event_rings_bytes(const struct event_rings *rings);
/* False: no file could be made; what is not written is gone when the processes are. */
bool event_rings_in_file(const struct event_rings *rings);
struct event_ring_shared *event_rings_shared(const struct event_rings *rings, uint32_t index);
/* The front end's side, and the number of its next line. -1: the ring is damaged. */
int event_rings_produce(const struct event_rings *rings, uint32_t index, struct ring *ring,
                        uint64_t *next_seq) CHECK_RESULT;
/* The keeper's. */
int event_rings_consume(const struct event_rings *rings, uint32_t index, struct ring *ring) CHECK_RESULT;
/* Whether the bytes of a frame are whole; *frame is a copy of its beginning, *line the rest, in place. */
bool event_frame_read(const void *bytes, size_t n, struct event_frame *frame, const char **line,
                      size_t *line_bytes);

#endif
