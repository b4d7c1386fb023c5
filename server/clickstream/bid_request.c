/* A view as a bid request; see bid_request.h. */
#include "clickstream/bid_request.h"

#include "clickstream/placement.h"

/* Members of one object, with commas between them. */
struct object {
    struct buf *out;
    bool begun;
};

static void add_key(struct object *object, struct str key) {
    if (object->begun)
        buf_add_char(object->out, ',');
    object->begun = true;
    buf_add_char(object->out, '"');
    buf_add_str(object->out, key);
    BUF_ADD_LIT(object->out, "\":");
}

static void add_text(struct object *object, struct str key, struct str value) {
    if (value.n == 0)
        return;
    add_key(object, key);
    buf_add_json_string(object->out, value);
}

static void add_number(struct object *object, struct str key, double value) {
    if (value < 1)
        return;
    add_key(object, key);
    buf_add_uint(object->out, (uint64_t)value);
}

/* The members of an object's text, as they stand there. */
static void add_members(struct object *object, struct str text) {
    if (text.n <= 2)
        return;
    if (object->begun)
        buf_add_char(object->out, ',');
    object->begun = true;
    buf_add(object->out, text.p + 1, text.n - 2);
}

static void add_categories(struct object *object, const struct str_list *cat) {
    if (cat->count == 0)
        return;
    add_key(object, STR("cat"));
    for (size_t i = 0; i < cat->count; i++) {
        buf_add_char(object->out, i ? ',' : '[');
        buf_add_json_string(object->out, cat->items[i]);
    }
    buf_add_char(object->out, ']');
}

static void write_site(const struct bid_request_input *input, struct buf *out) {
    struct object site = {out, false};
    BUF_ADD_LIT(out, ",\"site\":{");
    add_text(&site, STR("domain"), placement_url_host(input->page->url));
    add_text(&site, STR("page"), input->page->url);
    add_text(&site, STR("ref"), input->page->referrer);
    add_categories(&site, &input->placement->cat);
    add_members(&site, input->placement->channel);
    buf_add_char(out, '}');
}

static void write_app(const struct bid_request_input *input, struct buf *out) {
    const struct click_context *context = &input->event->context;
    struct object app = {out, false};
    BUF_ADD_LIT(out, ",\"app\":{");
    add_text(&app, STR("bundle"), context->app_bundle);
    add_text(&app, STR("name"), context->app_name);
    add_text(&app, STR("ver"), context->app_version);
    add_categories(&app, &input->placement->cat);
    add_members(&app, input->placement->channel);
    buf_add_char(out, '}');
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "de" of "de-DE": ISO-639-1; a language of three letters has none. */
static struct str language_of(struct str locale) {
    bool good = locale.n >= 2 && is_letter(locale.p[0]) && is_letter(locale.p[1]) &&
                (locale.n == 2 || !is_letter(locale.p[2]));
    return good ? (struct str){locale.p, 2} : (struct str){NULL, 0};
}

/* AdCOM's List: Device Types, of what Segment's libraries call them. */
static int device_type(const struct click_context *context) {
    static const struct {
        struct str name;
        int type;
    } types[] = {
        {STR_INIT("ios"), 1},    {STR_INIT("android"), 1}, {STR_INIT("mobile"), 1}, {STR_INIT("phone"), 4},
        {STR_INIT("tablet"), 5}, {STR_INIT("desktop"), 2}, {STR_INIT("tv"), 3},
    };
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_ieq(context->device_type, types[i].name))
            return types[i].type;
    return 0;
}

static void write_device(const struct bid_request_input *input, struct buf *out) {
    const struct click_context *context = &input->event->context;
    struct object device = {out, false};
    struct str ip = context->ip.n > 0 ? context->ip : input->client_ip;
    bool v6 = ip.n > 0 && memchr(ip.p, ':', ip.n);
    BUF_ADD_LIT(out, ",\"device\":{");
    add_text(&device, STR("ua"), context->user_agent);
    add_text(&device, v6 ? STR("ipv6") : STR("ip"), ip);
    add_text(&device, STR("language"), language_of(context->locale));
    add_number(&device, STR("w"), context->screen_width);
    add_number(&device, STR("h"), context->screen_height);
    add_text(&device, STR("os"), context->os_name);
    add_text(&device, STR("osv"), context->os_version);
    add_text(&device, STR("make"), context->device_make);
    add_text(&device, STR("model"), context->device_model);
    add_number(&device, STR("devicetype"), device_type(context));
    if (context->ad_tracking) {
        add_text(&device, STR("ifa"), context->device_ad_id);
    } else {
        add_key(&device, STR("lmt"));
        buf_add_char(out, '1');
    }
    buf_add_char(out, '}');
}

void bid_request_write(const struct bid_request_input *input, struct buf *out) {
    BUF_ADD_LIT(out, "{\"id\":");
    buf_add_json_string(out, input->id);
    BUF_ADD_LIT(out, ",\"imp\":");
    buf_add_str(out, input->placement->imps);
    if (str_present(input->placement->app))
        write_app(input, out);
    else
        write_site(input, out);
    write_device(input, out);
    BUF_ADD_LIT(out, ",\"user\":{\"id\":");
    buf_add_json_string(out, click_event_user(input->event));
    buf_add_char(out, '}');
    struct object request = {out, true};
    add_members(&request, input->placement->request);
    buf_add_char(out, '}');
}
