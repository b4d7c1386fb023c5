/* The request's ext, and in it what Prebid's publishers send: the types and values that Prebid Server
 * documents. */
#include <stdio.h>

#include "openrtb/openrtb_schema.h"

/* ---- targeting: how prices become buckets ---- */

struct price_range {
    double min, max, increment;
};

struct granularity {
    struct price_range *ranges;
    size_t range_count;
};

static const struct json_field range_fields[] = {
    JSON_NUMBER("min", JSON_FLOAT, offsetof(struct price_range, min), 0, 0, INT32_MAX),
    JSON_NUMBER("max", JSON_FLOAT, offsetof(struct price_range, max), JSON_REQUIRED, 0, INT32_MAX),
    JSON_NUMBER("increment", JSON_FLOAT, offsetof(struct price_range, increment),
                JSON_REQUIRED | JSON_POSITIVE, INT32_MIN, INT32_MAX),
};
JSON_OBJECT_LOCAL(range, range_fields, .size = sizeof(struct price_range));

static const struct json_field granularity_fields[] = {
    JSON_NUMBER("precision", JSON_INT, JSON_NOT_KEPT, 0, 0, 15),
    JSON_FIELD("ranges", JSON_OBJECTS, offsetof(struct granularity, ranges), JSON_REQUIRED | JSON_NONEMPTY,
               .object = &range),
};

static bool check_granularity(struct json_reader *reader, void *target) {
    const struct granularity *granularity = target;
    double last = 0;
    for (size_t i = 0; i < granularity->range_count; i++) {
        if (granularity->ranges[i].max <= last) {
            char member[48];
            snprintf(member, sizeof(member), "ranges[%zu].max", i);
            return json_fail(reader, member, "must be above the range before");
        }
        last = granularity->ranges[i].max;
    }
    return true;
}
JSON_OBJECT_LOCAL(granularity, granularity_fields, .size = sizeof(struct granularity),
                  .check = check_granularity);

static bool check_granularity_name(struct json_reader *reader, struct str value) {
    static const struct str names[] = {STR_INIT(""),       STR_INIT("low"),  STR_INIT("med"),
                                       STR_INIT("medium"), STR_INIT("high"), STR_INIT("auto"),
                                       STR_INIT("dense")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq(names[i], value))
            return true;
    return json_fail_value(reader, "must be low, medium, high, auto, dense or an object");
}
#define GRANULARITY(name)                                                                                    \
    JSON_FIELD(name, JSON_STRING, JSON_NOT_KEPT, JSON_OR_OBJECT, .object = &granularity,                     \
               .check = check_granularity_name)

static const struct json_field media_granularity_fields[] = {
    GRANULARITY("banner"),
    GRANULARITY("video"),
    GRANULARITY("native"),
};
JSON_OBJECT_LOCAL(media_granularity, media_granularity_fields);

struct targeting {
    bool winners, bidder_keys;
};

static const struct json_field targeting_fields[] = {
    GRANULARITY("pricegranularity"),
    OBJECT("mediatypepricegranularity", &media_granularity),
    JSON_FIELD("includewinners", JSON_BOOL, offsetof(struct targeting, winners), 0),
    JSON_FIELD("includebidderkeys", JSON_BOOL, offsetof(struct targeting, bidder_keys), 0),
    OBJECT("includebrandcategory", NULL),
    BOOLEAN("preferdeals"),
    BOOLEAN("appendbiddernames"),
    INTEGERS("durationrangesec"),
};
static const struct targeting targeting_initial = {true, true};

static bool check_targeting(struct json_reader *reader, void *target) {
    const struct targeting *targeting = target;
    return targeting->winners || targeting->bidder_keys ||
           json_fail(reader, NULL, "must enable includewinners or includebidderkeys");
}
JSON_OBJECT_LOCAL(targeting, targeting_fields, .size = sizeof(struct targeting),
                  .initial = &targeting_initial, .check = check_targeting);

/* ---- objects whose members are named by their sender ---- */

/* A map whose members a check wants to see. */
#define MAP_CHECKED(name_, field_, check_)                                                                   \
    JSON_MAP_LOCAL(name_, field_, .size = sizeof(struct json_members), .keeps_members = true,                \
                   .check = (check_))

