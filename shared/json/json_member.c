/* Looking things up in json_members and int_list: both are short, so a scan is the fastest way. */
#include "json/json_member.h"

const struct json_member *json_members_find(const struct json_members *members, struct str key) {
    for (size_t i = 0; i < members->count; i++)
        if (str_eq(members->items[i].key, key))
            return &members->items[i];
    return NULL;
}

bool int_list_has(const struct int_list *list, int32_t v) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == v)
            return true;
    return false;
}
