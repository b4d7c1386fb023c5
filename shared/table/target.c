/* The names of attributes; see target.h. */
#include "table/target.h"

const char *target_name(enum target target) {
    static const char *const names[TARGETS] = {
        [TARGET_SIZE] = "size",
        [TARGET_COUNTRY] = "country",
        [TARGET_REGION] = "region",
        [TARGET_DEVICE_TYPE] = "device_type",
        [TARGET_OS] = "os",
        [TARGET_LANGUAGE] = "language",
        [TARGET_CATEGORY] = "category",
        [TARGET_INVENTORY] = "inventory",
        [TARGET_KEYWORD] = "keyword",
        [TARGET_SEGMENT] = "segment",
        [TARGET_DEAL] = "deal",
        [TARGET_ADVERTISER] = "advertiser",
        [TARGET_CREATIVE] = "creative",
        [TARGET_HOUR] = "hour",
        [TARGET_WEEKDAY] = "weekday",
        [TARGET_POSITION] = "position",
        [TARGET_CONNECTION] = "connection",
        [TARGET_SLOT] = "slot",
        [TARGET_CITY] = "city",
    };
    return names[target];
}
