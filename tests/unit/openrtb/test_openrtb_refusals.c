/* Each thing that the reader of requests refuses, with the path and the reason it gives; and what it accepts.
 */
#include "openrtb_fixture.h"

#include <string.h>

struct refusal {
    const char *text, *path, *reason;
};

static void check_refusals(struct fixture *fixture, const struct refusal *refusals, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (fixture_parse(fixture, str_from(refusals[i].text)) == 0)
            fail_msg("accepted: %s", refusals[i].text);
        if (strcmp(fixture->error.path, refusals[i].path) != 0 ||
            strncmp(fixture->error.reason, refusals[i].reason, strlen(refusals[i].reason)) != 0)
            fail_msg("%s\n  refused: \"%s\" %s\n  not:     \"%s\" %s", refusals[i].text, fixture->error.path,
                     fixture->error.reason, refusals[i].path, refusals[i].reason);
    }
}
#define CHECK_REFUSALS(refusals) check_refusals(*state, refusals, COUNT_OF(refusals))

static void check_accepted(struct fixture *fixture, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (fixture_parse(fixture, str_from(texts[i])) != 0)
            fail_msg("refused: %s: %s: %s", texts[i], fixture->error.path, fixture->error.reason);
}
#define CHECK_ACCEPTED(texts) check_accepted(*state, texts, COUNT_OF(texts))

