/*
 * The faces that were asked for so far, with their counts: a table from "path?query" to behaviour. It is
 * filled by what clients send, so it has a cap.
 */
#ifndef SLIMBID_LOADTEST_PARTNER_FACES_H
#define SLIMBID_LOADTEST_PARTNER_FACES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "partner/partner_face.h"

#define FACES_MAX 512

struct face_entry {
    struct str name; /* owned, as is key */
    struct str key;  /* "/name?query" */
    struct face face;
    uint64_t seed; /* of the name: requests to the same name draw the same numbers under every query */
    struct {
        uint64_t requests;
        uint64_t imps;
        uint64_t bids;
        uint64_t no_bids;      /* answers without a bid */
        uint64_t misbehaved;   /* requests that got the face's mode instead of a good answer */
        uint64_t bad_requests; /* 400: not a bid request */
        uint64_t gone;         /* the client left before the end of the answer */
        uint64_t waiting;      /* gauge */
    } counts;
};

struct faces {
    uint64_t seed;
    const char *const *specs; /* "NAME=QUERY" */
    size_t spec_count;
    struct face_entry *slots[FACES_MAX * 2];
    size_t count;
};

/* 0, or -1 with the reason in error. specs stay the caller's. */
int faces_init(struct faces *faces, uint64_t seed, const char *const *specs, size_t spec_count, char *error,
               size_t error_size) CHECK_RESULT;
void faces_cleanup(struct faces *faces);
/* The entry of "/name" and its query (absent: none), made when it is new; NULL with the reason in error. */
struct face_entry *faces_find(struct faces *faces, struct str path, struct str query, char *error,
                              size_t error_size) CHECK_RESULT;
/* Appends a JSON array of all entries with their counts. */
void faces_write_status(const struct faces *faces, struct buf *out);

#endif