static const struct json_field factor =
    JSON_NUMBER("", JSON_FLOAT, JSON_NOT_KEPT, JSON_POSITIVE, INT32_MIN, INT32_MAX);
JSON_MAP_LOCAL(factors, &factor);
static const struct json_field factors_of_media = OBJECT("", &factors);
JSON_MAP_LOCAL(media_factors, &factors_of_media);
static const struct json_field bid_adjustment_fields[] = {OBJECT("mediatypes", &media_factors)};
JSON_OBJECT_LOCAL(bid_adjustments, bid_adjustment_fields, .rest = &factor);

static bool check_aliases(struct json_reader *reader, void *target) {
    const struct json_members *members = target;
    for (size_t i = 0; i < members->count; i++) {
        struct str value = members->items[i].value;
        struct str bare = {value.p + 1, value.n >= 2 ? value.n - 2 : 0};
        if (str_eq(bare, members->items[i].key))
            return json_fail(reader, NULL, "must not name an alias for itself");
    }
    return true;
}
static const struct json_field alias = JSON_FIELD("", JSON_STRING, JSON_NOT_KEPT, JSON_NONEMPTY);
MAP_CHECKED(aliases, &alias, check_aliases);
#define PREBID_AT(member) offsetof(struct openrtb_draft, prebid.member)

static const struct json_field vendor_id = JSON_NUMBER("", JSON_INT, JSON_NOT_KEPT, 0, 1, INT32_MAX);
JSON_MAP_LOCAL(vendor_ids, &vendor_id, .keeps_members = true);

static bool check_currencies(struct json_reader *reader, void *target) {
    const struct json_members *members = target;
    for (size_t i = 0; i < members->count; i++)
        if (!openrtb_is_currency(members->items[i].key))
            return json_fail(reader, NULL, "must name currencies of three letters");
    return true;
}
MAP_CHECKED(rates_to, &factor, check_currencies);
static const struct json_field rates_from_one = OBJECT("", &rates_to);
MAP_CHECKED(rates, &rates_from_one, check_currencies);

static const struct json_field currency_fields[] = {OBJECT("rates", &rates), BOOLEAN("usepbsrates")};
JSON_OBJECT_LOCAL(currency, currency_fields);

/* ---- the rest of ext.prebid ---- */

static const struct json_field stored_request_fields[] = {TEXT_REQUIRED("id")};
JSON_OBJECT_SHARED(openrtb_schema_stored_request, stored_request_fields);

static bool check_cache(struct json_reader *reader, void *target) {
    (void)target;
    return json_present(reader) != 0 || json_fail(reader, NULL, "must have bids or vastxml");
}
static const struct json_field cache_fields[] = {OBJECT("bids", NULL), OBJECT("vastxml", NULL)};
JSON_OBJECT_LOCAL(cache, cache_fields, .check = check_cache);

/* Names that are compared each with each, whatever the lists' limits. */
#define NAMES_MAX 1024

/* Whether names[i] is among those before it. */
static bool is_repeated(const struct str_list *names, size_t i) {
    const struct str_list before = {names->items, i};
    return str_list_has(&before, names->items[i]);
}

/* A bidder has one chain, or nobody could say which is true. */
static bool check_bidder_chain(struct json_reader *reader, void *target) {
    struct openrtb_prebid *prebid = &((struct openrtb_draft *)target)->prebid;
    if (prebid->chained.count > NAMES_MAX)
        return json_fail(reader, "bidders", "are more than %d in all schains", NAMES_MAX);
    for (; prebid->chains_checked < prebid->chained.count; prebid->chains_checked++)
        if (is_repeated(&prebid->chained, prebid->chains_checked))
            return json_fail(reader, "bidders", "must not name a bidder that has a schain already");
    return true;
}
static const struct json_field bidder_chain_fields[] = {
    JSON_FIELD("bidders", JSON_STRINGS, PREBID_AT(chained), 0),
    OBJECT("schain", &openrtb_schema_supply_chain),
};
JSON_OBJECT_LOCAL(bidder_chain, bidder_chain_fields, .check = check_bidder_chain);

