/* Reads a request by the tables of openrtb_schema.h, and settles what its members say together. */
#include "openrtb/openrtb_request.h"

#include <pthread.h>

#include "openrtb/openrtb_native.h"
#include "openrtb/openrtb_schema.h"

_Static_assert(sizeof(((struct openrtb_error *)0)->path) == sizeof(((struct json_error *)0)->path) &&
                   sizeof(((struct openrtb_error *)0)->reason) == sizeof(((struct json_error *)0)->reason),
               "the same error");

static pthread_once_t prepare_once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    json_object_prepare(&openrtb_schema_request);
    openrtb_native_prepare();
}

void openrtb_parse_limits_default(struct openrtb_parse_limits *limits) {
    *limits = (struct openrtb_parse_limits){
        .depth = 32,
        .imps = 100,
        .array_items = 1024,
        .object_members = 512,
        .string_bytes = 65536,
    };
}

static const struct openrtb_request request_initial = {
    .at = OPENRTB_ABSENT,
    .tmax = OPENRTB_ABSENT,
    .cattax = 1,
    .channel_cattax = 1,
    .device_dnt = OPENRTB_ABSENT,
    .device_lmt = OPENRTB_ABSENT,
    .device_type = OPENRTB_ABSENT,
    .device_connection = OPENRTB_ABSENT,
    .geo_utcoffset = OPENRTB_ABSENT,
    .coppa = OPENRTB_ABSENT,
    .gdpr = OPENRTB_ABSENT,
};

#define AT_DEFAULT 2 /* second price plus, 3.2.1 */

/* An empty currency says what an absent one says. */
static void drop_empty(struct str_list *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].n > 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

static void settle(struct openrtb_draft *draft, struct str text) {
    struct openrtb_request *request = &draft->request;
    request->text = text;
    drop_empty(&request->cur);
    if (request->at == OPENRTB_ABSENT)
        request->at = AT_DEFAULT;
    if (request->gdpr == OPENRTB_ABSENT)
        request->gdpr = draft->ext_gdpr;
    if (request->geo_country.n == 0) {
        request->geo_country = draft->user_place.country;
        request->geo_region = draft->user_place.region;
        request->geo_city = draft->user_place.city;
        if (request->geo_utcoffset == OPENRTB_ABSENT)
            request->geo_utcoffset = draft->user_place.utcoffset;
    }
}

int openrtb_request_parse(struct str text, const struct openrtb_parse_limits *limits, struct arena *arena,
                          struct openrtb_request *request, struct openrtb_error *error) {
    struct openrtb_draft draft = {
        .request = request_initial, .user_place = {.utcoffset = OPENRTB_ABSENT}, .ext_gdpr = OPENRTB_ABSENT};
    struct json_limits json_limits = {
        .depth = limits->depth,
        .array_items = limits->array_items,
        .object_members = limits->object_members,
        .string_bytes = limits->string_bytes,
        .listed = limits->imps,
    };
    struct json_error failure;
    pthread_once(&prepare_once, prepare);
    if (json_read(text, &openrtb_schema_request, &draft, &json_limits, arena, &failure) != 0) {
        memcpy(error->path, failure.path, sizeof(error->path));
        memcpy(error->reason, failure.reason, sizeof(error->reason));
        return -1;
    }
    settle(&draft, text);
    *request = draft.request;
    return 0;
}

/* The host of an absolute URL; absent when there is none. */
static struct str url_host(struct str url) {
    const char *p = url.p ? memmem(url.p, url.n, "://", 3) : NULL;
    if (!p)
        return (struct str){NULL, 0};
    p += 3;
    const char *end = url.p + url.n;
    const char *q = p;
    while (q < end && *q != '/' && *q != '?' && *q != '#' && *q != ':')
        q++;
    return (struct str){p, (size_t)(q - p)};
}

struct str openrtb_request_host(const struct openrtb_request *request) {
    return str_present(request->channel_domain) ? request->channel_domain : url_host(request->site_page);
}
