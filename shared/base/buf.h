/*
 * A growing byte buffer with a cap, for text that is put together piece by piece.
 *
 * Appending never fails half-way: the first append that does not fit sets `failed` and all later
 * ones do nothing, so a writer checks once, at the end. The memory is on the heap and is kept by
 * buf_clear(), so that a buffer that lives long stops allocating.
 */
#ifndef SLIMBID_BASE_BUF_H
#define SLIMBID_BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/macros.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n;              /* bytes written */
    size_t room;           /* bytes allocated */
    size_t cap;            /* bytes that n may never pass */
    bool failed;           /* an append did not fit or there was no memory */
    bool starved;          /* failed for want of memory, not by the cap */
    struct budget *budget; /* NULL: the memory is not charged */
    size_t spared;         /* the first bytes of `room`, which are not charged either */
};

void buf_init(struct buf *buf, size_t cap);
/* The memory is charged from now on, but for `spared` bytes that it may always have; it has none yet. An
 * append whose memory is refused fails. */
void buf_charge_to(struct buf *buf, struct budget *budget, size_t spared);
/* Bytes that are charged. */
size_t buf_charged(const struct buf *buf);
void buf_cleanup(struct buf *buf);
/* Empties it and clears `failed`; keeps the memory unless it is larger than keep_bytes. */
void buf_clear(struct buf *buf, size_t keep_bytes);

/* Makes room for n more bytes; false and failed when that passes the cap. */
bool buf_reserve(struct buf *buf, size_t n);

void buf_add(struct buf *buf, const void *p, size_t n);
void buf_add_char(struct buf *buf, char c);
void buf_add_uint(struct buf *buf, uint64_t v);
void buf_add_int(struct buf *buf, int64_t v);
/* Shortest decimal that reads back as v; no exponent for 1e-6 <= |v| < 1e15. v is finite. */
void buf_add_double(struct buf *buf, double v);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

static inline void buf_add_str(struct buf *buf, struct str s) {
    buf_add(buf, s.p, s.n);
}
#define BUF_ADD_LIT(buf, literal) buf_add((buf), "" literal, sizeof(literal) - 1)

/* s with quotes, escaped as RFC 8259 asks; s is valid UTF-8. */
void buf_add_json_string(struct buf *buf, struct str s);
/* The same without the quotes. */
void buf_add_json_escaped(struct buf *buf, struct str s);

static inline struct str buf_view(const struct buf *buf) {
    return (struct str){buf->p, buf->n};
}

#endif
