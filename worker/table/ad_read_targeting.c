/* Reads what an ad is restricted to; see ad.h. */
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "ad_reader.h"

static struct ad_values *values_of(const struct ad_reader *reader, const struct ad_field *field) {
    return (struct ad_values *)(void *)((char *)reader->ad + field->offset);
}

/* Adds one item in its normal form. */
static int read_item(struct ad_reader *reader, const struct ad_field *field, const char *key,
                     const json_t *json) {
    struct str s = {NULL, 0};
    char prefix[16] = "";
    if (ad_take_string(reader, key, json, &s) != 0)
        return -1;
    const char *wrong = field->target == TARGET_CATEGORY ? ad_form_category(reader->cattax, s)
                                                         : field->form(&reader->arena, s, &s);
    if (wrong)
        return ad_fail(reader, key, "%s", wrong);
    if (field->target == TARGET_CATEGORY)
        snprintf(prefix, sizeof prefix, "%u:", reader->cattax);
    else if (field->prefix)
        snprintf(prefix, sizeof prefix, "%s", field->prefix);
    return ad_values_add(reader, key, values_of(reader, field), field->target, prefix, s);
}

static int read_number_item(struct ad_reader *reader, const struct ad_field *field, const char *key,
                            const json_t *json) {
    uint32_t number = 0;
    char text[16];
    if (ad_take_number(reader, key, json, field->low, field->top, &number) != 0)
        return -1;
    int n = snprintf(text, sizeof text, "%u", number);
    struct str s = arena_dup(&reader->arena, (struct str){text, (size_t)n});
    if (!s.p)
        return ad_fail(reader, key, AD_NO_MEMORY);
    return ad_values_add(reader, key, values_of(reader, field), field->target, "", s);
}

static int read_values(struct ad_reader *reader, const struct ad_field *field, const char *key,
                       const json_t *json) {
    uint32_t count = 0;
    if (ad_take_array(reader, key, json, &count) != 0)
        return -1;
    if (count > 0 && ad_values_grow(reader, key, values_of(reader, field), count) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        char item[AD_KEY_BYTES + 40];
        const json_t *value = json_array_get(json, i);
        snprintf(item, sizeof item, "%s[%u]", key, i);
        int failed =
            field->top ? read_number_item(reader, field, item, value) : read_item(reader, field, item, value);
        if (failed)
            return -1;
    }
    return 0;
}

/* ---- hours of the week ---- */

static int read_days(struct ad_reader *reader, const char *key, const json_t *json, uint32_t *days) {
    static const struct str names[] = {STR_INIT("mon"), STR_INIT("tue"), STR_INIT("wed"), STR_INIT("thu"),
                                       STR_INIT("fri"), STR_INIT("sat"), STR_INIT("sun")};
    uint32_t count = 0;
    if (ad_take_array(reader, key, json, &count) != 0)
        return -1;
    *days = 0;
    for (uint32_t i = 0; i < count; i++) {
        char item[AD_KEY_BYTES + 48];
        struct str s = {NULL, 0};
        uint32_t day = 0;
        snprintf(item, sizeof item, "%s[%u]", key, i);
        if (ad_take_string(reader, item, json_array_get(json, i), &s) != 0)
            return -1;
        while (day < COUNT_OF(names) && !str_eq(s, names[day]))
            day++;
        if (day == COUNT_OF(names))
            return ad_fail(reader, item,
                           "must be \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\" or \"sun\"");
        *days |= 1u << day;
    }
    return count ? 0 : ad_fail(reader, key, "must hold a day");
}

/* The hours [from, to) of these days. */
struct window {
    uint32_t days, from, to;
};

static int read_window(struct ad_reader *reader, const char *key, const json_t *json, struct window *window) {
    const char *name = NULL;
    json_t *value = NULL;
    *window = (struct window){0x7f, 0, 24};
    if (!json_is_object(json))
        return ad_wrong_type(reader, key, "an object", json);
    json_object_foreach((json_t *)json, name, value) {
        char member[AD_KEY_BYTES + 24];
        int failed = -1;
        snprintf(member, sizeof member, "%s.%.20s", key, name);
        if (strcmp(name, "days") == 0)
            failed = read_days(reader, member, value, &window->days);
        else if (strcmp(name, "from") == 0)
            failed = ad_take_number(reader, member, value, 0, 23, &window->from);
        else if (strcmp(name, "to") == 0)
            failed = ad_take_number(reader, member, value, 1, 24, &window->to);
        else
            ad_fail(reader, key, "must hold days, from and to only");
        if (failed)
            return -1;
    }
    if (window->from >= window->to)
        return ad_fail(reader, key, "to must be larger than from");
    return 0;
}

