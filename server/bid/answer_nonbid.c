/* ext.seatnonbid; see answer_nonbid.h. */
#include "bid/answer_nonbid.h"

/* Nonbids of one seat, behind each other. */
struct run {
    size_t from, to;
};

/* The runs, at most one a partner as the auction gives them. Further ones are listed by themselves. */
struct runs {
    struct run items[CONFIG_MAX_PARTNERS];
    size_t count;
};

/* What is being written. */
struct nonbid_writer {
    const struct answer_input *input;
    struct buf *out;
    bool first_seat, first_entry;
};

static void open_seat(struct nonbid_writer *writer, struct str seat) {
    if (!writer->first_seat)
        buf_add_char(writer->out, ',');
    writer->first_seat = false;
    writer->first_entry = true;
    BUF_ADD_LIT(writer->out, "{\"seat\":");
    buf_add_json_string(writer->out, seat);
    BUF_ADD_LIT(writer->out, ",\"nonbid\":[");
}

static void close_seat(struct nonbid_writer *writer) {
    BUF_ADD_LIT(writer->out, "]}");
}

static void add_entry(struct nonbid_writer *writer, struct str impid, int code) {
    if (!writer->first_entry)
        buf_add_char(writer->out, ',');
    writer->first_entry = false;
    BUF_ADD_LIT(writer->out, "{\"impid\":");
    buf_add_json_string(writer->out, impid);
    BUF_ADD_LIT(writer->out, ",\"statuscode\":");
    buf_add_int(writer->out, code);
    buf_add_char(writer->out, '}');
}

static const struct bid *by_seat(const struct answer_input *input, size_t i) {
    return &input->bids[input->bids[i].order];
}

/* The first place in the order by seat that is not before that seat. */
static size_t first_of_seat(const struct answer_input *input, struct str seat) {
    size_t low = 0, high = input->bid_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct str other = by_seat(input, middle)->seat;
        size_t n = other.n < seat.n ? other.n : seat.n;
        int order = n ? memcmp(other.p, seat.p, n) : 0;
        if (order < 0 || (order == 0 && other.n < seat.n))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A bid that could not be read may claim anything, bytes that are no UTF-8 included. */
static struct str claimed_imp(const struct openrtb_request *request, const struct bid *bid) {
    if (bid->imp)
        return bid->imp->id;
    if (!bid->in->invalid && str_present(bid->in->impid))
        return bid->in->impid;
    for (size_t i = 0; i < request->imp_count; i++)
        if (str_eq(request->imps[i].id, bid->in->impid))
            return request->imps[i].id;
    return STR("");
}

/* Adds the refused bids of the seat whose place in the order is i. Returns the place after the seat. */
static size_t add_refused(struct nonbid_writer *writer, size_t i, struct str seat) {
    const struct answer_input *input = writer->input;
    for (; i < input->bid_count && str_eq(by_seat(input, i)->seat, seat); i++) {
        const struct bid *bid = by_seat(input, i);
        if (bid->refusal == BID_VALID)
            continue;
        add_entry(writer, claimed_imp(input->rules->request, bid), bid_refusal_nonbid_code(bid->refusal));
    }
    return i;
}

static struct run run_at(const struct answer_input *input, size_t from) {
    struct run run = {from, from + 1};
    while (run.to < input->nonbid_count && str_eq(input->nonbids[run.to].seat, input->nonbids[from].seat))
        run.to++;
    return run;
}

static bool in_runs(const struct answer_input *input, const struct runs *runs, struct str seat) {
    for (size_t i = 0; i < runs->count; i++)
        if (str_eq(input->nonbids[runs->items[i].from].seat, seat))
            return true;
    return false;
}

static void add_nonbids(struct nonbid_writer *writer, struct runs *runs) {
    const struct answer_input *input = writer->input;
    for (size_t from = 0; from < input->nonbid_count;) {
        struct run run = run_at(input, from);
        struct str seat = input->nonbids[from].seat;
        bool merge = runs->count < COUNT_OF(runs->items) && !in_runs(input, runs, seat);
        open_seat(writer, seat);
        for (size_t i = run.from; i < run.to; i++)
            add_entry(writer, input->nonbids[i].imp->id, input->nonbids[i].code);
        if (merge) {
            add_refused(writer, first_of_seat(input, seat), seat);
            runs->items[runs->count++] = run;
        }
        close_seat(writer);
        from = run.to;
    }
}

/* The seats of refused bids that are not among the nonbids. */
static void add_other_seats(struct nonbid_writer *writer, const struct runs *runs) {
    const struct answer_input *input = writer->input;
    struct str done = {NULL, 0};
    for (size_t i = 0; i < input->bid_count; i++) {
        const struct bid *bid = by_seat(input, i);
        if (bid->refusal == BID_VALID || (done.p && str_eq(done, bid->seat)))
            continue;
        done = bid->seat;
        if (in_runs(input, runs, bid->seat))
            continue;
        open_seat(writer, bid->seat);
        i = add_refused(writer, i, bid->seat) - 1;
        close_seat(writer);
    }
}

void answer_nonbid_add(const struct answer_input *input, struct buf *out) {
    struct nonbid_writer writer = {.input = input, .out = out, .first_seat = true};
    struct runs runs = {.count = 0};
    add_nonbids(&writer, &runs);
    add_other_seats(&writer, &runs);
}
