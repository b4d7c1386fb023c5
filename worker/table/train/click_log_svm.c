/* Click logs as "click id:1 id:1 ..." with a file of names; see click_log.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/lines.h"
#include "train/click_log_format.h"

#define MOST_IDS (1u << 27)

/* Takes a decimal number, at most UINT32_MAX, from the front of *text. */
static bool take_number(struct str *text, uint32_t *number) {
    uint64_t n = 0;
    size_t at = 0;
    while (at < text->n && text->p[at] >= '0' && text->p[at] <= '9' && n <= UINT32_MAX)
        n = n * 10 + (uint64_t)(text->p[at++] - '0');
    if (at == 0 || n > UINT32_MAX)
        return false;
    *text = (struct str){text->p + at, text->n - at};
    *number = (uint32_t)n;
    return true;
}

/* Makes ids up to `id` known. */
static bool make_room(struct click_log_svm *svm, uint32_t id, size_t cap_bytes) {
    if (id < svm->count)
        return true;
    size_t count = svm->count;
    while (count <= id)
        count = count * 2 + 1024;
    uint32_t *features =
        count * sizeof *features <= cap_bytes ? realloc(svm->features, count * sizeof *features) : NULL;
    if (!features)
        return false;
    for (size_t i = svm->count; i < count; i++)
        features[i] = FEATURE_NAMES_NONE;
    svm->features = features;
    svm->count = (uint32_t)count;
    return true;
}

/* "field:value<TAB>id". NULL, or what is wrong. */
static const char *take_name(struct click_log_svm *svm, struct feature_names *features,
                             const struct click_log_options *options, struct str line, struct buf *name) {
    const char *tab = line.n > 0 ? memrchr(line.p, '\t', line.n) : NULL;
    const char *colon = tab ? memchr(line.p, ':', (size_t)(tab - line.p)) : NULL;
    if (!colon)
        return "want field:value<TAB>id";
    struct str rest = {tab + 1, line.n - (size_t)(tab + 1 - line.p)};
    uint32_t id;
    if (!take_number(&rest, &id) || rest.n > 0 || id >= MOST_IDS)
        return "the id is not a number below 2^27";
    if (id < svm->count && svm->features[id] != FEATURE_NAMES_NONE)
        return "this id has a name already";
    if (!make_room(svm, id, options->cap_bytes))
        return click_log_no_room;
    buf_clear(name, FEATURE_NAMES_BYTES);
    switch (field_rules_name(&options->rules, (struct str){line.p, (size_t)(colon - line.p)},
                             (struct str){colon + 1, (size_t)(tab - colon - 1)}, name)) {
    case FIELD_BAD:
        return "the field or the value is empty or holds a control character";
    case FIELD_DROPPED:
        svm->features[id] = CLICK_LOG_DROPPED;
        return NULL;
    case FIELD_NAMED:
        break;
    }
    if (name->failed || name->n > FEATURE_NAMES_BYTES)
        return "the name is too long";
    svm->features[id] = feature_names_take(features, buf_view(name));
    return svm->features[id] == FEATURE_NAMES_NONE ? click_log_no_room : NULL;
}

bool click_log_svm_open(struct click_log_svm *svm, struct feature_names *features,
                        const struct click_log_options *options, char *error, size_t error_size) {
    char reason[160];
    struct lines *lines = lines_open(options->names_path, error, error_size);
    if (!lines)
        return false;
    struct buf name;
    buf_init(&name, 2 * FEATURE_NAMES_BYTES);
    struct str line;
    uint64_t number = 0;
    int got;
    const char *wrong = NULL;
    while (!wrong && (got = lines_next(lines, &line, reason, sizeof reason)) != 0) {
        number++;
        wrong = got < 0 ? reason : take_name(svm, features, options, line, &name);
    }
    /* Names are few and made by a program: a bad one ends it, or all rows would lose a feature silently. */
    if (wrong)
        snprintf(error, error_size, "%s:%llu: %s", options->names_path, (unsigned long long)number, wrong);
    buf_cleanup(&name);
    lines_close(lines);
    return wrong == NULL;
}

void click_log_svm_cleanup(struct click_log_svm *svm) {
    free(svm->features);
}

/* Takes "id:1" or "id:0", and the blanks before it, from the front of *line. */
static const char *take_feature(const struct click_log_svm *svm, struct str *line,
                                struct click_log_row *row) {
    uint32_t id, value;
    if (!take_number(line, &id) || line->n == 0 || line->p[0] != ':')
        return "want id:1 behind the click";
    *line = (struct str){line->p + 1, line->n - 1};
    if (!take_number(line, &value) || value > 1 || (line->n > 0 && line->p[0] != ' '))
        return "a feature's value must be 0 or 1";
    if (id >= svm->count || svm->features[id] == FEATURE_NAMES_NONE)
        return "an id has no name";
    if (value == 0 || svm->features[id] == CLICK_LOG_DROPPED)
        return NULL;
    return click_log_row_add(row, svm->features[id]) ? NULL : click_log_row_full;
}

const char *click_log_svm_line(const struct click_log_svm *svm, struct str line, struct click_log_row *row) {
    uint32_t click;
    if (!take_number(&line, &click) || click > 1 || (line.n > 0 && line.p[0] != ' '))
        return "the click must be 0 or 1";
    row->click = (uint8_t)click;
    for (;;) {
        while (line.n > 0 && line.p[0] == ' ')
            line = (struct str){line.p + 1, line.n - 1};
        if (line.n == 0)
            return NULL;
        const char *wrong = take_feature(svm, &line, row);
        if (wrong)
            return wrong;
    }
}