static int read_hours(struct ad_reader *reader, const struct ad_field *field, const char *key,
                      const json_t *json) {
    struct table_hours hours = {{0}};
    uint32_t count = 0;
    (void)field;
    if (ad_take_array(reader, key, json, &count) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        char item[AD_KEY_BYTES];
        struct window window;
        snprintf(item, sizeof item, "%s[%u]", key, i);
        if (read_window(reader, item, json_array_get(json, i), &window) != 0)
            return -1;
        for (uint32_t hour = 0; hour < 168; hour++)
            if ((window.days >> hour / 24 & 1) && hour % 24 >= window.from && hour % 24 < window.to)
                hours.words[hour / 64] |= UINT64_C(1) << hour % 64;
    }
    if (count > 0)
        reader->ad->hours = hours;
    return 0;
}

static int read_zone(struct ad_reader *reader, const struct ad_field *field, const char *key,
                     const json_t *json) {
    (void)field;
    if (ad_take_string(reader, key, json, &reader->ad->time_zone) != 0)
        return -1;
    const char *wrong = ad_form_zone(reader->ad->time_zone);
    return wrong ? ad_fail(reader, key, "%s", wrong) : 0;
}

/* Was read first: categories need it. */
static int read_cattax(struct ad_reader *reader, const struct ad_field *field, const char *key,
                       const json_t *json) {
    uint32_t ignored = 0;
    return ad_take_number(reader, key, json, field->low, field->top, &ignored);
}

#define PLACE(list) .offset = offsetof(struct ad, lists) + (list) * sizeof(struct ad_values)
#define VALUES(name_, list_, target_, form_, prefix_)                                                        \
    {                                                                                                        \
        .name = (name_), .read = read_values, PLACE(list_), .target = (target_), .form = (form_),            \
        .prefix = (prefix_)                                                                                  \
    }
#define IN(name_, target_, form_) VALUES(name_, TABLE_LIST_IN + (target_), target_, form_, NULL)
#define BITS(name_, member_)                                                                                 \
    { .name = (name_), .read = ad_read_bits, .offset = offsetof(struct ad, member_), .low = 0, .top = 15 }

static const struct ad_field fields[] = {
    IN("countries", TARGET_COUNTRY, ad_form_country),
    IN("regions", TARGET_REGION, ad_form_region),
    {.name = "device_types",
     .read = read_values,
     PLACE(TABLE_LIST_IN + TARGET_DEVICE_TYPE),
     .low = 1,
     .top = 999,
     .target = TARGET_DEVICE_TYPE},
    IN("os", TARGET_OS, ad_form_os),
    IN("languages", TARGET_LANGUAGE, ad_form_language),
    {.name = "cattax", .read = read_cattax, .low = 1, .top = UINT8_MAX},
    IN("categories", TARGET_CATEGORY, NULL),
    VALUES("not_categories", TABLE_LIST_NOT_CATEGORY, TARGET_CATEGORY, NULL, NULL),
    VALUES("domains", TABLE_LIST_IN + TARGET_INVENTORY, TARGET_INVENTORY, ad_form_domain, "domain:"),
    VALUES("not_domains", TABLE_LIST_NOT_INVENTORY, TARGET_INVENTORY, ad_form_domain, "domain:"),
    VALUES("bundles", TABLE_LIST_IN + TARGET_INVENTORY, TARGET_INVENTORY, ad_form_id, "bundle:"),
    VALUES("not_bundles", TABLE_LIST_NOT_INVENTORY, TARGET_INVENTORY, ad_form_id, "bundle:"),
    IN("keywords", TARGET_KEYWORD, ad_form_keyword),
    IN("segments", TARGET_SEGMENT, ad_form_id),
    VALUES("not_segments", TABLE_LIST_NOT_SEGMENT, TARGET_SEGMENT, ad_form_id, NULL),
    {.name = "hours", .read = read_hours},
    {.name = "time_zone", .read = read_zone},
    {.name = "secure_only", .read = ad_read_flag, .offset = offsetof(struct ad, secure_only)},
    BITS("positions", positions),
    BITS("connection_types", connections),
};

int ad_read_targeting(struct ad_reader *reader, const struct ad_field *field, const char *key,
                      const json_t *json) {
    uint32_t own = reader->cattax;
    (void)field;
    if (!json_is_object(json))
        return ad_wrong_type(reader, key, "an object", json);
    reader->cattax = 1;
    const json_t *given = json_object_get(json, "cattax");
    if (given && ad_take_number(reader, "targeting.cattax", given, 1, UINT8_MAX, &reader->cattax) != 0)
        return -1;
    int result = ad_read_fields(reader, json, "targeting.", fields, COUNT_OF(fields));
    reader->cattax = own;
    return result;
}
