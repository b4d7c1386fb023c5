/*
 * The tables of a bid response (section 4.2). What holds the bids together must be right; each bid
 * stands for itself.
 */
#include "openrtb/openrtb_response.h"

#include <math.h>
#include <pthread.h>

#include "openrtb/openrtb_schema.h"

struct response_draft {
    struct openrtb_response response;
    struct str seat;   /* of the seatbid that is being read */
    size_t seat_first; /* its first bid */
};

#define WRONG(name) .reason = name " is missing, of a wrong type or out of range"
#define BID_TEXT(name, member)                                                                               \
    JSON_FIELD(name, JSON_STRING, offsetof(struct openrtb_bid, member), 0, WRONG(name))
#define BID_TEXTS(name, member)                                                                              \
    JSON_FIELD(name, JSON_STRINGS, offsetof(struct openrtb_bid, member), 0, WRONG(name))
#define BID_NATURAL(name, member)                                                                            \
    JSON_NUMBER(name, JSON_INT, offsetof(struct openrtb_bid, member), 0, 0, INT32_MAX, WRONG(name))

#define BID_UNKEPT(name, kind) JSON_NUMBER(name, kind, JSON_NOT_KEPT, 0, INT32_MIN, INT32_MAX, WRONG(name))

/* What an auction reads is checked, and so are the types of all that the specification lists. */
static const struct json_field bid_fields[] = {
    BID_TEXT("id", id),
    BID_TEXT("impid", impid),
    JSON_NUMBER("price", JSON_FLOAT, offsetof(struct openrtb_bid, price), 0, INT32_MIN, INT32_MAX,
                WRONG("price")),
    BID_TEXT("nurl", nurl),
    BID_TEXT("burl", burl),
    BID_TEXT("lurl", lurl),
    BID_TEXT("adm", adm),
    BID_TEXT("adid", adid),
    BID_TEXTS("adomain", adomain),
    BID_TEXT("cid", cid),
    BID_TEXT("crid", crid),
    BID_NATURAL("cattax", cattax),
    BID_TEXTS("cat", cat),
    JSON_NUMBER("attr", JSON_INTS, offsetof(struct openrtb_bid, attr), 0, INT32_MIN, INT32_MAX,
                WRONG("attr")),
    BID_TEXT("dealid", dealid),
    BID_NATURAL("w", w),
    BID_NATURAL("h", h),
    BID_NATURAL("wratio", wratio),
    BID_NATURAL("hratio", hratio),
    BID_NATURAL("exp", exp),
    BID_NATURAL("dur", dur),
    BID_NATURAL("mtype", mtype),
    BID_UNKEPT("bundle", JSON_STRING),
    BID_UNKEPT("iurl", JSON_STRING),
    BID_UNKEPT("tactic", JSON_STRING),
    BID_UNKEPT("apis", JSON_INTS),
    BID_UNKEPT("api", JSON_INT),
    BID_UNKEPT("protocol", JSON_INT),
    BID_UNKEPT("qagmediarating", JSON_INT),
    BID_TEXT("language", language),
    BID_UNKEPT("langb", JSON_STRING),
    BID_UNKEPT("slotinpod", JSON_INT),
    BID_UNKEPT("ext", JSON_OBJECT),
};
static const struct openrtb_bid bid_initial = {
    .price = NAN,
    .w = OPENRTB_ABSENT,
    .h = OPENRTB_ABSENT,
    .wratio = OPENRTB_ABSENT,
    .hratio = OPENRTB_ABSENT,
    .mtype = OPENRTB_ABSENT,
    .cattax = OPENRTB_ABSENT,
    .exp = OPENRTB_ABSENT,
    .dur = OPENRTB_ABSENT,
};
JSON_OBJECT_LOCAL(bid, bid_fields, .size = sizeof(struct openrtb_bid), .initial = &bid_initial,
                  .keeps_members = true, .members_offset = offsetof(struct openrtb_bid, members),
                  .tolerant = true, .invalid_offset = offsetof(struct openrtb_bid, invalid));

/* The bids of all seats go onto one list, so a seat's name is given to them at the seat's end. */
static bool end_seat(struct json_reader *reader, void *target) {
    (void)reader;
    struct response_draft *draft = target;
    for (size_t i = draft->seat_first; i < draft->response.bid_count; i++)
        draft->response.bids[i].seat = draft->seat;
    draft->seat_first = draft->response.bid_count;
    draft->seat = (struct str){NULL, 0};
    return true;
}

static const struct json_field seat_fields[] = {
    JSON_FIELD("bid", JSON_OBJECTS, offsetof(struct openrtb_response, bids), JSON_LISTED, .object = &bid),
    TEXT_AT("seat", struct response_draft, seat),
};
JSON_OBJECT_LOCAL(seat, seat_fields, .check = end_seat);

static const struct json_field response_fields[] = {
    TEXT_AT("id", struct openrtb_response, id),
    JSON_FIELD("seatbid", JSON_OBJECTS, 0, JSON_INLINE, .object = &seat),
    TEXT_AT("cur", struct openrtb_response, cur),
    JSON_NUMBER("nbr", JSON_INT, offsetof(struct openrtb_response, nbr), 0, INT32_MIN, INT32_MAX),
};
JSON_OBJECT_LOCAL(response_object, response_fields);

static pthread_once_t prepare_once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    json_object_prepare(&response_object);
}

void openrtb_response_limits_default(struct openrtb_response_limits *limits) {
    *limits = (struct openrtb_response_limits){
        .depth = 32,
        .bids = 256,
        .array_items = 1024,
        .object_members = 512,
    };
}

int openrtb_response_parse(struct str text, const struct openrtb_response_limits *limits, struct arena *arena,
                           struct openrtb_response *response, struct openrtb_error *error) {
    struct response_draft draft = {.response.nbr = OPENRTB_ABSENT};
    struct json_limits json_limits = {
        .depth = limits->depth,
        .array_items = limits->array_items,
        .object_members = limits->object_members,
        .string_bytes = UINT32_MAX, /* the answer's size is capped by who fetched it */
        .listed = limits->bids,
    };
    struct json_error failure;
    pthread_once(&prepare_once, prepare);
    if (json_read(text, &response_object, &draft, &json_limits, arena, &failure) != 0) {
        memcpy(error->path, failure.path, sizeof(error->path));
        memcpy(error->reason, failure.reason, sizeof(error->reason));
        return -1;
    }
    *response = draft.response;
    return 0;
}
