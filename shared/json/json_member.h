/* Views of the parts of a JSON text: the members of an object as they stand there, lists of integers. */
#ifndef SLIMBID_JSON_MEMBER_H
#define SLIMBID_JSON_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* One member of a JSON object as it stands in the text. */
struct json_member {
    struct str key;   /* unescaped */
    struct str text;  /* the whole member: "key" : value, no comma */
    struct str value; /* the value's text */
};

struct json_members {
    struct json_member *items; /* in the order of the text */
    size_t count;
};

/* The member of that key, or NULL. */
const struct json_member *json_members_find(const struct json_members *members, struct str key);

struct int_list {
    int32_t *items;
    size_t count;
};

bool int_list_has(const struct int_list *list, int32_t v);

#endif
