/* Reads an event by its tables; see click_event.h. */
#include "clickstream/click_event.h"

#include <pthread.h>
#include <stdio.h>

#include "clickstream/click_time.h"
#include "ledger/users.h"
#include "json/json_token.h"

#define TEXT(name, type, member) JSON_FIELD(name, JSON_STRING, offsetof(type, member), 0)
#define ANY_TEXT(name)           JSON_FIELD(name, JSON_STRING, JSON_NOT_KEPT, 0)
#define SIZE(name, member)                                                                                   \
    JSON_NUMBER(name, JSON_FLOAT, offsetof(struct click_context, member), 0, 0, 1000000)

/* ---- context ---- */

static const struct json_field page_fields[] = {
    TEXT("url", struct click_page, url),           TEXT("path", struct click_page, path),
    TEXT("referrer", struct click_page, referrer), TEXT("title", struct click_page, title),
    TEXT("search", struct click_page, search),
};
JSON_OBJECT_LOCAL(page_object, page_fields);

static const struct json_field screen_fields[] = {
    SIZE("width", screen_width),
    SIZE("height", screen_height),
    SIZE("density", screen_density),
};
JSON_OBJECT_LOCAL(screen_object, screen_fields);

static const struct json_field device_fields[] = {
    ANY_TEXT("id"),
    TEXT("manufacturer", struct click_context, device_make),
    TEXT("model", struct click_context, device_model),
    TEXT("type", struct click_context, device_type),
    TEXT("advertisingId", struct click_context, device_ad_id),
    JSON_FIELD("adTrackingEnabled", JSON_BOOL, offsetof(struct click_context, ad_tracking), 0),
};
JSON_OBJECT_LOCAL(device_object, device_fields);

static const struct json_field os_fields[] = {
    TEXT("name", struct click_context, os_name),
    TEXT("version", struct click_context, os_version),
};
JSON_OBJECT_LOCAL(os_object, os_fields);

static const struct json_field app_fields[] = {
    TEXT("name", struct click_context, app_name),
    TEXT("version", struct click_context, app_version),
    TEXT("namespace", struct click_context, app_bundle),
};
JSON_OBJECT_LOCAL(app_object, app_fields);

static const struct json_field campaign_fields[] = {
    ANY_TEXT("name"), ANY_TEXT("source"), ANY_TEXT("medium"), ANY_TEXT("term"), ANY_TEXT("content"),
};
JSON_OBJECT_LOCAL(campaign_object, campaign_fields);

#define INTO(name, object_) JSON_FIELD(name, JSON_OBJECT, 0, JSON_INLINE, .object = &object_)

static const struct json_field context_fields[] = {
    TEXT("ip", struct click_context, ip),
    TEXT("userAgent", struct click_context, user_agent),
    TEXT("locale", struct click_context, locale),
    TEXT("timezone", struct click_context, timezone),
    JSON_FIELD("page", JSON_OBJECT, offsetof(struct click_context, page), JSON_INLINE,
               .object = &page_object),
    INTO("screen", screen_object),
    INTO("device", device_object),
    INTO("os", os_object),
    INTO("app", app_object),
    JSON_FIELD("campaign", JSON_OBJECT, JSON_NOT_KEPT, 0, .object = &campaign_object),
};
JSON_OBJECT_LOCAL(context_object, context_fields);

/* ---- the event ---- */

static bool check_id(struct json_reader *reader, struct str value) {
    return value.n <= CLICK_ID_BYTES ||
           json_fail_value(reader, "must be at most %u bytes long", (unsigned)CLICK_ID_BYTES);
}

static bool check_time(struct json_reader *reader, struct str value) {
    int64_t us;
    return click_time_parse(value, &us) ||
           json_fail_value(reader, "must be a time as ISO 8601 has it, such as 2026-11-25T10:30:00.000Z");
}

/* What the table fills: the event, and its type as text. */
struct draft {
    struct click_event event;
    struct str type;
};

static enum click_type type_of(struct str name) {
    for (unsigned i = 0; i < CLICK_TYPES; i++)
        if (str_eq(name, str_from(click_type_name((enum click_type)i))))
            return (enum click_type)i;
    return CLICK_TYPES;
}

static bool check_type(struct json_reader *reader, struct str value) {
    return type_of(value) != CLICK_TYPES ||
           json_fail_value(reader, "must be one of page, screen, track, identify, group, alias");
}

#define ID(name, member)                                                                                     \
    JSON_FIELD(name, JSON_STRING, offsetof(struct draft, event.member), 0, .check = check_id)
#define TIME(name, member)                                                                                   \
    JSON_FIELD(name, JSON_STRING, offsetof(struct draft, event.member), 0, .check = check_time)

/* Any members; which of them say something is looked up where it is asked. */
static struct json_index properties_index;
static const struct json_object properties_object = {.index = &properties_index, .keeps_members = true};

