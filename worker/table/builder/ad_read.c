/* Reads one ad: the object itself; see ad.h. Its targeting is read in ad_read_targeting.c. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "builder/ad_reader.h"
#include "currency/json_file.h"

#define ARENA_BYTES ((size_t)32 << 20) /* of one ad, beside jansson's tree */
#define POOL_CHUNKS 64

/* ---- what all fields share ---- */

int ad_fail(struct ad_reader *reader, const char *key, const char *format, ...) {
    char reason[AD_ERROR_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    snprintf(reader->error, reader->error_size, "%s: %s", key, reason);
    return -1;
}

int ad_wrong_type(struct ad_reader *reader, const char *key, const char *wanted, const json_t *json) {
    return ad_fail(reader, key, "must be %s, is %s", wanted, json_file_kind(json));
}

int ad_take_string(struct ad_reader *reader, const char *key, const json_t *json, struct str *out) {
    if (!json_is_string(json))
        return ad_wrong_type(reader, key, "a string", json);
    *out = (struct str){json_string_value(json), json_string_length(json)};
    return 0;
}

int ad_take_number(struct ad_reader *reader, const char *key, const json_t *json, uint32_t low, uint32_t top,
                   uint32_t *out) {
    if (!json_is_integer(json))
        return ad_wrong_type(reader, key, "a whole number", json);
    json_int_t v = json_integer_value(json);
    if (v < low || v > top)
        return ad_fail(reader, key, "must be from %u to %u, is %lld", low, top, (long long)v);
    *out = (uint32_t)v;
    return 0;
}

int ad_take_array(struct ad_reader *reader, const char *key, const json_t *json, uint32_t *count) {
    if (!json_is_array(json))
        return ad_wrong_type(reader, key, "an array", json);
    if (json_array_size(json) > AD_MOST_ITEMS)
        return ad_fail(reader, key, "must hold at most %u items, holds %zu", AD_MOST_ITEMS,
                       json_array_size(json));
    *count = (uint32_t)json_array_size(json);
    return 0;
}

int ad_values_grow(struct ad_reader *reader, const char *key, struct ad_values *values, uint32_t n) {
    uint32_t count = values->count + n;
    struct str *texts =
        arena_grow(&reader->arena, values->texts, values->count * sizeof *texts, count * sizeof *texts);
    uint64_t *hashes = texts ? arena_grow(&reader->arena, values->hashes, values->count * sizeof *hashes,
                                          count * sizeof *hashes)
                             : NULL;
    if (!hashes)
        return ad_fail(reader, key, AD_NO_MEMORY);
    values->texts = texts;
    values->hashes = hashes;
    return 0;
}

int ad_values_add(struct ad_reader *reader, const char *key, struct ad_values *values, enum target target,
                  const char *prefix, struct str text) {
    size_t n = strlen(prefix);
    if (n > 0) {
        char *p = arena_alloc(&reader->arena, n + text.n);
        if (!p)
            return ad_fail(reader, key, AD_NO_MEMORY);
        memcpy(p, prefix, n);
        memcpy(p + n, text.p, text.n);
        text = (struct str){p, n + text.n};
    }
    values->texts[values->count] = text;
    values->hashes[values->count++] = target_hash(target, text);
    return 0;
}

/* What stands for a member's name in errors: it must not rule the terminal. */
static int unknown_field(struct ad_reader *reader, const char *prefix, const char *name) {
    char shown[64];
    size_t n = 0;
    for (; name[n] && n < sizeof shown - 1; n++)
        shown[n] = (char)((unsigned char)name[n] < ' ' || name[n] == 0x7f ? '?' : name[n]);
    shown[n] = '\0';
    char key[AD_KEY_BYTES];
    snprintf(key, sizeof key, "%s%s", prefix, shown);
    return ad_fail(reader, key, "unknown field");
}

int ad_read_fields(struct ad_reader *reader, const json_t *object, const char *prefix,
                   const struct ad_field *fields, size_t count) {
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)object, name, value) {
        char key[AD_KEY_BYTES];
        size_t i = 0;
        while (i < count && strcmp(fields[i].name, name) != 0)
            i++;
        if (i == count)
            return unknown_field(reader, prefix, name);
        snprintf(key, sizeof key, "%s%s", prefix, name);
        if (fields[i].read(reader, &fields[i], key, value) != 0)
            return -1;
    }
    return 0;
}

