/*
 * How the fields of a click log become features: which are left out, which are renamed to an attribute of
 * our vocabulary (table/target.h), and which pairs of fields make crosses besides.
 */
#ifndef SLIMBID_WORKER_TABLE_FIELD_RULES_H
#define SLIMBID_WORKER_TABLE_FIELD_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/options.h"
#include "base/str.h"

#define FIELD_RULES_MOST OPTION_TEXTS_MAX

struct field_rule {
    struct str field;
    struct str target; /* .p == NULL: the field is left out */
    struct str prefix; /* put before each value */
};

/* Two fields, by the names they have after mapping. */
struct field_cross {
    struct str left, right;
};

struct field_rules {
    struct field_rule rules[2 * FIELD_RULES_MOST];
    size_t rule_count;
    struct field_cross crosses[FIELD_RULES_MOST];
    size_t cross_count;
};

/*
 * maps: "FIELD=TARGET" or "FIELD=TARGET=PREFIX"; drops: "FIELD"; crosses: "LEFT*RIGHT". Views into these
 * texts stay in *rules. False with the reason in error.
 */
bool field_rules_read(struct field_rules *rules, const struct option_texts *maps,
                      const struct option_texts *drops, const struct option_texts *crosses, char *error,
                      size_t error_size) CHECK_RESULT;

enum field_outcome { FIELD_NAMED, FIELD_DROPPED, FIELD_BAD };

/* Appends the feature's name, "field=value" by these rules, to out. FIELD_BAD: the field or the value is
 * empty, or holds a control character. */
enum field_outcome field_rules_name(const struct field_rules *rules, struct str field, struct str value,
                                    struct buf *out) CHECK_RESULT;

#endif