static const struct json_field event_fields[] = {
    JSON_FIELD("type", JSON_STRING, offsetof(struct draft, type), 0, .check = check_type),
    ID("messageId", message_id),
    ID("userId", user_id),
    ID("anonymousId", anonymous_id),
    ID("groupId", group_id),
    ID("previousId", previous_id),
    TEXT("event", struct draft, event.event),
    TEXT("name", struct draft, event.name),
    TEXT("category", struct draft, event.category),
    TIME("timestamp", timestamp),
    TIME("sentAt", sent_at),
    TIME("originalTimestamp", original_timestamp),
    TEXT("writeKey", struct draft, event.write_key),
    JSON_FIELD("context", JSON_OBJECT, offsetof(struct draft, event.context), JSON_INLINE,
               .object = &context_object),
    JSON_FIELD("properties", JSON_OBJECT, offsetof(struct draft, event.properties), JSON_INLINE,
               .object = &properties_object),
    JSON_FIELD("traits", JSON_OBJECT, JSON_NOT_KEPT, 0),
};
JSON_OBJECT_LOCAL(root_object, event_fields);

static const struct json_field user_fields[] = {
    JSON_FIELD("userId", JSON_STRING, offsetof(struct click_user, user_id), 0, .check = check_id),
    JSON_FIELD("anonymousId", JSON_STRING, offsetof(struct click_user, anonymous_id), 0, .check = check_id),
};
JSON_OBJECT_LOCAL(user_object, user_fields);

static pthread_once_t prepare_once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    json_object_prepare(&root_object);
    json_object_prepare(&context_object);
    json_object_prepare(&user_object);
}

static int fail(struct json_error *error, const char *path, const char *reason) {
    snprintf(error->path, sizeof error->path, "%s", path);
    snprintf(error->reason, sizeof error->reason, "%s", reason);
    return -1;
}

/* What members say together. */
static int settle(struct click_event *event, struct json_error *error) {
    if (event->type == CLICK_TYPES)
        return fail(error, "type", "must be given");
    if (event->user_id.n == 0 && event->anonymous_id.n == 0)
        return fail(error, "userId", "must be given, or anonymousId");
    if (event->type == CLICK_TRACK && event->event.n == 0)
        return fail(error, "event", "must be given");
    if (event->type == CLICK_GROUP && event->group_id.n == 0)
        return fail(error, "groupId", "must be given");
    if (event->type == CLICK_ALIAS && event->previous_id.n == 0)
        return fail(error, "previousId", "must be given");
    return 0;
}

int click_event_read(struct str text, const struct click_event_rules *rules, struct arena *arena,
                     struct click_event *event, struct json_error *error) {
    struct draft draft = {.event = {.context.ad_tracking = true}};
    pthread_once(&prepare_once, prepare);
    if (text.n > rules->event_bytes) {
        snprintf(error->reason, sizeof error->reason, "is longer than %u bytes",
                 (unsigned)rules->event_bytes);
        error->path[0] = '\0';
        return -1;
    }
    int result = json_read(text, &root_object, &draft, &rules->limits, arena, error);
    *event = draft.event;
    event->type = str_present(draft.type) ? type_of(draft.type) : rules->fallback;
    return result == 0 ? settle(event, error) : -1;
}

int click_context_read(struct str text, const struct json_limits *limits, struct arena *arena,
                       struct click_context *out, struct json_error *error) {
    *out = (struct click_context){.ad_tracking = true};
    pthread_once(&prepare_once, prepare);
    return json_read(text, &context_object, out, limits, arena, error);
}

int click_user_read(struct str text, const struct json_limits *limits, struct arena *arena,
                    struct click_user *out, struct json_error *error) {
    *out = (struct click_user){0};
    pthread_once(&prepare_once, prepare);
    if (json_read(text, &user_object, out, limits, arena, error) != 0)
        return -1;
    if (out->user_id.n == 0 && out->anonymous_id.n == 0)
        return fail(error, "userId", "must be given, or anonymousId");
    return 0;
}

static void merge_text(struct str *into, struct str more) {
    if (!str_present(*into))
        *into = more;
}

static void merge_size(double *into, double more) {
    if (*into == 0)
        *into = more;
}

void click_context_merge(struct click_context *into, const struct click_context *more) {
    merge_text(&into->ip, more->ip);
    merge_text(&into->user_agent, more->user_agent);
    merge_text(&into->locale, more->locale);
    merge_text(&into->timezone, more->timezone);
    merge_text(&into->page.url, more->page.url);
    merge_text(&into->page.path, more->page.path);
    merge_text(&into->page.referrer, more->page.referrer);
    merge_text(&into->page.title, more->page.title);
    merge_text(&into->page.search, more->page.search);
    merge_text(&into->os_name, more->os_name);
    merge_text(&into->os_version, more->os_version);
    merge_text(&into->app_name, more->app_name);
    merge_text(&into->app_version, more->app_version);
    merge_text(&into->app_bundle, more->app_bundle);
    merge_text(&into->device_make, more->device_make);
    merge_text(&into->device_model, more->device_model);
    merge_text(&into->device_type, more->device_type);
    merge_text(&into->device_ad_id, more->device_ad_id);
    merge_size(&into->screen_width, more->screen_width);
    merge_size(&into->screen_height, more->screen_height);
    merge_size(&into->screen_density, more->screen_density);
    into->ad_tracking = into->ad_tracking && more->ad_tracking;
}

