/* Click logs as {"click":0,"features":["country=USA", ...]}; see click_log.h. */
#include <jansson.h>

#include "train/click_log_format.h"

/* NULL, or what is wrong with the feature. */
static const char *take_feature(struct feature_names *features, const struct field_rules *rules,
                                const json_t *feature, struct click_log_row *row, struct buf *name) {
    struct str text = {json_string_value(feature), json_string_length(feature)};
    const char *equals = text.n > 0 ? memchr(text.p, '=', text.n) : NULL;
    if (!equals)
        return "a feature is not a text field=value";
    buf_clear(name, FEATURE_NAMES_BYTES);
    switch (field_rules_name(rules, (struct str){text.p, (size_t)(equals - text.p)},
                             (struct str){equals + 1, text.n - (size_t)(equals + 1 - text.p)}, name)) {
    case FIELD_BAD:
        return "a feature's field or value is empty or holds a control character";
    case FIELD_DROPPED:
        return NULL;
    case FIELD_NAMED:
        break;
    }
    if (name->failed || name->n > FEATURE_NAMES_BYTES)
        return "a feature's name is too long";
    uint32_t id = feature_names_take(features, buf_view(name));
    if (id == FEATURE_NAMES_NONE)
        return click_log_no_room;
    return click_log_row_add(row, id) ? NULL : click_log_row_full;
}

static const char *take_view(struct feature_names *features, const struct field_rules *rules,
                             const json_t *view, struct click_log_row *row) {
    const json_t *click = json_object_get(view, "click");
    const json_t *list = json_object_get(view, "features");
    if (!json_is_integer(click) || json_integer_value(click) < 0 || json_integer_value(click) > 1)
        return "click must be 0 or 1";
    if (!json_is_array(list))
        return "features must be an array";
    row->click = (uint8_t)json_integer_value(click);
    struct buf name;
    buf_init(&name, 2 * FEATURE_NAMES_BYTES);
    const char *wrong = NULL;
    for (size_t i = 0; i < json_array_size(list) && !wrong; i++)
        wrong = take_feature(features, rules, json_array_get(list, i), row, &name);
    buf_cleanup(&name);
    return wrong;
}

const char *click_log_ndjson_line(struct feature_names *features, const struct field_rules *rules,
                                  struct str line, struct click_log_row *row) {
    json_t *view = line.n > 0 ? json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!view)
        return "not JSON";
    const char *wrong = json_is_object(view) ? take_view(features, rules, view, row) : "not a JSON object";
    json_decref(view);
    return wrong;
}
