/* A day's auctions; see day_traffic.h. */
#include "day/day_traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/str.h"
#include "distribution.h"

#define PRICE_SIGMA   0.6
#define MOST_RECORDS  ((size_t)4 << 20)
#define COLUMN_TIME   1
#define COLUMN_PRICE  20
#define FEN           0.01 /* prices of the log are CPM in fen */
#define LEAST_RECORDS 100

double day_curve(double second) {
    return 1 + 2.0 / 3 * sin((second - 14.0 * 3600) * 2 * M_PI / DAY_SECONDS);
}

void day_traffic_init(struct day_traffic *traffic, double auctions, uint64_t seed) {
    *traffic = (struct day_traffic){.auctions = auctions, .median_price = 1};
    prng_seed(&traffic->prng, seed);
}

void day_traffic_cleanup(struct day_traffic *traffic) {
    free(traffic->records);
    traffic->records = NULL;
}

/* ---- the log ---- */

static struct str column(struct str line, unsigned number) {
    const char *p = line.p, *end = line.p + line.n;
    for (; number > 0; number--) {
        p = memchr(p, '\t', (size_t)(end - p));
        if (!p)
            return (struct str){NULL, 0};
        p++;
    }
    const char *tab = memchr(p, '\t', (size_t)(end - p));
    return (struct str){p, (size_t)((tab ? tab : end) - p)};
}

/* yyyyMMddHHmmssSSS to seconds of the day. */
static bool read_time(struct str text, double *seconds) {
    double hour, minute, millisecond;
    if (text.n != 17 || !number_parse((struct str){text.p + 8, 2}, &hour) ||
        !number_parse((struct str){text.p + 10, 2}, &minute) ||
        !number_parse((struct str){text.p + 12, 5}, &millisecond))
        return false;
    *seconds = hour * 3600 + minute * 60 + millisecond / 1000;
    return *seconds >= 0 && *seconds < DAY_SECONDS;
}

static int by_time(const void *a, const void *b) {
    double x = ((const struct day_record *)a)->at, y = ((const struct day_record *)b)->at;
    return (x > y) - (x < y);
}

static int by_price(const void *a, const void *b) {
    double x = ((const struct day_record *)a)->price, y = ((const struct day_record *)b)->price;
    return (x > y) - (x < y);
}

/* Lines that hold no time and price are left out. */
static bool take_line(struct day_traffic *traffic, size_t *room, struct str line) {
    struct day_record record;
    if (!read_time(column(line, COLUMN_TIME), &record.at) ||
        !number_parse(column(line, COLUMN_PRICE), &record.price) || record.price < 0 || record.price > 1e6)
        return true;
    record.price *= FEN;
    if (traffic->count == *room) {
        size_t more = *room ? 2 * *room : 4096;
        struct day_record *larger =
            more > MOST_RECORDS ? NULL : realloc(traffic->records, more * sizeof(*larger));
        if (!larger)
            return false;
        traffic->records = larger;
        *room = more;
    }
    traffic->records[traffic->count++] = record;
    return true;
}

static int read_log(struct day_traffic *traffic, const char *path, char *error, size_t error_size) {
    size_t room = 0;
    struct str line;
    struct lines *lines = lines_open(path, error, error_size);
    if (!lines)
        return -1;
    int more;
    while ((more = lines_next(lines, &line, error, error_size)) == 1)
        if (!take_line(traffic, &room, line)) {
            snprintf(error, error_size, "%s: more records than fit", path);
            more = -1;
            break;
        }
    lines_close(lines);
    if (more == 0 && traffic->count < LEAST_RECORDS) {
        snprintf(error, error_size, "%s: fewer than %d records of iPinYou's log", path, LEAST_RECORDS);
        more = -1;
    }
    return more;
}

static int forget_log(struct day_traffic *traffic) {
    day_traffic_cleanup(traffic);
    traffic->count = 0;
    return -1;
}

int day_traffic_load(struct day_traffic *traffic, const char *path, char *error, size_t error_size) {
    if (read_log(traffic, path, error, error_size) != 0)
        return forget_log(traffic);
    struct day_record *records = traffic->records;
    qsort(records, traffic->count, sizeof(*records), by_price);
    traffic->median_price = fmax(records[traffic->count / 2].price, FEN);
    qsort(records, traffic->count, sizeof(*records), by_time);
    double first = records[0].at, span = records[traffic->count - 1].at - first;
    if (span <= 0) {
        snprintf(error, error_size, "%s: all records have one time", path);
        return forget_log(traffic);
    }
    for (size_t i = 0; i < traffic->count; i++)
        records[i].at = (records[i].at - first) / span * DAY_PASS_SECONDS;
    return 0;
}

/* ---- playing ---- */

/* How often a thing happens that does so `mean` times on average; mean is not large. */
static uint32_t poisson(struct prng *prng, double mean) {
    double sum = prng_exponential(prng, 1);
    uint32_t times = 0;
    for (; sum < mean; times++)
        sum += prng_exponential(prng, 1);
    return times;
}

static bool next_recorded(struct day_traffic *traffic, struct day_auction *auction) {
    double each = traffic->auctions * DAY_PASS_SECONDS / DAY_SECONDS / (double)traffic->count;
    while (traffic->left == 0) {
        if (traffic->next == traffic->count) {
            traffic->next = 0;
            traffic->pass += DAY_PASS_SECONDS;
        }
        traffic->at = traffic->pass + traffic->records[traffic->next++].at;
        if (traffic->at >= DAY_SECONDS)
            return false;
        traffic->left = poisson(&traffic->prng, each * day_curve(traffic->at));
    }
    traffic->left--;
    *auction = (struct day_auction){traffic->at, traffic->records[traffic->next - 1].price};
    return true;
}

/* Random times of the curve's greatest rate, of which the curve lets so many pass. */
static bool next_built_in(struct day_traffic *traffic, struct day_auction *auction) {
    double gap = DAY_SECONDS / (traffic->auctions * DAY_CURVE_MOST);
    do {
        traffic->at += prng_exponential(&traffic->prng, gap);
        if (traffic->at >= DAY_SECONDS)
            return false;
    } while (prng_double(&traffic->prng) * DAY_CURVE_MOST > day_curve(traffic->at));
    auction->at = traffic->at;
    auction->price = traffic->median_price * exp(prng_normal(&traffic->prng, 0, PRICE_SIGMA));
    return true;
}

bool day_traffic_next(struct day_traffic *traffic, struct day_auction *auction) {
    return traffic->count ? next_recorded(traffic, auction) : next_built_in(traffic, auction);
}
