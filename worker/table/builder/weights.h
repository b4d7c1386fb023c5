/*
 * The model as `slimbid-table train` writes it: a text file, a line `feature<TAB>weight`; docs/ads.md.
 *
 *   bias                                   of every ad
 *   campaign=X advertiser=D creative=CRID  of an ad: with bias they make its z; size= counts by the mean of
 *   size=300x250 media=banner              the ad's sizes, adcategory= for each of its categories, parents
 *   adcategory=1:IAB1-3                    included
 *   country=DEU ... city=berlin            of a request: attributes of table/target.h in their normal form
 *   campaign=X&inventory=domain:y          of both: inventory, device_type, hour
 *   calibration.a calibration.b            every log-odds z becomes a * z + b
 *
 * Blank lines and lines that begin with '#' say nothing.
 */
#ifndef SLIMBID_TABLE_WEIGHTS_H
#define SLIMBID_TABLE_WEIGHTS_H

#include "base/macros.h"
#include "builder/ad.h"
#include "table/table_format.h"

#define WEIGHTS_BITS       18u
#define WEIGHTS_CROSS_BITS 16u

struct weights;

/* path NULL: no model, every weight is 0 and the tables are as small as can be. NULL with
 * "FILE:LINE: reason" in error. */
struct weights *weights_load(const char *path, uint32_t weight_bits, uint32_t cross_bits, char *error,
                             size_t error_size) CHECK_RESULT;
void weights_destroy(struct weights *weights);

/* The ad's own part of the log-odds, within TABLE_MOST_Z. */
float weights_of_ad(const struct weights *weights, const struct ad *ad);
/* The section TABLE_WEIGHTS, *count floats that live as long as the weights; fills weight_bits, cross_bits
 * and cross_max of *header. */
const float *weights_section(const struct weights *weights, struct table_header *header, size_t *count);

#endif
