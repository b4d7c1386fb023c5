/*
 * Currency rates; see currency.h.
 *
 * The file's rows (one currency each) and columns are numbered by their sorted codes, the rates lie in one
 * matrix: a lookup is four binary searches over at most 200 integers, then one pass over the rows at worst.
 */
#include "currency/currency.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "currency/json_file.h"

#define FILE_BYTES     (1u << 20)
#define MAX_CURRENCIES 200 /* rows, and columns */
/* Within these the inverse of a rate and the quotient of two stay finite and normal. */
#define RATE_MIN 1e-12
#define RATE_MAX 1e12

struct codes { /* sorted */
    size_t count;
    uint32_t code[MAX_CURRENCIES];
};

struct currency_rates {
    struct codes from, to;
    double rate[]; /* [from][to]; NaN when the file has none */
};

struct reading {
    const char *path;
    char *error;
    size_t error_size;
};

/* Three capitals in one integer; 0 when they are not that. */
static uint32_t code_pack(struct str s) {
    if (s.n != 3)
        return 0;
    for (size_t i = 0; i < 3; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return 0;
    return (uint32_t)(unsigned char)s.p[0] << 16 | (uint32_t)(unsigned char)s.p[1] << 8 |
           (unsigned char)s.p[2];
}

/* The place of the code, or the place where it would stand. */
static size_t code_place(const struct codes *codes, uint32_t code) {
    size_t low = 0;
    size_t high = codes->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (codes->code[middle] < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool code_find(const struct codes *codes, uint32_t code, size_t *at) {
    *at = code_place(codes, code);
    return *at < codes->count && codes->code[*at] == code;
}

static bool code_add(struct codes *codes, uint32_t code) {
    size_t at = 0;
    if (code_find(codes, code, &at))
        return true;
    if (codes->count == MAX_CURRENCIES)
        return false;
    memmove(codes->code + at + 1, codes->code + at, (codes->count - at) * sizeof codes->code[0]);
    codes->code[at] = code;
    codes->count++;
    return true;
}

/* ---- the file ---- */

/* "FILE: conversions.FROM.TO: reason"; from and to may be NULL. Returns -1. */
static int fail(struct reading *reading, const char *from, const char *to, const char *reason) {
    snprintf(reading->error, reading->error_size, "%s: conversions%s%.32s%s%.32s: %s", reading->path,
             from ? "." : "", from ? from : "", to ? "." : "", to ? to : "", reason);
    return -1;
}

static int check_rate(struct reading *reading, const char *from, const char *to, json_t *value) {
    if (!json_is_number(value))
        return fail(reading, from, to, "must be a number");
    double rate = json_number_value(value);
    if (!(rate >= RATE_MIN && rate <= RATE_MAX))
        return fail(reading, from, to, "must be from 1e-12 to 1e12");
    if (strcmp(from, to) == 0 && rate != 1.0)
        return fail(reading, from, to, "must be 1");
    return 0;
}

static int collect_row(struct reading *reading, const char *from, json_t *row, struct codes *columns) {
    const char *to = NULL;
    json_t *value = NULL;
    if (!json_is_object(row))
        return fail(reading, from, NULL, "must be an object of rates");
    json_object_foreach(row, to, value) {
        uint32_t code = code_pack(str_from(to));
        if (!code)
            return fail(reading, from, to, "must be a currency of three capitals");
        if (check_rate(reading, from, to, value) != 0)
            return -1;
        if (!code_add(columns, code))
            return fail(reading, from, to, "more than 200 currencies");
    }
    return 0;
}

/* Checks everything and numbers the currencies. */
static int collect(struct reading *reading, json_t *conversions, struct codes *rows, struct codes *columns) {
    const char *from = NULL;
    json_t *row = NULL;
    if (!json_is_object(conversions))
        return fail(reading, NULL, NULL, "must be an object, one member a currency");
    json_object_foreach(conversions, from, row) {
        uint32_t code = code_pack(str_from(from));
        if (!code)
            return fail(reading, from, NULL, "must be a currency of three capitals");
        if (!code_add(rows, code))
            return fail(reading, from, NULL, "more than 200 currencies");
        if (collect_row(reading, from, row, columns) != 0)
            return -1;
    }
    return columns->count ? 0 : fail(reading, NULL, NULL, "holds no rate");
}

static void fill(struct currency_rates *rates, json_t *conversions) {
    const char *from = NULL;
    json_t *row = NULL;
    for (size_t i = 0; i < rates->from.count * rates->to.count; i++)
        rates->rate[i] = NAN;
    json_object_foreach(conversions, from, row) {
        const char *to = NULL;
        json_t *value = NULL;
        size_t at = code_place(&rates->from, code_pack(str_from(from))) * rates->to.count;
        json_object_foreach(row, to, value) {
            rates->rate[at + code_place(&rates->to, code_pack(str_from(to)))] = json_number_value(value);
        }
    }
}

static struct currency_rates *rates_make(struct reading *reading, json_t *root) {
    struct codes rows = {0};
    struct codes columns = {0};
    json_t *conversions = json_object_get(root, "conversions");
    if (collect(reading, conversions, &rows, &columns) != 0)
        return NULL;
    struct currency_rates *rates = malloc(sizeof *rates + rows.count * columns.count * sizeof(double));
    if (!rates) {
        fail(reading, NULL, NULL, "out of memory");
        return NULL;
    }
    rates->from = rows;
    rates->to = columns;
    fill(rates, conversions);
    return rates;
}

struct currency_rates *currency_load(const char *path, char *error, size_t error_size) {
    struct reading reading = {path, error, error_size};
    json_t *root = json_file_read(path, FILE_BYTES, error, error_size);
    if (!root)
        return NULL;
    struct currency_rates *rates = rates_make(&reading, root);
    json_decref(root);
    return rates;
}

void currency_destroy(struct currency_rates *rates) {
    free(rates);
}

/* ---- lookups ---- */

/* A currency as a row and as a column; either may be missing. */
struct place {
    bool is_row, is_column;
    size_t row, column;
};

static struct place place_of(const struct currency_rates *rates, uint32_t code) {
    struct place place;
    place.is_row = code_find(&rates->from, code, &place.row);
    place.is_column = code_find(&rates->to, code, &place.column);
    return place;
}

static double rate_at(const struct currency_rates *rates, struct place from, struct place to) {
    return from.is_row && to.is_column ? rates->rate[from.row * rates->to.count + to.column] : NAN;
}

/* The same for letters of any case: a request's and a partner's currencies are taken so. */
static uint32_t code_pack_nocase(struct str s) {
    char capitals[3];
    for (size_t i = 0; i < sizeof capitals && s.n == sizeof capitals; i++)
        capitals[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 'a' + 'A') : s.p[i];
    return s.n == sizeof capitals ? code_pack((struct str){capitals, sizeof capitals}) : 0;
}

double currency_rate(const struct currency_rates *rates, struct str from, struct str to) {
    uint32_t from_code = code_pack_nocase(from);
    uint32_t to_code = code_pack_nocase(to);
    if (from_code == 0 || to_code == 0)
        return NAN;
    if (from_code == to_code)
        return 1.0;
    if (!rates)
        return NAN;
    struct place source = place_of(rates, from_code);
    struct place target = place_of(rates, to_code);
    double rate = rate_at(rates, source, target);
    if (!isnan(rate))
        return rate;
    rate = rate_at(rates, target, source);
    if (!isnan(rate))
        return 1.0 / rate;
    if (!source.is_column || !target.is_column)
        return NAN;
    for (size_t base = 0; base < rates->from.count; base++) {
        const double *row = rates->rate + base * rates->to.count;
        rate = row[target.column] / row[source.column];
        if (!isnan(rate))
            return rate;
    }
    return NAN;
}
