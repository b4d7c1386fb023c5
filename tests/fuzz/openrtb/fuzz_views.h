/* What both fuzzers require of member lists. */
#ifndef SLIMBID_TESTS_FUZZ_VIEWS_H
#define SLIMBID_TESTS_FUZZ_VIEWS_H

#include "json/json_member.h"

/* Aborts unless each member lies in the text, is followed by the next, and ends with its value. */
void fuzz_require_views(const struct json_members *members, struct str text);
void fuzz_require(bool condition);

#endif