static void *place_of(const struct ad_reader *reader, const struct ad_field *field) {
    return (char *)reader->ad + field->offset;
}

int ad_read_flag(struct ad_reader *reader, const struct ad_field *field, const char *key,
                 const json_t *json) {
    if (!json_is_boolean(json))
        return ad_wrong_type(reader, key, "true or false", json);
    *(bool *)place_of(reader, field) = json_is_true(json);
    return 0;
}

int ad_read_bits(struct ad_reader *reader, const struct ad_field *field, const char *key,
                 const json_t *json) {
    uint32_t count = 0, bits = 0;
    if (ad_take_array(reader, key, json, &count) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bit = 0;
        char item[AD_KEY_BYTES + 16];
        snprintf(item, sizeof item, "%s[%u]", key, i);
        if (ad_take_number(reader, item, json_array_get(json, i), field->low, field->top, &bit) != 0)
            return -1;
        bits |= 1u << bit;
    }
    if (field->top > 15)
        *(uint32_t *)place_of(reader, field) = bits;
    else
        *(uint16_t *)place_of(reader, field) = (uint16_t)bits;
    return 0;
}

/* ---- fields of the ad ---- */

static int read_text(struct ad_reader *reader, const struct ad_field *field, const char *key,
                     const json_t *json) {
    struct str s = {NULL, 0};
    if (ad_take_string(reader, key, json, &s) != 0)
        return -1;
    const char *wrong = field->form(&reader->arena, s, place_of(reader, field));
    return wrong ? ad_fail(reader, key, "%s", wrong) : 0;
}

static int read_markup(struct ad_reader *reader, const struct ad_field *field, const char *key,
                       const json_t *json) {
    struct str s = {NULL, 0};
    (void)field;
    if (ad_take_string(reader, key, json, &s) != 0)
        return -1;
    if (s.n < 1 || s.n > TABLE_ADM_BYTES)
        return ad_fail(reader, key, "must be from 1 to %u bytes long, is %zu", TABLE_ADM_BYTES, s.n);
    reader->ad->adm = s;
    return 0;
}

/* The place of the name among names, from 1 on. */
static int take_name(struct ad_reader *reader, const char *key, const json_t *json, const char *const *names,
                     const char *wanted, uint32_t *out) {
    struct str s = {NULL, 0};
    if (ad_take_string(reader, key, json, &s) != 0)
        return -1;
    for (uint32_t i = 0; names[i]; i++) {
        if (str_eq(s, str_from(names[i]))) {
            *out = i + 1;
            return 0;
        }
    }
    return ad_fail(reader, key, "must be %s", wanted);
}

static int read_media(struct ad_reader *reader, const struct ad_field *field, const char *key,
                      const json_t *json) {
    static const char *const names[] = {"banner", "video", "native", NULL};
    uint32_t media = 0;
    (void)field;
    if (take_name(reader, key, json, names, "\"banner\", \"video\" or \"native\"", &media) != 0)
        return -1;
    reader->ad->media = (uint8_t)media;
    return 0;
}

static int read_bid(struct ad_reader *reader, const struct ad_field *field, const char *key,
                    const json_t *json) {
    static const char *const names[] = {"cpm", "cpc", NULL};
    uint32_t bid = 0;
    (void)field;
    if (take_name(reader, key, json, names, "\"cpm\" or \"cpc\"", &bid) != 0)
        return -1;
    reader->ad->by_click = bid == 2;
    return 0;
}

static int read_amount(struct ad_reader *reader, const struct ad_field *field, const char *key,
                       const json_t *json) {
    if (!json_is_number(json))
        return ad_wrong_type(reader, key, "a number", json);
    double v = json_number_value(json);
    if (!(v >= 1e-6 && v <= 1e12))
        return ad_fail(reader, key, "must be from 0.000001 to 1e12, is %g", v);
    *(double *)place_of(reader, field) = v;
    return 0;
}

