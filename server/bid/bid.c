/* Reasons, money and order of bids; see bid.h. */
#include "bid/bid.h"

#include <math.h>

/* Up to here insertion beats the heap. */
#define SORT_SMALL 24

struct refusal {
    const char *name;
    int nonbid_code;
    int loss_code;
};

static const struct refusal refusals[] = {
    [BID_VALID] = {"valid", 0, LOSS_BID_WON},
    [BID_MALFORMED] = {"malformed", 300, 3},
    [BID_NO_ID] = {"no_id", 300, 3},
    [BID_DUPLICATE_ID] = {"duplicate_id", 302, 3},
    [BID_UNKNOWN_IMP] = {"unknown_imp", 300, 3},
    [BID_BAD_PRICE] = {"bad_price", 300, 9},
    [BID_CURRENCY] = {"currency", 300, 3},
    [BID_NO_CRID] = {"no_crid", 350, 8},
    [BID_NO_MARKUP] = {"no_markup", 350, 7},
    [BID_MARKUP_TOO_LARGE] = {"markup_too_large", 350, 200},
    [BID_MEDIA_TYPE] = {"media_type", 353, 204},
    [BID_SIZE] = {"size", 351, 203},
    [BID_NOT_SECURE] = {"not_secure", 352, 207},
    [BID_ADVERTISER_BLOCKED] = {"advertiser_blocked", 356, 205},
    [BID_APP_BLOCKED] = {"app_blocked", 356, 206},
    [BID_CATEGORY_BLOCKED] = {"category_blocked", 357, 209},
    [BID_ATTRIBUTE_BLOCKED] = {"attribute_blocked", 350, 210},
    [BID_SEAT] = {"seat", 300, 104},
    [BID_DEAL_UNKNOWN] = {"deal_unknown", 300, 4},
    [BID_DEAL_SEAT] = {"deal_seat", 300, 213},
    [BID_NOT_A_DEAL] = {"not_a_deal", 300, 4},
    [BID_BELOW_FLOOR] = {"below_floor", 301, 100},
    [BID_BELOW_DEAL_FLOOR] = {"below_deal_floor", 304, 101},
    [BID_OVER_BUDGET] = {"over_budget", 300, 1},
    [BID_NO_HOLD] = {"no_hold", 300, 1},
};
_Static_assert(COUNT_OF(refusals) == BID_REFUSALS, "every refusal has its row");

const char *bid_refusal_name(enum bid_refusal refusal) {
    return refusals[refusal].name;
}

int bid_refusal_nonbid_code(enum bid_refusal refusal) {
    return refusals[refusal].nonbid_code;
}

int bid_refusal_loss_code(enum bid_refusal refusal) {
    return refusals[refusal].loss_code;
}

double bid_round(double amount) {
    if (!(amount < 1e9))
        return amount;
    double rounded = nearbyint(amount * 1e6) / 1e6;
    return rounded > 0 ? rounded : amount;
}

static void insertion_sort(struct bid *bids, size_t count, bid_before before) {
    for (size_t i = 1; i < count; i++) {
        uint32_t moving = bids[i].order;
        size_t at = i;
        for (; at > 0 && before(&bids[moving], &bids[bids[at - 1].order]); at--)
            bids[at].order = bids[at - 1].order;
        bids[at].order = moving;
    }
}

/* Puts the root of the heap of count places that begins at root where it belongs; the last in order is on
 * top. */
static void sift_down(struct bid *bids, size_t root, size_t count, bid_before before) {
    uint32_t moving = bids[root].order;
    while (2 * root + 1 < count) {
        size_t child = 2 * root + 1;
        if (child + 1 < count && before(&bids[bids[child].order], &bids[bids[child + 1].order]))
            child++;
        if (!before(&bids[moving], &bids[bids[child].order]))
            break;
        bids[root].order = bids[child].order;
        root = child;
    }
    bids[root].order = moving;
}

static void heap_sort(struct bid *bids, size_t count, bid_before before) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(bids, i, count, before);
    for (size_t end = count; end-- > 1;) {
        uint32_t last = bids[0].order;
        bids[0].order = bids[end].order;
        bids[end].order = last;
        sift_down(bids, 0, end, before);
    }
}

void bid_sort(struct bid *bids, size_t count, bid_before before) {
    for (size_t i = 0; i < count; i++)
        bids[i].order = (uint32_t)i;
    if (count <= SORT_SMALL)
        insertion_sort(bids, count, before);
    else
        heap_sort(bids, count, before);
}

void bid_reorder(struct bid *bids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bids[i].order == i)
            continue;
        struct bid displaced = bids[i];
        size_t hole = i, from = displaced.order;
        while (from != i) { /* one cycle of the permutation */
            size_t next = bids[from].order;
            bids[hole] = bids[from];
            bids[hole].order = (uint32_t)hole;
            hole = from;
            from = next;
        }
        bids[hole] = displaced;
        bids[hole].order = (uint32_t)hole;
    }
}