/* ---- what it says ---- */

struct str click_event_user(const struct click_event *event) {
    return event->user_id.n > 0 ? event->user_id : event->anonymous_id;
}

/* A member's value when it is a string, unescaped; else absent. */
static struct str text_of(struct str value, struct arena *arena) {
    if (value.n < 2 || value.p[0] != '"')
        return (struct str){NULL, 0};
    struct str raw = {value.p + 1, value.n - 2};
    if (!memchr(raw.p, '\\', raw.n))
        return raw;
    char *out = arena_alloc(arena, raw.n);
    return out ? (struct str){out, json_unescape(raw, out)} : (struct str){NULL, 0};
}

static struct str property(const struct click_event *event, struct str key, struct arena *arena) {
    const struct json_member *member = json_members_find(&event->properties, key);
    return member ? text_of(member->value, arena) : (struct str){NULL, 0};
}

/* The path of a URL: from its first '/' behind the host up to '?' or '#'; "/" when there is none. */
static struct str url_path(struct str url) {
    const char *p = url.p ? memmem(url.p, url.n, "://", 3) : NULL;
    if (!p)
        return (struct str){NULL, 0};
    const char *end = url.p + url.n;
    for (p += 3; p < end && *p != '/' && *p != '?' && *p != '#'; p++)
        continue;
    if (p == end || *p != '/')
        return STR("/");
    const char *q = p;
    while (q < end && *q != '?' && *q != '#')
        q++;
    return (struct str){p, (size_t)(q - p)};
}

struct click_page click_event_page(const struct click_event *event, struct arena *arena) {
    struct click_page page = event->context.page;
    if (event->properties.count > 0) {
        const struct {
            struct str key, *into;
        } own[] = {
            {STR_INIT("url"), &page.url},           {STR_INIT("path"), &page.path},
            {STR_INIT("referrer"), &page.referrer}, {STR_INIT("title"), &page.title},
            {STR_INIT("search"), &page.search},
        };
        for (size_t i = 0; i < COUNT_OF(own); i++) {
            struct str said = property(event, own[i].key, arena);
            if (said.n > 0)
                *own[i].into = said;
        }
    }
    if (page.path.n == 0)
        page.path = url_path(page.url);
    return page;
}

int64_t click_event_time(const struct click_event *event, int64_t batch_sent_us, int64_t received_us) {
    int64_t sent_us = batch_sent_us, original_us = CLICK_TIME_NONE, us;
    if (str_present(event->sent_at) && click_time_parse(event->sent_at, &us))
        sent_us = us;
    struct str original =
        str_present(event->original_timestamp) ? event->original_timestamp : event->timestamp;
    if (str_present(original) && click_time_parse(original, &us))
        original_us = us;
    return click_time_correct(received_us, sent_us, original_us);
}

/* ---- categories ---- */

struct category_list {
    struct str *items;
    uint32_t count;
};

static void add_category(struct category_list *list, struct str name) {
    if (name.n == 0 || name.n >= USERS_NAME_BYTES || list->count == CLICK_MOST_CATEGORIES)
        return;
    for (uint32_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], name))
            return;
    list->items[list->count++] = name;
}

/* The strings of an array that was read as JSON. */
static void add_categories(struct category_list *list, struct str array, struct arena *arena) {
    if (array.n < 2 || *array.p != '[')
        return;
    const char *p = array.p, *end = array.p + array.n;
    unsigned depth = 0;
    while (p < end) {
        if (*p != '"') {
            depth += *p == '[' || *p == '{';
            depth -= *p == ']' || *p == '}';
            p++;
            continue;
        }
        struct json_string string = json_string_read(p + 1, end);
        if (string.why)
            return;
        if (depth == 1)
            add_category(list, text_of((struct str){p, (size_t)(string.end + 1 - p)}, arena));
        p = string.end + 1;
    }
}

uint32_t click_event_categories(const struct click_event *event, struct arena *arena,
                                struct str out[CLICK_MOST_CATEGORIES]) {
    struct category_list list = {out, 0};
    add_category(&list, event->category);
    if (event->properties.count > 0) {
        add_category(&list, property(event, STR("category"), arena));
        const struct json_member *member = json_members_find(&event->properties, STR("categories"));
        if (member)
            add_categories(&list, member->value, arena);
    }
    return list.count;
}