static int read_currency(struct ad_reader *reader, const struct ad_field *field, const char *key,
                         const json_t *json) {
    struct str s = {NULL, 0};
    (void)field;
    if (ad_take_string(reader, key, json, &s) != 0)
        return -1;
    const char *wrong = ad_form_country(NULL, s, &s);
    if (wrong)
        return ad_fail(reader, key, "%s", wrong);
    memcpy(reader->ad->currency, s.p, 3);
    return 0;
}

static int read_time(struct ad_reader *reader, const struct ad_field *field, const char *key,
                     const json_t *json) {
    struct str s = {NULL, 0};
    if (ad_take_string(reader, key, json, &s) != 0)
        return -1;
    const char *wrong = ad_form_time(s, place_of(reader, field));
    return wrong ? ad_fail(reader, key, "%s", wrong) : 0;
}

static int read_cap(struct ad_reader *reader, const struct ad_field *field, const char *key,
                    const json_t *json) {
    const char *name = NULL;
    json_t *value = NULL;
    (void)field;
    if (!json_is_object(json))
        return ad_wrong_type(reader, key, "an object", json);
    json_object_foreach((json_t *)json, name, value) {
        int failed = -1;
        if (strcmp(name, "views") == 0)
            failed = ad_take_number(reader, "frequency_cap.views", value, 1, 1000000, &reader->ad->frequency);
        else if (strcmp(name, "hours") == 0)
            failed =
                ad_take_number(reader, "frequency_cap.hours", value, 1, 8760, &reader->ad->frequency_hours);
        else
            unknown_field(reader, "frequency_cap.", name);
        if (failed)
            return -1;
    }
    if (reader->ad->frequency == 0 || reader->ad->frequency_hours == 0)
        return ad_fail(reader, key, "must hold views and hours");
    return 0;
}

static int read_sizes(struct ad_reader *reader, const struct ad_field *field, const char *key,
                      const json_t *json) {
    struct ad_values *sizes = &reader->ad->lists[TABLE_LIST_IN + TARGET_SIZE];
    uint32_t count = 0;
    (void)field;
    if (ad_take_array(reader, key, json, &count) != 0)
        return -1;
    if (count == 0)
        return ad_fail(reader, key, "must hold a size");
    reader->ad->size_numbers = arena_calloc(&reader->arena, count + 1, sizeof *reader->ad->size_numbers);
    if (!reader->ad->size_numbers)
        return ad_fail(reader, key, AD_NO_MEMORY);
    if (ad_values_grow(reader, key, sizes, count + 1) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        char item[AD_KEY_BYTES];
        struct str s = {NULL, 0};
        snprintf(item, sizeof item, "sizes[%u]", i);
        if (ad_take_string(reader, item, json_array_get(json, i), &s) != 0)
            return -1;
        const char *wrong = ad_form_size(s, &reader->ad->size_numbers[i]);
        if (wrong)
            return ad_fail(reader, item, "%s", wrong);
        if (ad_values_add(reader, item, sizes, TARGET_SIZE, "", s) != 0)
            return -1;
    }
    return 0;
}

static int read_list(struct ad_reader *reader, const struct ad_field *field, const char *key,
                     const json_t *json) {
    struct str_list *list = place_of(reader, field);
    uint32_t count = 0;
    if (ad_take_array(reader, key, json, &count) != 0)
        return -1;
    list->items = arena_calloc(&reader->arena, count + 1, sizeof *list->items);
    if (!list->items)
        return ad_fail(reader, key, AD_NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        char item[AD_KEY_BYTES];
        snprintf(item, sizeof item, "%s[%u]", key, i);
        struct str s = {NULL, 0};
        if (ad_take_string(reader, item, json_array_get(json, i), &s) != 0)
            return -1;
        const char *wrong = field->target == TARGET_CATEGORY ? ad_form_category(reader->cattax, s)
                                                             : ad_form_id(&reader->arena, s, &s);
        if (wrong)
            return ad_fail(reader, item, "%s", wrong);
        list->items[list->count++] = s;
    }
    return 0;
}

/* Was read first: categories need it. */
static int read_cattax(struct ad_reader *reader, const struct ad_field *field, const char *key,
                       const json_t *json) {
    uint32_t ignored = 0;
    return ad_take_number(reader, key, json, field->low, field->top, &ignored);
}

