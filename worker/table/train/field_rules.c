/* From a log's fields to features; see field_rules.h. */
#include "train/field_rules.h"

#include <stdio.h>

/* What stands before the first `mark`, and behind it in *rest (.p == NULL: there is no mark). */
static struct str before(struct str text, char mark, struct str *rest) {
    const char *at = text.n > 0 ? memchr(text.p, mark, text.n) : NULL;
    *rest = at ? (struct str){at + 1, text.n - (size_t)(at + 1 - text.p)} : (struct str){NULL, 0};
    return at ? (struct str){text.p, (size_t)(at - text.p)} : text;
}

bool field_rules_read(struct field_rules *rules, const struct option_texts *maps,
                      const struct option_texts *drops, const struct option_texts *crosses, char *error,
                      size_t error_size) {
    *rules = (struct field_rules){.rule_count = 0};
    for (size_t i = 0; i < drops->count; i++)
        rules->rules[rules->rule_count++].field = str_from(drops->items[i]);
    for (size_t i = 0; i < maps->count; i++) {
        struct field_rule *rule = &rules->rules[rules->rule_count++];
        struct str rest;
        rule->field = before(str_from(maps->items[i]), '=', &rest);
        rule->target = before(rest, '=', &rule->prefix);
        if (rule->field.n == 0 || rule->target.n == 0) {
            snprintf(error, error_size, "--map wants FIELD=TARGET or FIELD=TARGET=PREFIX, not: %s",
                     maps->items[i]);
            return false;
        }
    }
    for (size_t i = 0; i < crosses->count; i++) {
        struct field_cross *cross = &rules->crosses[rules->cross_count++];
        cross->left = before(str_from(crosses->items[i]), '*', &cross->right);
        if (cross->left.n == 0 || cross->right.n == 0) {
            snprintf(error, error_size, "--cross wants LEFT*RIGHT, not: %s", crosses->items[i]);
            return false;
        }
    }
    return true;
}

static bool is_clean(struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
            return false;
    return text.n > 0;
}

/* "08" as our hours are written, "8". */
static struct str without_leading_zeros(struct str value) {
    while (value.n > 1 && value.p[0] == '0')
        value = (struct str){value.p + 1, value.n - 1};
    return value;
}

enum field_outcome field_rules_name(const struct field_rules *rules, struct str field, struct str value,
                                    struct buf *out) {
    if (!is_clean(field) || !is_clean(value))
        return FIELD_BAD;
    struct str prefix = {NULL, 0};
    for (size_t i = 0; i < rules->rule_count; i++) {
        const struct field_rule *rule = &rules->rules[i];
        if (!str_eq(rule->field, field))
            continue;
        if (!str_present(rule->target))
            return FIELD_DROPPED;
        field = rule->target;
        prefix = rule->prefix;
        break;
    }
    buf_add_str(out, field);
    buf_add_char(out, '=');
    buf_add_str(out, prefix);
    buf_add_str(out, str_eq(field, STR("hour")) ? without_leading_zeros(value) : value);
    return FIELD_NAMED;
}