static void the_request_itself(void **state) {
    static const struct refusal refusals[] = {
        {"null", "", "must be an object"},
        {"{}", "id", "is required"},
        {"{\"id\":\"\"}", "id", "must not be empty"},
        {"{\"id\":null,\"imp\":[{\"id\":\"1\"," BANNER "}]," SITE "}", "id", "is required"},
        {"{\"id\":1}", "id", "must be a string"},
        {"{\"id\":\"r\"," SITE "}", "imp", "is required"},
        {"{\"id\":\"r\",\"imp\":{}," SITE "}", "imp", "must be a list of objects"},
        {IMPS(""), "imp", "must not be empty"},
        {IMPS("null"), "imp[0]", "must be an object"},
        {IMPS("{\"id\":\"1\"," BANNER "},{\"id\":\"1\"," BANNER "}"), "imp[1].id", "is the id of imp[0] too"},
        {WITH("\"id\":\"s\""), "id", "duplicate key"},
        {WITH("\"tmax\":-1"), "tmax", "must be >= 0"},
        {WITH("\"tmax\":1.5"), "tmax", "must be an integer"},
        {WITH("\"tmax\":3000000000"), "tmax", "is out of range"},
        {WITH("\"tmax\":\"100\""), "tmax", "must be an integer"},
        {WITH("\"at\":0"), "at", "must be between 1 and 3, or 500 and above"},
        {WITH("\"at\":4"), "at", "must be between 1 and 3, or 500 and above"},
        {WITH("\"at\":499"), "at", "must be between 1 and 3, or 500 and above"},
        {WITH("\"test\":2"), "test", "must be 0 or 1"},
        {WITH("\"test\":true"), "test", "must be 0 or 1"},
        {WITH("\"allimps\":-1"), "allimps", "must be 0 or 1"},
        {WITH("\"cur\":[\"USD\",\"euro\"]"), "cur[1]", "must be a currency of three letters"},
        {WITH("\"cur\":[\"U$D\"]"), "cur[0]", "must be a currency of three letters"},
        {WITH("\"cur\":\"USD\""), "cur", "must be a list of strings"},
        {WITH("\"wseat\":[1]"), "wseat[0]", "must be a string"},
        {WITH("\"bcat\":[\"IAB1\",{}]"), "bcat[1]", "must be a string"},
        {WITH("\"cattax\":-1"), "cattax", "must be >= 0"},
        {WITH("\"ext\":[]"), "ext", "must be an object"},
        {WITH("\"ext\":{\"a\":{\"b\":[0,{\"c\":1,\"c\":2}]}}"), "ext.a.b[1].c", "duplicate key"},
        {WITH("\"x\":1,\"x\":1"), "x", "duplicate key"},
    };
    static const char *const accepted[] = {
        WITH("\"at\":500"),
        WITH("\"at\":3"),
        WITH("\"at\":1.0"),
        WITH("\"tmax\":0"),
        WITH("\"tmax\":1e3"),
        WITH("\"cur\":[]"),
        WITH("\"cur\":null,\"ext\":null,\"device\":null,\"user\":null,\"tmax\":null"),
        WITH("\"ext\":{}"),
        WITH("\"cattax\":99"),
        WITH("\"app\":null"),
        WITH("\"unknown\":{\"id\":[]}"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

static void site_app_and_dooh(void **state) {
#define CHANNELS(members) "{\"id\":\"r\",\"imp\":[{\"id\":\"1\"," BANNER "}]" members "}"
    static const struct refusal refusals[] = {
        {CHANNELS(""), "", "must have a site, an app or a dooh"},
        {CHANNELS(",\"site\":null"), "", "must have a site, an app or a dooh"},
        {CHANNELS(",\"app\":{}," SITE), "", "must have only one of site, app and dooh"},
        {CHANNELS(",\"app\":{},\"dooh\":{\"id\":\"1\"}"), "", "must have only one of site, app and dooh"},
        {CHANNELS(",\"site\":{}"), "site", "must have an id or a page"},
        {CHANNELS(",\"site\":{\"id\":\"\",\"page\":\"\"}"), "site", "must have an id or a page"},
        {CHANNELS(",\"site\":[]"), "site", "must be an object"},
        {CHANNELS(",\"site\":{\"id\":7}"), "site.id", "must be a string"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"mobile\":2}"), "site.mobile", "must be 0 or 1"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"ext\":{\"amp\":2}}"), "site.ext.amp", "must be 0 or 1"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"ext\":\"\"}"), "site.ext", "must be an object"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"publisher\":{\"cat\":\"IAB1\"}}"), "site.publisher.cat",
         "must be a list of strings"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"content\":{\"len\":-1}}"), "site.content.len", "must be >= 0"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"content\":{\"producer\":{\"id\":1}}}"),
         "site.content.producer.id", "must be a string"},
        {CHANNELS(",\"site\":{\"id\":\"7\",\"content\":{\"data\":[{\"segment\":[{\"value\":1}]}]}}"),
         "site.content.data[0].segment[0].value", "must be a string"},
        {CHANNELS(",\"app\":{\"paid\":7}"), "app.paid", "must be 0 or 1"},
        {CHANNELS(",\"app\":{\"ext\":{\"prebid\":{\"version\":2}}}"), "app.ext.prebid.version",
         "must be a string"},
        {CHANNELS(",\"dooh\":{}"), "dooh", "must have an id or a venuetype"},
        {CHANNELS(",\"dooh\":{\"venuetype\":[]}"), "dooh", "must have an id or a venuetype"},
        {CHANNELS(",\"dooh\":{\"venuetype\":\"a\"}"), "dooh.venuetype", "must be a list of strings"},
    };
    static const char *const accepted[] = {
        CHANNELS(",\"app\":{}"),
        CHANNELS(",\"site\":{\"id\":\"1\"}"),
        CHANNELS(",\"site\":{\"id\":\"1\",\"ext\":{\"amp\":1}}"),
        CHANNELS(",\"dooh\":{\"venuetype\":[\"airport\"]}"),
        CHANNELS(",\"dooh\":{\"id\":\"1\",\"venuetypetax\":1}"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

static void imps_and_deals(void **state) {
    static const struct refusal refusals[] = {
        {IMPS("{}"), "imp[0].id", "is required"},
        {IMPS("{\"id\":\"\"," BANNER "}"), "imp[0].id", "must not be empty"},
        {IMPS("{\"id\":\"1\"}"), "imp[0]", "must have a banner, a video, an audio or a native"},
        {IMP("\"banner\":null"), "imp[0]", "must have a banner, a video, an audio or a native"},
        {IMP(BANNER ",\"bidfloor\":-0.01"), "imp[0].bidfloor", "must be >= 0"},
        {IMP(BANNER ",\"bidfloor\":\"1\""), "imp[0].bidfloor", "must be a number"},
        {IMP(BANNER ",\"bidfloor\":1e999"), "imp[0].bidfloor", "is out of range"},
        {IMP(BANNER ",\"bidfloorcur\":\"dollars\""), "imp[0].bidfloorcur",
         "must be a currency of three letters"},
        {IMP(BANNER ",\"secure\":2"), "imp[0].secure", "must be 0 or 1"},
        {IMP(BANNER ",\"instl\":2"), "imp[0].instl", "must be 0 or 1"},
        {IMP(BANNER ",\"rwdd\":-1"), "imp[0].rwdd", "must be 0 or 1"},
        {IMP(BANNER ",\"exp\":-1"), "imp[0].exp", "must be >= 0"},
        {IMP(BANNER ",\"metric\":[{\"value\":1}]"), "imp[0].metric[0].type", "is required"},
        {IMP(BANNER ",\"qty\":{}"), "imp[0].qty.multiplier", "is required"},
        {IMP(BANNER ",\"refresh\":{\"refsettings\":[{\"minint\":-1}]}"),
         "imp[0].refresh.refsettings[0].minint", "must be >= 0"},
        {IMP(BANNER ",\"pmp\":{\"deals\":[{}]}"), "imp[0].pmp.deals[0].id", "is required"},
        {IMP(BANNER ",\"pmp\":{\"deals\":[{\"id\":\"1\"},{\"id\":\"\"}]}"), "imp[0].pmp.deals[1].id",
         "must not be empty"},
        {IMP(BANNER ",\"pmp\":{\"deals\":[{\"id\":\"1\",\"bidfloor\":-1}]}"), "imp[0].pmp.deals[0].bidfloor",
         "must be >= 0"},
        {IMP(BANNER ",\"pmp\":{\"private_auction\":2}"), "imp[0].pmp.private_auction", "must be 0 or 1"},
        {IMP(BANNER ",\"pmp\":[]"), "imp[0].pmp", "must be an object"},
        {IMP(BANNER ",\"ext\":\"\""), "imp[0].ext", "must be an object"},
        {IMP(BANNER ",\"ext\":{\"foo\":1,\"bar\":2,\"foo\":3}"), "imp[0].ext.foo", "duplicate key"},
        {IMP(BANNER ",\"ext\":{\"prebid\":1}"), "imp[0].ext.prebid", "must be an object"},
        {IMP(BANNER ",\"ext\":{\"prebid\":{\"bidder\":[]}}"), "imp[0].ext.prebid.bidder",
         "must be an object"},
        {IMP(BANNER ",\"ext\":{\"prebid\":{\"bidder\":{\"a\":1}}}"), "imp[0].ext.prebid.bidder.a",
         "must be an object"},
        {IMP(BANNER ",\"ext\":{\"prebid\":{\"storedrequest\":{\"id\":\"\"}}}"),
         "imp[0].ext.prebid.storedrequest.id", "must not be empty"},
        {IMP(BANNER ",\"ext\":{\"prebid\":{\"storedbidresponse\":[{\"bidder\":\"a\"}]}}"),
         "imp[0].ext.prebid.storedbidresponse[0].id", "is required"},
        {IMP(BANNER ",\"ext\":{\"prebid\":{\"storedauctionresponse\":{}}}"),
         "imp[0].ext.prebid.storedauctionresponse.id", "is required"},
    };
    static const char *const accepted[] = {
        IMP(BANNER ",\"bidfloor\":0,\"bidfloorcur\":\"\",\"secure\":1"),
        IMP(BANNER ",\"pmp\":{\"deals\":[]}"),
        IMP(BANNER ",\"ext\":{\"prebid\":{\"bidder\":{}}}"),
        IMP(BANNER ",\"metric\":[{\"type\":\"viewability\",\"value\":0.85}]"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

static void banners_and_formats(void **state) {
#define FORMAT(members) IMP("\"banner\":{\"format\":[{\"w\":1,\"h\":1},{" members "}]}")
    static const char *const either = "must have either w and h, or wmin, wratio and hratio";
    static const char *const none = "has no sizes: w and h, or format";
    const struct refusal refusals[] = {
        {IMP("\"banner\":{}"), "imp[0].banner", none},
        {IMP("\"banner\":{\"w\":300}"), "imp[0].banner", none},
        {IMP("\"banner\":{\"w\":300,\"h\":0}"), "imp[0].banner", none},
        {IMP("\"banner\":{\"format\":[]}"), "imp[0].banner", none},
        {IMP("\"banner\":{\"w\":-1,\"h\":1}"), "imp[0].banner.w", "must be >= 0"},
        {IMP("\"banner\":{\"w\":1,\"h\":-1}"), "imp[0].banner.h", "must be >= 0"},
        {IMP("\"banner\":{\"w\":\"1\"}"), "imp[0].banner.w", "must be an integer"},
        {IMP("\"banner\":{\"wmin\":1}"), "imp[0].banner.wmin", "is not supported, use banner.format"},
        {IMP("\"banner\":{\"wmax\":1}"), "imp[0].banner.wmax", "is not supported, use banner.format"},
        {IMP("\"banner\":{\"hmin\":1}"), "imp[0].banner.hmin", "is not supported, use banner.format"},
        {IMP("\"banner\":{\"hmax\":1}"), "imp[0].banner.hmax", "is not supported, use banner.format"},
        {IMP("\"banner\":{\"topframe\":2}"), "imp[0].banner.topframe", "must be 0 or 1"},
        {IMP("\"banner\":{\"battr\":[1,\"2\"]}"), "imp[0].banner.battr[1]", "must be an integer"},
        {IMP("\"banner\":{\"mimes\":[null]}"), "imp[0].banner.mimes[0]", "must be a string"},
        {FORMAT(""), "imp[0].banner.format[1]", either},
        {FORMAT("\"w\":1,\"h\":1,\"wratio\":1"), "imp[0].banner.format[1]", either},
        {FORMAT("\"w\":1"), "imp[0].banner.format[1]", "must have w and h above 0"},
        {FORMAT("\"w\":0,\"h\":1"), "imp[0].banner.format[1]", "must have w and h above 0"},
        {FORMAT("\"wmin\":1,\"wratio\":1"), "imp[0].banner.format[1]",
         "must have wmin, wratio and hratio above 0"},
        {FORMAT("\"w\":1,\"h\":-1"), "imp[0].banner.format[1].h", "must be >= 0"},
        {FORMAT("\"w\":1,\"h\":1,\"hratio\":-1"), "imp[0].banner.format[1].hratio", "must be >= 0"},
    };
    static const char *const accepted[] = {
        FORMAT("\"wmin\":1,\"wratio\":16,\"hratio\":9"),
        FORMAT("\"w\":1,\"h\":1,\"wmin\":0,\"wratio\":0,\"hratio\":0"),
        IMP("\"banner\":{\"wmin\":0,\"hmax\":null,\"w\":1,\"h\":1}"),
        IMP("\"instl\":1,\"banner\":{}"),
        IMP("\"banner\":{},\"instl\":1"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

static void videos_and_audios(void **state) {
#define VIDEO(members) IMP("\"video\":{\"mimes\":[\"video/mp4\"]," members "}")
#define AUDIO(members) IMP("\"audio\":{\"mimes\":[\"audio/mp4\"]," members "}")
    static const struct refusal refusals[] = {
        {IMP("\"video\":{}"), "imp[0].video.mimes", "is required"},
        {IMP("\"video\":{\"mimes\":[]}"), "imp[0].video.mimes", "must not be empty"},
        {IMP("\"video\":{\"mimes\":null}"), "imp[0].video.mimes", "is required"},
        {IMP("\"video\":{\"mimes\":\"video/mp4\"}"), "imp[0].video.mimes", "must be a list of strings"},
        {VIDEO("\"w\":-1"), "imp[0].video.w", "must be >= 0"},
        {VIDEO("\"h\":-1"), "imp[0].video.h", "must be >= 0"},
        {VIDEO("\"minbitrate\":-1"), "imp[0].video.minbitrate", "must be >= 0"},
        {VIDEO("\"maxbitrate\":-1"), "imp[0].video.maxbitrate", "must be >= 0"},
        {VIDEO("\"minduration\":-1"), "imp[0].video.minduration", "must be >= 0"},
        {VIDEO("\"maxduration\":-1"), "imp[0].video.maxduration", "must be >= 0"},
        {VIDEO("\"skip\":2"), "imp[0].video.skip", "must be 0 or 1"},
        {VIDEO("\"companionad\":[{\"w\":-1}]"), "imp[0].video.companionad[0].w", "must be >= 0"},
        {VIDEO("\"durfloors\":[{\"bidfloor\":-1}]"), "imp[0].video.durfloors[0].bidfloor", "must be >= 0"},
        {VIDEO("\"protocols\":2"), "imp[0].video.protocols", "must be a list of integers"},
        {IMP("\"audio\":{}"), "imp[0].audio.mimes", "is required"},
        {IMP("\"audio\":{\"mimes\":[]}"), "imp[0].audio.mimes", "must not be empty"},
        {AUDIO("\"sequence\":-1"), "imp[0].audio.sequence", "must be >= 0"},
        {AUDIO("\"maxseq\":-1"), "imp[0].audio.maxseq", "must be >= 0"},
        {AUDIO("\"minbitrate\":-1"), "imp[0].audio.minbitrate", "must be >= 0"},
        {AUDIO("\"maxbitrate\":-1"), "imp[0].audio.maxbitrate", "must be >= 0"},
        {AUDIO("\"stitched\":2"), "imp[0].audio.stitched", "must be 0 or 1"},
    };
    static const char *const accepted[] = {
        VIDEO("\"startdelay\":-2,\"maxextended\":-1,\"podseq\":-1,\"plcmt\":77"),
        VIDEO("\"companionad\":[{\"id\":\"a\"}]"),
        AUDIO("\"startdelay\":-1"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

static void people_and_devices(void **state) {
    static const struct refusal refusals[] = {
        {WITH("\"regs\":{\"gdpr\":2}"), "regs.gdpr", "must be 0 or 1"},
        {WITH("\"regs\":{\"coppa\":-1}"), "regs.coppa", "must be 0 or 1"},
        {WITH("\"regs\":{\"gpp_sid\":[\"2\"]}"), "regs.gpp_sid[0]", "must be an integer"},
        {WITH("\"regs\":{\"ext\":\"malformed\"}"), "regs.ext", "must be an object"},
        {WITH("\"regs\":{\"ext\":{\"gdpr\":2}}"), "regs.ext.gdpr", "must be 0 or 1"},
        {WITH("\"regs\":{\"ext\":{\"gdpr\":\"1\"}}"), "regs.ext.gdpr", "must be an integer"},
        {WITH("\"regs\":{\"ext\":{\"us_privacy\":1}}"), "regs.ext.us_privacy", "must be a string"},
        {WITH("\"user\":{\"ext\":{\"consent\":2}}"), "user.ext.consent", "must be a string"},
        {WITH("\"regs\":{\"ext\":{\"dsa\":{\"dsarequired\":\"1\"}}}"), "regs.ext.dsa.dsarequired",
         "must be an integer"},
        {WITH("\"regs\":{\"ext\":{\"dsa\":{\"transparency\":[{\"domain\":1}]}}}"),
         "regs.ext.dsa.transparency[0].domain", "must be a string"},
        {WITH("\"user\":{\"ext\":1}"), "user.ext", "must be an object"},
        {WITH("\"user\":{\"geo\":{\"accuracy\":-1}}"), "user.geo.accuracy", "must be >= 0"},
        {WITH("\"user\":{\"eids\":[{\"uids\":[{\"id\":\"a\"}]}]}"), "user.eids[0].source", "is required"},
        {WITH("\"user\":{\"eids\":[{\"source\":\"s\"}]}"), "user.eids[0].uids", "is required"},
        {WITH("\"user\":{\"eids\":[{\"source\":\"s\",\"uids\":[]}]}"), "user.eids[0].uids",
         "must not be empty"},
        {WITH("\"user\":{\"ext\":{\"eids\":[{\"source\":\"s\",\"uids\":[{}]}]}}"),
         "user.ext.eids[0].uids[0].id", "is required"},
        {WITH("\"user\":{\"ext\":{\"eids\":[{\"source\":\"\"}]}}"), "user.ext.eids[0].source",
         "must not be empty"},
        {WITH("\"user\":{\"ext\":{\"prebid\":{}}}"), "user.ext.prebid.buyeruids", "is required"},
        {WITH("\"user\":{\"ext\":{\"prebid\":{\"buyeruids\":{}}}}"), "user.ext.prebid.buyeruids",
         "must not be empty"},
        {WITH("\"user\":{\"ext\":{\"prebid\":{\"buyeruids\":{\"a\":1}}}}"), "user.ext.prebid.buyeruids.a",
         "must be a string"},
        {WITH("\"device\":{\"w\":-1}"), "device.w", "must be >= 0"},
        {WITH("\"device\":{\"h\":-1}"), "device.h", "must be >= 0"},
        {WITH("\"device\":{\"ppi\":-1}"), "device.ppi", "must be >= 0"},
        {WITH("\"device\":{\"dnt\":2}"), "device.dnt", "must be 0 or 1"},
        {WITH("\"device\":{\"geo\":{\"accuracy\":-1}}"), "device.geo.accuracy", "must be >= 0"},
        {WITH("\"device\":{\"geo\":{\"lat\":-90.5}}"), "device.geo.lat", "must be between -90 and 90"},
        {WITH("\"device\":{\"geo\":{\"lon\":181}}"), "device.geo.lon", "must be between -180 and 180"},
        {WITH("\"device\":{\"sua\":{\"browsers\":[{\"version\":[]}]}}"), "device.sua.browsers[0].brand",
         "is required"},
        {WITH("\"device\":{\"ext\":{\"prebid\":{\"interstitial\":{}}}}"),
         "device.ext.prebid.interstitial.minwidthperc", "is required"},
        {WITH("\"device\":{\"ext\":{\"prebid\":{\"interstitial\":{\"minwidthperc\":50}}}}"),
         "device.ext.prebid.interstitial.minheightperc", "is required"},
        {WITH("\"device\":{\"ext\":{\"prebid\":{\"interstitial\":{\"minwidthperc\":101}}}}"),
         "device.ext.prebid.interstitial.minwidthperc", "must be between 0 and 100"},
        {WITH("\"source\":{\"fd\":2}"), "source.fd", "must be 0 or 1"},
        {WITH("\"source\":{\"schain\":{\"ver\":\"1.0\",\"nodes\":[]}}"), "source.schain.complete",
         "is required"},
        {WITH("\"source\":{\"ext\":{\"schain\":{\"complete\":1,\"nodes\":[{\"asi\":\"a\"}],\"ver\":\"1.0\"}}"
              "}"),
         "source.ext.schain.nodes[0].sid", "is required"},
    };
    static const char *const accepted[] = {
        WITH("\"regs\":{\"gdpr\":null,\"ext\":{\"gdpr\":null}}"),
        WITH("\"user\":{\"eids\":[{\"source\":\"s\",\"uids\":[{\"id\":\"a\"}]},{\"source\":\"s\",\"uids\":[{"
             "\"id\":\"b\"}]}]}"),
        WITH("\"device\":{\"geo\":{\"lat\":90,\"lon\":-180.0}}"),
        WITH("\"device\":{\"ext\":{\"prebid\":{\"interstitial\":{\"minwidthperc\":0,\"minheightperc\":100}}}"
             "}"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

static void ext_prebid(void **state) {
#define PREBID(members)   WITH("\"ext\":{\"prebid\":{" members "}}")
#define GRANULES(members) PREBID("\"targeting\":{\"pricegranularity\":{" members "}}")
    static const struct refusal refusals[] = {
        {WITH("\"ext\":{\"prebid\":[]}"), "ext.prebid", "must be an object"},
        {PREBID("\"aliases\":{\"a\":1}"), "ext.prebid.aliases.a", "must be a string"},
        {PREBID("\"aliases\":{\"a\":\"a\"}"), "ext.prebid.aliases", "must not name an alias for itself"},
        {PREBID("\"aliasgvlids\":{\"a\":0}"), "ext.prebid.aliasgvlids.a", "must be >= 1"},
        {PREBID("\"bidadjustmentfactors\":{\"a\":0}"), "ext.prebid.bidadjustmentfactors.a", "must be > 0"},
        {PREBID("\"bidadjustmentfactors\":{\"a\":\"1\"}"), "ext.prebid.bidadjustmentfactors.a",
         "must be a number"},
        {PREBID("\"bidadjustmentfactors\":{\"mediatypes\":{\"banner\":{\"a\":-1}}}"),
         "ext.prebid.bidadjustmentfactors.mediatypes.banner.a", "must be > 0"},
        {PREBID("\"cache\":{}"), "ext.prebid.cache", "must have bids or vastxml"},
        {PREBID("\"cache\":{\"bids\":null}"), "ext.prebid.cache", "must have bids or vastxml"},
        {PREBID("\"cache\":{\"bids\":1}"), "ext.prebid.cache.bids", "must be an object"},
        {PREBID("\"storedrequest\":{}"), "ext.prebid.storedrequest.id", "is required"},
        {PREBID("\"storedrequest\":{\"id\":13}"), "ext.prebid.storedrequest.id", "must be a string"},
        {PREBID("\"returnallbids\":1"), "ext.prebid.returnallbids", "must be true or false"},
        {PREBID("\"currency\":{\"rates\":{\"dollar\":{\"EUR\":1}}}"), "ext.prebid.currency.rates",
         "must name currencies of three letters"},
        {PREBID("\"data\":{\"eidpermissions\":[{\"bidders\":[\"a\"]}]}"),
         "ext.prebid.data.eidpermissions[0].source", "is required"},
        {PREBID("\"data\":{\"eidpermissions\":[{\"source\":\"a\",\"bidders\":[]}]}"),
         "ext.prebid.data.eidpermissions[0].bidders", "must not be empty"},
        {PREBID("\"data\":{\"eidpermissions\":[{\"source\":\"a\",\"bidders\":[\"b\"]},{\"source\":\"a\","
                "\"bidders\":[\"c\"]}]}"),
         "ext.prebid.data.eidpermissions[1].source", "has a permission already"},
        {PREBID("\"schains\":[{\"bidders\":[\"a\",\"b\"]},{\"bidders\":[\"c\",\"a\"]}]"),
         "ext.prebid.schains[1].bidders", "must not name a bidder that has a schain already"},
        {PREBID("\"nosale\":[\"a\",\"*\"]"), "ext.prebid.nosale", "must not name others beside"},
        {PREBID("\"aliasgvlids\":{\"a\":1}"), "ext.prebid.aliasgvlids", "must name aliases only"},
        {PREBID("\"channel\":{}"), "ext.prebid.channel.name", "is required"},
        {PREBID("\"channel\":{\"name\":\"\"}"), "ext.prebid.channel.name", "must not be empty"},
        {PREBID("\"multibid\":{}"), "ext.prebid.multibid", "must be a list of objects"},
        {PREBID("\"multibid\":[{\"maxbids\":\"2\"}]"), "ext.prebid.multibid[0].maxbids",
         "must be an integer"},
        {PREBID("\"targeting\":{\"includewinners\":false,\"includebidderkeys\":false}"),
         "ext.prebid.targeting", "must enable includewinners or includebidderkeys"},
        {PREBID("\"targeting\":{\"pricegranularity\":\"fine\"}"), "ext.prebid.targeting.pricegranularity",
         "must be low, medium, high, auto, dense or an object"},
        {PREBID("\"targeting\":{\"pricegranularity\":1}"), "ext.prebid.targeting.pricegranularity",
         "must be a string or an object"},
        {GRANULES(""), "ext.prebid.targeting.pricegranularity.ranges", "is required"},
        {GRANULES("\"ranges\":[]"), "ext.prebid.targeting.pricegranularity.ranges", "must not be empty"},
        {GRANULES("\"precision\":-1"), "ext.prebid.targeting.pricegranularity.precision",
         "must be between 0 and 15"},
        {GRANULES("\"precision\":16"), "ext.prebid.targeting.pricegranularity.precision",
         "must be between 0 and 15"},
        {GRANULES("\"ranges\":[{\"max\":5,\"increment\":0}]"),
         "ext.prebid.targeting.pricegranularity.ranges[0].increment", "must be > 0"},
        {GRANULES("\"ranges\":[{\"max\":5,\"increment\":1},{\"max\":5,\"increment\":1}]"),
         "ext.prebid.targeting.pricegranularity.ranges[1].max", "must be above the range before"},
    };
    static const char *const accepted[] = {
        PREBID("\"aliasgvlids\":{\"a\":7},\"aliases\":{\"a\":\"b\"},\"bidadjustmentfactors\":{\"b\":0.9}"),
        PREBID("\"nosale\":[\"*\"],\"channel\":{\"name\":\"web\"},\"multibid\":[{\"bidder\":\"a\","
               "\"maxbids\":-1}]"),
        PREBID("\"schains\":[{\"bidders\":[\"a\"]},{\"bidders\":[\"b\"]},{}],\"nosale\":[\"a\",\"b\"]"),
        PREBID("\"cache\":{\"bids\":{},\"vastxml\":{\"returnCreative\":false}}"),
        PREBID("\"targeting\":{\"pricegranularity\":\"med\",\"includewinners\":false}"),
        GRANULES("\"precision\":2,\"ranges\":[{\"min\":0,\"max\":5,\"increment\":0.1},{\"max\":10,"
                 "\"increment\":1}]"),
        PREBID("\"currency\":{\"rates\":{\"USD\":{\"EUR\":0.9}},\"usepbsrates\":true}"),
        PREBID("\"debug\":1,\"unknown\":[]"),
    };
    CHECK_REFUSALS(refusals);
    CHECK_ACCEPTED(accepted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_itself), cmocka_unit_test(site_app_and_dooh),
        cmocka_unit_test(imps_and_deals),     cmocka_unit_test(banners_and_formats),
        cmocka_unit_test(videos_and_audios),  cmocka_unit_test(people_and_devices),
        cmocka_unit_test(ext_prebid),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
