/* What a table under construction consists of, for table_build*.c only. */
#ifndef SLIMBID_TABLE_TABLE_BUILD_STATE_H
#define SLIMBID_TABLE_TABLE_BUILD_STATE_H

#include "base/buf.h"
#include "creatives.h"
#include "progress.h"
#include "spool.h"
#include "table/table_index.h"
#include "table_build.h"
#include "table_write.h"
#include "texts.h"
#include "uniques.h"
#include "weights.h"

struct currency_rates;
struct lines;

/* A campaign, by its id's text. */
struct build_campaign {
    struct table_campaign campaign;
    uint64_t line; /* where it was first seen */
};

/* The text of a value, by its hash. */
struct build_name {
    uint64_t hash;
    struct table_text text;
    uint32_t target;
    uint32_t zero;
};

struct build {
    const struct table_build_options *options;
    struct table_build_result *result;
    struct lines *lines;
    struct ad_reader *reader;
    struct currency_rates *rates;
    struct weights *weights;
    struct table_index *index;
    struct texts texts;
    struct creatives creatives;
    struct spool cold; /* struct table_ad, as they came */
    struct uniques campaigns, names, hours, zones;
    struct region ids; /* a bit for each place of texts: an ad's id begins there */
    struct buf joined;
    struct table_writer writer;
    struct progress progress;
    uint64_t line;
    char *error;
    size_t error_size;
};

/* Writes the reason. -1. */
int build_fail(struct build *build, const char *format, ...) PRINTF_LIKE(2, 3);

/* What becomes of one ad. */
enum build_taken {
    BUILD_TAKEN, /* it is in */
    BUILD_BAD,   /* the ad is at fault: reason in build->error */
    BUILD_FAILED /* the machine is: no memory, no space on the disk */
};
enum build_taken build_take(struct build *build, const struct ad *ad) CHECK_RESULT;

/* Writes the sections once all ads are in. 0 or -1. */
int build_write(struct build *build) CHECK_RESULT;

#endif