static const struct json_field eid_permission_fields[] = {
    JSON_FIELD("source", JSON_STRING, 0, JSON_REQUIRED | JSON_NONEMPTY),
    JSON_FIELD("bidders", JSON_STRINGS, JSON_NOT_KEPT, JSON_REQUIRED | JSON_NONEMPTY),
};
JSON_OBJECT_LOCAL(eid_permission, eid_permission_fields, .size = sizeof(struct str));

static bool check_prebid_data(struct json_reader *reader, void *target) {
    const struct str_list *sources = &((struct openrtb_draft *)target)->prebid.eid_sources;
    if (sources->count > NAMES_MAX)
        return json_fail(reader, "eidpermissions", "are more than %d", NAMES_MAX);
    for (size_t i = 0; i < sources->count; i++)
        if (is_repeated(sources, i)) {
            char member[48];
            snprintf(member, sizeof(member), "eidpermissions[%zu].source", i);
            return json_fail(reader, member, "has a permission already");
        }
    return true;
}
static const struct json_field prebid_data_fields[] = {
    TEXTS("bidders"),
    JSON_FIELD("eidpermissions", JSON_OBJECTS, PREBID_AT(eid_sources), 0, .object = &eid_permission),
};
JSON_OBJECT_LOCAL(prebid_data, prebid_data_fields, .check = check_prebid_data);

static const struct json_field channel_fields[] = {TEXT_REQUIRED("name"), TEXT("version")};
JSON_OBJECT_LOCAL(channel, channel_fields);

static const struct json_field multi_bid_fields[] = {
    TEXT("bidder"),
    TEXTS("bidders"),
    INTEGER("maxbids"),
    TEXT("targetbiddercodeprefix"),
};
JSON_OBJECT_LOCAL(multi_bid, multi_bid_fields);

static bool check_prebid(struct json_reader *reader, void *target) {
    const struct openrtb_prebid *prebid = &((struct openrtb_draft *)target)->prebid;
    if (prebid->nosale.count > 1 && str_list_has(&prebid->nosale, STR("*")))
        return json_fail(reader, "nosale", "must not name others beside \"*\"");
    for (size_t i = 0; i < prebid->aliasgvlids.count; i++)
        if (!json_members_find(&prebid->aliases, prebid->aliasgvlids.items[i].key))
            return json_fail(reader, "aliasgvlids", "must name aliases only");
    return true;
}
static const struct json_field prebid_fields[] = {
    JSON_FIELD("aliases", JSON_OBJECT, PREBID_AT(aliases), JSON_INLINE, .object = &aliases),
    JSON_FIELD("aliasgvlids", JSON_OBJECT, PREBID_AT(aliasgvlids), JSON_INLINE, .object = &vendor_ids),
    OBJECT("bidadjustmentfactors", &bid_adjustments),
    OBJECT("cache", &cache),
    OBJECT("channel", &channel),
    OBJECT("currency", &currency),
    OBJECT_INTO("data", &prebid_data),
    TEXT("integration"),
    OBJECTS("multibid", &multi_bid),
    JSON_FIELD("nosale", JSON_STRINGS, PREBID_AT(nosale), 0),
    JSON_FIELD("returnallbids", JSON_BOOL, offsetof(struct openrtb_request, returnallbids), 0),
    JSON_FIELD("schains", JSON_OBJECTS, 0, JSON_INLINE, .object = &bidder_chain),
    OBJECT("storedrequest", &openrtb_schema_stored_request),
    BOOLEAN("supportdeals"),
    OBJECT("targeting", &targeting),
};
JSON_OBJECT_LOCAL(prebid, prebid_fields, .check = check_prebid);

static const struct json_field ext_fields[] = {
    TEXTS_AT("bcrid", struct openrtb_request, bcrid),
    OBJECT_INTO("prebid", &prebid),
    OBJECT("schain", &openrtb_schema_supply_chain),
};
JSON_OBJECT_SHARED(openrtb_schema_ext, ext_fields, .keeps_members = true,
                   .members_offset = offsetof(struct openrtb_request, ext));
