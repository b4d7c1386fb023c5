/*
 * One ad, as a line of the builder's input says it: docs/ads.md, docs/ad.schema.json.
 *
 * A reader takes a line of JSON apart, checks each field and brings what is matched into its normal form
 * (table/target.h). The first mistake ends it: "targeting.countries[1]: must be three capital letters".
 */
#ifndef SLIMBID_TABLE_AD_H
#define SLIMBID_TABLE_AD_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"
#include "table/table_format.h"

#define AD_ERROR_BYTES 300
#define AD_MOST_ITEMS  10000u /* of one array */

/* Values in their normal form, with their target_hash()es. */
struct ad_values {
    struct str *texts;
    uint64_t *hashes;
    uint32_t count;
};

struct ad {
    struct str id, campaign, adm;
    struct str crid, adomain, language; /* absent; the last two in their normal forms */
    struct str time_zone;               /* "UTC" when absent */
    struct str_list cats, deals;        /* as given */
    struct ad_values lists[TABLE_LISTS_MOST];
    uint32_t *size_numbers;   /* of each value of the list of sizes: w << 16 | h, 0 of the medium */
    struct ad_values domains; /* adomain and its parents */
    double price;             /* CPM, or per click */
    double daily_budget;      /* 0: none */
    uint32_t frequency, frequency_hours;
    uint32_t starts, ends; /* unix seconds; 0 and UINT32_MAX when absent */
    uint32_t attr;
    uint16_t positions, connections;
    uint8_t media;
    uint8_t cattax; /* of its own categories; 0: it has none */
    bool by_click, secure, secure_only;
    char currency[4]; /* empty: the table's */
    struct table_hours hours;
};

struct ad_reader;

/* NULL: out of memory. */
struct ad_reader *ad_reader_create(void) CHECK_RESULT;
void ad_reader_destroy(struct ad_reader *reader);

/* Reads one line; *ad's texts and lists are the reader's until the next call. 0, or -1 with "FIELD: reason"
 * in error. */
int ad_read(struct ad_reader *reader, struct str line, struct ad *ad, char *error,
            size_t error_size) CHECK_RESULT;

#endif
