/*
 * What the stub partner answers: an OpenRTB 2.6 bid response for a request, drawn by the face.
 *
 * Everything is drawn from a generator seeded with the face's seed and the request's id, so the order of
 * arrival changes nothing.
 */
#ifndef SLIMBID_LOADTEST_PARTNER_ANSWER_H
#define SLIMBID_LOADTEST_PARTNER_ANSWER_H

#include "base/buf.h"
#include "base/prng.h"
#include "openrtb/openrtb_request.h"
#include "partner/partner_face.h"

struct answer_input {
    const struct face *face;
    struct str name;     /* of the face */
    enum face_mode mode; /* what this request gets: FACE_BID or one of the modes that differ by a field */
    struct str host;     /* that the request named: where notices come back to; may be absent */
    uint64_t seed;       /* of the face and the request id */
    struct buf *scratch; /* for native markup; emptied here */
    const struct openrtb_request *request;
};

/* Appends the response to out; returns the number of bids, 0 with nothing written when there are none. */
unsigned answer_write(const struct answer_input *input, struct buf *out);

#endif
