/*
 * Any body as click events: taken apart, each event read, placed, and made a bid request. What is refused has
 * a reason; what is read has a user and a time; what it becomes is a bid request that is read again, whatever
 * its texts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clickstream/bid_request.h"
#include "clickstream/click_body.h"
#include "clickstream/click_event.h"
#include "clickstream/click_time.h"
#include "clickstream/placement.h"
#include "ledger/users.h"
#include "openrtb/openrtb_request.h"

static const struct click_event_rules rules = {
    .limits = {.depth = 24, .array_items = 64, .object_members = 64, .string_bytes = 4096, .listed = 64},
    .event_bytes = 65536,
    .fallback = CLICK_TYPES};

static struct config_placement placements[] = {
    {.name = STR_INIT("site"),
     .site = STR_INIT("a.example"),
     .path = STR_INIT("/*x*"),
     .imps = STR_INIT("[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]"),
     .channel = STR_INIT("{\"publisher\":{\"id\":\"p\"}}"),
     .request = STR_INIT("{\"at\":1}"),
     .enabled = true},
    {.name = STR_INIT("app"),
     .app = STR_INIT("com.a"),
     .path = STR_INIT("*"),
     .imps = STR_INIT("[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]"),
     .enabled = true},
};

static void require(bool condition) {
    if (!condition)
        abort();
}

static void check_request(const struct config_placement *placement, const struct click_event *event,
                          const struct click_page *page, struct arena *arena) {
    struct bid_request_input input = {.placement = placement,
                                      .event = event,
                                      .page = page,
                                      .id = event->message_id.n > 0 ? event->message_id : STR("none")};
    struct openrtb_parse_limits limits;
    struct openrtb_request request;
    struct openrtb_error error;
    struct buf out;
    openrtb_parse_limits_default(&limits);
    buf_init(&out, 1 << 20);
    bid_request_write(&input, &out);
    require(!out.failed);
    require(openrtb_request_parse(buf_view(&out), &limits, arena, &request, &error) == 0);
    require(str_eq(request.id, input.id) && str_eq(request.user_id, click_event_user(event)));
    require(str_eq(request.device_ua, event->context.user_agent) || event->context.user_agent.n == 0);
    buf_cleanup(&out);
}

static void check_event(const struct click_event *event, const struct placement_set *set,
                        struct arena *arena) {
    require(event->type < CLICK_TYPES && click_event_user(event).n > 0);
    require(click_event_user(event).n <= CLICK_ID_BYTES && event->message_id.n <= CLICK_ID_BYTES);
    int64_t now = INT64_C(1800000000000000);
    require(click_event_time(event, CLICK_TIME_NONE, now) <= now);
    require(click_event_time(event, 0, now) <= now);
    struct str categories[CLICK_MOST_CATEGORIES];
    uint32_t count = click_event_categories(event, arena, categories);
    require(count <= CLICK_MOST_CATEGORIES);
    for (uint32_t i = 0; i < count; i++)
        require(categories[i].n > 0 && categories[i].n < USERS_NAME_BYTES);
    struct click_page page = click_event_page(event, arena);
    const struct config_placement *placement = placement_find(set, event, &page);
    if (placement)
        check_request(placement, event, &page, arena);
}

static void read_event(struct str text, const struct placement_set *set, struct arena_pool *pool) {
    struct arena arena;
    struct click_event event;
    struct json_error error = {"", ""};
    arena_init(&arena, pool, 1 << 20);
    if (click_event_read(text, &rules, &arena, &event, &error) == 0)
        check_event(&event, set, &arena);
    else
        require(error.reason[0] != '\0' && memchr(error.path, '\0', sizeof error.path) != NULL);
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct config config = {.placements = placements, .placement_count = COUNT_OF(placements)};
    static struct placement_set *set;
    struct str text = {(const char *)data, size}, event;
    struct arena_pool pool;
    struct click_body body;
    struct json_error error = {"", ""};
    if (!set)
        set = placement_set_create(&config);
    require(set != NULL);
    arena_pool_init(&pool, 4);
    if (click_body_read(text, &body, &error) == 0) {
        uint32_t count = 0;
        for (; click_body_next(&body, &event); count++) {
            require(event.p >= text.p && event.n <= (size_t)(text.p + text.n - event.p));
            read_event(event, set, &pool);
        }
        require(count == body.count);
    } else {
        require(error.reason[0] != '\0');
        read_event(text, set, &pool);
    }
    require(pool.in_use_bytes == 0);
    arena_pool_cleanup(&pool);
    return 0;
}