#define PLACE(member) .offset = offsetof(struct ad, member)
#define TEXT(name_, form_)                                                                                   \
    { .name = #name_, .read = read_text, PLACE(name_), .form = (form_) }

static const struct ad_field fields[] = {
    TEXT(id, ad_form_id),
    TEXT(campaign, ad_form_id),
    TEXT(adomain, ad_form_domain),
    TEXT(crid, ad_form_id),
    TEXT(language, ad_form_language),
    {.name = "cat", .read = read_list, PLACE(cats), .target = TARGET_CATEGORY},
    {.name = "cattax", .read = read_cattax, .low = 1, .top = UINT8_MAX},
    {.name = "media", .read = read_media},
    {.name = "sizes", .read = read_sizes},
    {.name = "adm", .read = read_markup},
    {.name = "secure", .read = ad_read_flag, PLACE(secure)},
    {.name = "attr", .read = ad_read_bits, PLACE(attr), .low = 1, .top = 31},
    {.name = "bid", .read = read_bid},
    {.name = "price", .read = read_amount, PLACE(price)},
    {.name = "currency", .read = read_currency},
    {.name = "daily_budget", .read = read_amount, PLACE(daily_budget)},
    {.name = "frequency_cap", .read = read_cap},
    {.name = "start", .read = read_time, PLACE(starts)},
    {.name = "end", .read = read_time, PLACE(ends)},
    {.name = "deals", .read = read_list, PLACE(deals), .target = TARGET_DEAL},
    {.name = "targeting", .read = ad_read_targeting},
};

/* ---- what no field can say alone ---- */

static int finish_sizes(struct ad_reader *reader) {
    static const struct str names[] = {[TABLE_BANNER] = STR_INIT("banner"),
                                       [TABLE_VIDEO] = STR_INIT("video"),
                                       [TABLE_NATIVE] = STR_INIT("native")};
    struct ad *ad = reader->ad;
    struct ad_values *sizes = &ad->lists[TABLE_LIST_IN + TARGET_SIZE];
    if (ad->media == TABLE_BANNER && sizes->count == 0)
        return ad_fail(reader, "sizes", "required for a banner");
    if (ad->media != TABLE_BANNER && sizes->count > 0)
        return ad_fail(reader, "sizes", "only a banner has sizes");
    if (sizes->count == 0) {
        ad->size_numbers = arena_calloc(&reader->arena, 1, sizeof *ad->size_numbers);
        if (!ad->size_numbers || ad_values_grow(reader, "media", sizes, 1) != 0)
            return ad_fail(reader, "media", AD_NO_MEMORY);
    }
    return ad_values_add(reader, "media", sizes, TARGET_SIZE, "", names[ad->media]);
}

/* Takes the newest value away when it was there before. */
static void drop_if_double(struct ad_values *values) {
    for (uint32_t i = 0; i + 1 < values->count; i++) {
        if (values->hashes[i] == values->hashes[values->count - 1]) {
            values->count--;
            return;
        }
    }
}

/* The category and all above it, each once. */
static int add_category(struct ad_reader *reader, struct str category) {
    struct ad_values *values = &reader->ad->lists[TABLE_LIST_OWN_CATEGORY];
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%u:", reader->ad->cattax);
    while (category.n > 0) {
        if (ad_values_grow(reader, "cat", values, 1) != 0 ||
            ad_values_add(reader, "cat", values, TARGET_CATEGORY, prefix, category) != 0)
            return -1;
        drop_if_double(values);
        const char *dash = reader->ad->cattax == 1 ? memrchr(category.p, '-', category.n) : NULL;
        category.n = dash ? (size_t)(dash - category.p) : 0;
    }
    return 0;
}

static int finish_categories(struct ad_reader *reader, uint32_t cattax) {
    reader->ad->cattax = (uint8_t)(reader->ad->cats.count ? cattax : 0);
    for (size_t i = 0; i < reader->ad->cats.count; i++)
        if (add_category(reader, reader->ad->cats.items[i]) != 0)
            return -1;
    return 0;
}

static int finish_deals(struct ad_reader *reader) {
    const struct str_list *deals = &reader->ad->deals;
    struct ad_values *values = &reader->ad->lists[TABLE_LIST_IN + TARGET_DEAL];
    if (deals->count == 0)
        return 0;
    if (ad_values_grow(reader, "deals", values, (uint32_t)deals->count) != 0)
        return -1;
    for (size_t i = 0; i < deals->count; i++)
        if (ad_values_add(reader, "deals", values, TARGET_DEAL, "", deals->items[i]) != 0)
            return -1;
    return 0;
}

/* The domain, and those above it that have a dot. */
static int finish_domains(struct ad_reader *reader) {
    struct ad_values *domains = &reader->ad->domains;
    struct str domain = reader->ad->adomain;
    while (domain.n > 0) {
        if (ad_values_grow(reader, "adomain", domains, 1) != 0 ||
            ad_values_add(reader, "adomain", domains, TARGET_ADVERTISER, "", domain) != 0)
            return -1;
        const char *dot = memchr(domain.p, '.', domain.n);
        if (!dot)
            break;
        domain = (struct str){dot + 1, domain.n - (size_t)(dot + 1 - domain.p)};
        if (!memchr(domain.p, '.', domain.n))
            break;
    }
    return 0;
}

static int finish(struct ad_reader *reader, uint32_t cattax) {
    struct ad *ad = reader->ad;
    const char *missing = ad->id.n == 0         ? "id"
                          : ad->campaign.n == 0 ? "campaign"
                          : ad->media == 0      ? "media"
                          : ad->adm.n == 0      ? "adm"
                          : ad->price == 0      ? "price"
                                                : NULL;
    if (missing)
        return ad_fail(reader, missing, "required");
    if (ad->starts >= ad->ends)
        return ad_fail(reader, "end", "must be later than start");
    if (!json_object_get(reader->root, "secure"))
        ad->secure = !strcasestr(ad->adm.p, "http:");
    if (finish_sizes(reader) != 0 || finish_categories(reader, cattax) != 0 || finish_deals(reader) != 0)
        return -1;
    return finish_domains(reader);
}

/* ---- the line ---- */

/* jansson quotes the text where it breaks off; what it quotes must not rule the terminal. */
static int not_json(struct ad_reader *reader, json_error_t *where) {
    for (char *p = where->text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    char key[AD_KEY_BYTES];
    snprintf(key, sizeof key, "column %d", where->column);
    return ad_fail(reader, key, "%s", where->text[0] ? where->text : AD_NO_MEMORY);
}

static int read_object(struct ad_reader *reader) {
    uint32_t cattax = 1;
    if (!json_is_object(reader->root))
        return ad_wrong_type(reader, "the line", "an object", reader->root);
    const json_t *given = json_object_get(reader->root, "cattax");
    if (given && ad_take_number(reader, "cattax", given, 1, UINT8_MAX, &cattax) != 0)
        return -1;
    reader->cattax = cattax;
    if (ad_read_fields(reader, reader->root, "", fields, COUNT_OF(fields)) != 0)
        return -1;
    return finish(reader, cattax);
}

int ad_read(struct ad_reader *reader, struct str line, struct ad *ad, char *error, size_t error_size) {
    static const struct table_hours every_hour = {{UINT64_MAX, UINT64_MAX, (UINT64_C(1) << 40) - 1}};
    json_error_t where = {.column = 0};
    memset(ad, 0, sizeof *ad);
    ad->hours = every_hour;
    ad->time_zone = STR("UTC");
    ad->ends = UINT32_MAX;
    json_decref(reader->root);
    arena_reset(&reader->arena);
    reader->ad = ad;
    reader->error = error;
    reader->error_size = error_size;
    reader->root = json_loadb(line.p ? line.p : "", line.n, JSON_REJECT_DUPLICATES, &where);
    return reader->root ? read_object(reader) : not_json(reader, &where);
}

struct ad_reader *ad_reader_create(void) {
    struct ad_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    arena_pool_init(&reader->pool, POOL_CHUNKS);
    arena_init(&reader->arena, &reader->pool, ARENA_BYTES);
    return reader;
}

void ad_reader_destroy(struct ad_reader *reader) {
    if (!reader)
        return;
    json_decref(reader->root);
    arena_reset(&reader->arena);
    arena_pool_cleanup(&reader->pool);
    free(reader);
}
