/* The bounds of all latency histograms. */
#include "stats/histogram.h"

const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS - 1] = HISTOGRAM_BOUNDS_US;
