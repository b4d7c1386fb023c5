/*
 * Currency rates from a file in Prebid's format: {"dataAsOf": "...", "conversions": {"USD": {"EUR": 0.9,
 * ...}}}, one unit of the outer currency being so many of the inner. Immutable once loaded. At most 1 MiB
 * and 200 currencies a side.
 */
#ifndef SLIMBID_CURRENCY_CURRENCY_H
#define SLIMBID_CURRENCY_CURRENCY_H

#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct currency_rates;

/* NULL with "FILE: conversions.USD.EUR: reason" in error. Every rate is from 1e-12 to 1e12. */
struct currency_rates *currency_load(const char *path, char *error, size_t error_size) CHECK_RESULT;
void currency_destroy(struct currency_rates *rates);

/* How many units of `to` one unit of `from` is: directly, inversely, or through one common base (the first
 * of the file's outer currencies, by code, that has both). NaN when not known, or when one is not three
 * letters, of any case. rates may be NULL (only from == to is known then). No allocation. */
double currency_rate(const struct currency_rates *rates, struct str from, struct str to);

#endif
