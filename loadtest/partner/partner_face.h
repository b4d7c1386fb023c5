/*
 * One face of the stub partner: how it bids, how long it takes and how it misbehaves.
 *
 * A face is written as a query string, "bid=0.8&price=lognormal:1.5,0.4&delay=uniform:5,20". What --face
 * gives a name at the start holds for its path; the keys in a request's own query come on top. The list
 * of keys stands in face_keys_help().
 */
#ifndef SLIMBID_LOADTEST_PARTNER_FACE_H
#define SLIMBID_LOADTEST_PARTNER_FACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"
#include "distribution.h"

#define FACE_NAME_MAX 64
#define FACE_SPEC_MAX 512

enum face_mode {
    FACE_BID,        /* a well-formed answer */
    FACE_NO_BID,     /* 204 */
    FACE_NBR,        /* 200 with nbr and no seatbid */
    FACE_EMPTY,      /* 200 without a body */
    FACE_NEVER,      /* no answer at all */
    FACE_DRIP,       /* the answer in small pieces */
    FACE_HUGE,       /* an answer of `bytes` bytes, streamed */
    FACE_GARBAGE,    /* bytes that are not even text */
    FACE_NOT_JSON,   /* an HTML page */
    FACE_CUT,        /* promises more bytes than it sends, then resets */
    FACE_WRONG_IMP,  /* bids on an imp that was not offered */
    FACE_WRONG_ID,   /* the answer's id is another request's */
    FACE_DUPLICATE,  /* each bid twice under one id */
    FACE_WRONG_CUR,  /* a currency that does not exist */
    FACE_WRONG_SIZE, /* a size nobody asked for */
    FACE_HIGH_PRICE, /* 1e9 */
    FACE_NEGATIVE,   /* a price below zero */
    FACE_INSECURE,   /* markup that loads over http */
    FACE_GZIP_BOMB,  /* `bytes` zeros, gzipped */
    FACE_BAD_GZIP,   /* says gzip, is not */
    FACE_RESET,      /* the connection is reset instead of an answer */
    FACE_ERROR,      /* 500 */
    FACE_REDIRECT,   /* 302 to itself */
    FACE_MODES
};

/* "bid", "no-bid", ...: the values of the key `mode`. */
const char *face_mode_name(enum face_mode mode);

struct face_text {
    char p[FACE_NAME_MAX];
    size_t n;
};

struct face {
    enum face_mode mode;
    double share;              /* of the requests that get `mode`; the others get a well-formed answer */
    double bid;                /* probability of a bid, for each imp */
    struct distribution price; /* CPM in the answer's currency */
    double under_floor;        /* share of the bids below the floor that are sent as drawn */
    double deal;               /* probability of bidding under a deal where one is offered */
    struct distribution delay; /* ms until the answer begins */
    unsigned drip_bytes;
    unsigned drip_ms;
    uint64_t bytes;     /* of huge and gzip-bomb */
    unsigned adm_bytes; /* markup is filled up to this length */
    unsigned media;     /* FACE_BANNER ... that it bids on */
    bool close;         /* the connection is closed after each answer */
    bool gzip;          /* answers are gzipped for clients that take it */
    bool win_notice;    /* bids carry nurl */
    bool notices;       /* they carry nurl, burl and lurl, to this program's own NOTICE_PATH */
    struct face_text seat, domain, category, currency; /* .n == 0: see face_keys_help() */
};

enum { FACE_BANNER = 1, FACE_VIDEO = 2, FACE_AUDIO = 4, FACE_NATIVE = 8, FACE_MEDIA = 15 };

/* A face that bids on everything at once, about 1 USD CPM. */
void face_default(struct face *face);
/* Changes the face by the keys of a query string. 0, or -1 with the reason in error. */
int face_parse(struct str query, struct face *face, char *error, size_t error_size) CHECK_RESULT;
/* Every key with its meaning, for --help. */
const char *face_keys_help(void);

#endif
