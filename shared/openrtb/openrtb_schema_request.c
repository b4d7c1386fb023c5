/* BidRequest (3.2.1), Source (3.2.2), Regs (3.2.3), SupplyChain (3.2.25) and its nodes (3.2.26). */
#include <stdio.h>

#include "openrtb/openrtb_schema.h"

static const struct json_field node_fields[] = {
    TEXT_REQUIRED("asi"), TEXT_REQUIRED("sid"), TEXT("rid"), TEXT("name"), TEXT("domain"), BIT("hp"), EXT,
};
JSON_OBJECT_LOCAL(node, node_fields);

static const struct json_field supply_chain_fields[] = {
    JSON_NUMBER("complete", JSON_INT, JSON_NOT_KEPT, JSON_REQUIRED, 0, 1),
    JSON_FIELD("nodes", JSON_OBJECTS, JSON_NOT_KEPT, JSON_REQUIRED, .object = &node),
    JSON_FIELD("ver", JSON_STRING, JSON_NOT_KEPT, JSON_REQUIRED),
    EXT,
};
JSON_OBJECT_SHARED(openrtb_schema_supply_chain, supply_chain_fields);

/* OpenRTB 2.5 has the supply chain here. */
static const struct json_field source_ext_fields[] = {OBJECT("schain", &openrtb_schema_supply_chain)};
JSON_OBJECT_LOCAL(source_ext, source_ext_fields);

static const struct json_field source_fields[] = {
    BIT("fd"),
    TEXT_AT("tid", struct openrtb_request, source_tid),
    TEXT("pchain"),
    OBJECT("schain", &openrtb_schema_supply_chain),
    OBJECT("ext", &source_ext),
};
JSON_OBJECT_LOCAL(source, source_fields);

/* Digital Services Act transparency (IAB's community extension). */
static const struct json_field dsa_party_fields[] = {TEXT("domain"), INTEGERS("dsaparams")};
JSON_OBJECT_LOCAL(dsa_party, dsa_party_fields);

static const struct json_field dsa_fields[] = {
    NATURAL("dsarequired"),
    NATURAL("pubrender"),
    NATURAL("datatopub"),
    OBJECTS("transparency", &dsa_party),
};
JSON_OBJECT_LOCAL(dsa, dsa_fields);

/* OpenRTB 2.5 has the privacy signals here. */
static const struct json_field regs_ext_fields[] = {
    OBJECT("dsa", &dsa), BIT_AT("gdpr", struct openrtb_draft, ext_gdpr), TEXT("us_privacy"), TEXT("gpp"),
    INTEGERS("gpp_sid"),
};
JSON_OBJECT_LOCAL(regs_ext, regs_ext_fields);

static const struct json_field regs_fields[] = {
    BIT_AT("coppa", struct openrtb_request, coppa),
    BIT_AT("gdpr", struct openrtb_request, gdpr),
    TEXT("us_privacy"),
    TEXT("gpp"),
    INTEGERS("gpp_sid"),
    OBJECT_INTO("ext", &regs_ext),
};
JSON_OBJECT_LOCAL(regs, regs_fields);

bool openrtb_is_currency(struct str value) {
    if (value.n != 3)
        return false;
    for (size_t i = 0; i < 3; i++)
        if ((unsigned)((value.p[i] | 0x20) - 'a') > 25)
            return false;
    return true;
}

bool openrtb_check_currency(struct json_reader *reader, struct str value) {
    return value.n == 0 || openrtb_is_currency(value) ||
           json_fail_value(reader, "must be a currency of three letters");
}

static bool check_imp_ids(struct json_reader *reader, const struct openrtb_request *request) {
    for (size_t i = 1; i < request->imp_count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(request->imps[i].id, request->imps[j].id)) {
                char member[48];
                snprintf(member, sizeof(member), "imp[%zu].id", i);
                return json_fail(reader, member, "is the id of imp[%zu] too", j);
            }
    return true;
}

enum request_field {
    REQUEST_ID,
    REQUEST_IMP,
    REQUEST_SITE,
    REQUEST_APP,
    REQUEST_DOOH,
    REQUEST_DEVICE,
    REQUEST_OTHERS
};

static bool check_request(struct json_reader *reader, void *target) {
    struct openrtb_draft *draft = target;
    struct openrtb_request *request = &draft->request;
    uint64_t present = json_present(reader);
    bool site = present >> REQUEST_SITE & 1, app = present >> REQUEST_APP & 1,
         dooh = present >> REQUEST_DOOH & 1;
    if (site + app + dooh == 0)
        return json_fail(reader, NULL, "must have a site, an app or a dooh");
    if (site + app + dooh > 1)
        return json_fail(reader, NULL, "must have only one of site, app and dooh");
    request->channel = site ? OPENRTB_SITE : app ? OPENRTB_APP : OPENRTB_DOOH;
    request->has_device = present >> REQUEST_DEVICE & 1;
    return check_imp_ids(reader, request);
}

static const struct json_field request_fields[] = {
    [REQUEST_ID] =
        JSON_FIELD("id", JSON_STRING, offsetof(struct openrtb_request, id), JSON_REQUIRED | JSON_NONEMPTY),
    [REQUEST_IMP] = JSON_FIELD("imp", JSON_OBJECTS, offsetof(struct openrtb_request, imps),
                               JSON_REQUIRED | JSON_NONEMPTY | JSON_LISTED, .object = &openrtb_schema_imp),
    [REQUEST_SITE] = OBJECT_INTO("site", &openrtb_schema_site),
    [REQUEST_APP] = OBJECT_INTO("app", &openrtb_schema_app),
    [REQUEST_DOOH] = OBJECT_INTO("dooh", &openrtb_schema_dooh),
    [REQUEST_DEVICE] = OBJECT_INTO("device", &openrtb_schema_device),
    [REQUEST_OTHERS] = OBJECT_INTO("user", &openrtb_schema_user),
    JSON_FIELD("test", JSON_FLAG, offsetof(struct openrtb_request, test), 0),
    JSON_NUMBER("at", JSON_INT, offsetof(struct openrtb_request, at), JSON_OR_500, 1, 3),
    NATURAL_AT("tmax", struct openrtb_request, tmax),
    TEXTS_AT("wseat", struct openrtb_request, wseat),
    TEXTS_AT("bseat", struct openrtb_request, bseat),
    JSON_FIELD("allimps", JSON_FLAG, offsetof(struct openrtb_request, allimps), 0),
    JSON_FIELD("cur", JSON_STRINGS, offsetof(struct openrtb_request, cur), 0,
               .check = openrtb_check_currency),
    TEXTS_AT("wlang", struct openrtb_request, wlang),
    TEXTS_AT("wlangb", struct openrtb_request, wlangb),
    TEXTS("acat"),
    TEXTS_AT("bcat", struct openrtb_request, bcat),
    NATURAL_AT("cattax", struct openrtb_request, cattax),
    TEXTS_AT("badv", struct openrtb_request, badv),
    TEXTS_AT("bapp", struct openrtb_request, bapp),
    OBJECT_INTO("source", &source),
    OBJECT_INTO("regs", &regs),
    OBJECT_INTO("ext", &openrtb_schema_ext),
};
JSON_OBJECT_SHARED(openrtb_schema_request, request_fields, .keeps_members = true,
                   .members_offset = offsetof(struct openrtb_request, members), .check = check_request);
