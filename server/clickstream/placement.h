/*
 * Placements: which page or screen has slots to sell. Compiled once from the configuration: a hash of sites
 * and bundles, each with its placements in the order of the file; the first whose path fits counts.
 */
#ifndef SLIMBID_CLICKSTREAM_PLACEMENT_H
#define SLIMBID_CLICKSTREAM_PLACEMENT_H

#include "base/macros.h"
#include "base/str.h"
#include "clickstream/click_event.h"
#include "config/config.h"

struct placement_set;

/* NULL when out of memory. config must outlive it. */
struct placement_set *placement_set_create(const struct config *config) CHECK_RESULT;
void placement_set_destroy(struct placement_set *set);

/* The placement that a page or screen event fits, or NULL. page: click_event_page()'s. */
const struct config_placement *placement_find(const struct placement_set *set,
                                              const struct click_event *event, const struct click_page *page);

/* The host of a URL, without port; absent when it has none. */
struct str placement_url_host(struct str url);
/* Whether the whole text fits the pattern, in which each '*' stands for any number of bytes. */
bool placement_path_fits(struct str pattern, struct str text);

#endif
