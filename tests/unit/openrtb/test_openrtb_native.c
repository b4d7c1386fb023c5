/* The JSON inside imp.native.request, written here with ' for " and wrapped as a request carries it. */
#include "openrtb_fixture.h"

#include <stdio.h>
#include <string.h>

static int parse_native(struct fixture *fixture, const char *inner) {
    char text[2048];
    size_t n = (size_t)snprintf(text, sizeof(text),
                                "{\"id\":\"r\"," SITE ",\"imp\":[{\"id\":\"1\",\"native\":{\"request\":\"");
    for (const char *p = inner; *p; p++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%c", *p == '\'' ? "\\" : "",
                              *p == '\'' ? '"' : *p);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "\"}}]}");
    assert_true(n < sizeof(text));
    return fixture_parse(fixture, (struct str){text, n});
}

static void refused(void **state, const char *inner, const char *path, const char *reason) {
    struct fixture *fixture = *state;
    char whole[160];
    if (parse_native(fixture, inner) == 0)
        fail_msg("accepted: %s", inner);
    snprintf(whole, sizeof(whole), "imp[0].native.request%s%s", path[0] ? "." : "", path);
    if (strcmp(fixture->error.path, whole) != 0 ||
        strncmp(fixture->error.reason, reason, strlen(reason)) != 0)
        fail_msg("%s\n  refused: %s %s\n  not:     %s %s", inner, fixture->error.path, fixture->error.reason,
                 whole, reason);
}

static void accepted(void **state, const char *inner) {
    struct fixture *fixture = *state;
    if (parse_native(fixture, inner) != 0)
        fail_msg("refused: %s: %s: %s", inner, fixture->error.path, fixture->error.reason);
}

#define ASSETS(assets)    "{'assets':[" assets "]}"
#define TITLE             "{'title':{'len':90}}"
#define AND_TITLE(member) "{" member ",'assets':[" TITLE "]}"

static void the_request(void **state) {
    refused(state, "test", "", "is not JSON near byte");
    refused(state, "[]", "", "must be an object");
    refused(state, "{}", "assets", "is required");
    refused(state, "{'assets':[]}", "assets", "must not be empty");
    refused(state, "{'assets':{}}", "assets", "must be a list of objects");
    refused(state, AND_TITLE("'ver':1.1"), "ver", "must be a string");
    refused(state, AND_TITLE("'context':4"), "context", "must be between 0 and 3, or 500 and above");
    refused(state, AND_TITLE("'plcmttype':5"), "plcmttype", "must be between 0 and 4, or 500 and above");
    refused(state, AND_TITLE("'context':1,'contextsubtype':20"), "contextsubtype", "does not fit context 1");
    refused(state, AND_TITLE("'context':2,'contextsubtype':31"), "contextsubtype", "does not fit context 2");
    refused(state, AND_TITLE("'context':3,'contextsubtype':15"), "contextsubtype", "does not fit context 3");
    refused(state, AND_TITLE("'context':1,'contextsubtype':16"), "contextsubtype", "is not in the list");
    refused(state, AND_TITLE("'context':1,'contextsubtype':-1"), "contextsubtype", "must be >= 0");
    refused(state, AND_TITLE("'eventtrackers':[{}]"), "eventtrackers[0].event", "is required");
    refused(state, AND_TITLE("'eventtrackers':[{'event':5,'methods':[1]}]"), "eventtrackers[0].event",
            "must be between 1 and 4, or 500 and above");
    refused(state, AND_TITLE("'eventtrackers':[{'event':1,'methods':[]}]"), "eventtrackers[0].methods",
            "must not be empty");
    refused(state, AND_TITLE("'eventtrackers':[{'event':1,'methods':[1,3]}]"), "eventtrackers[0].methods[1]",
            "must be between 1 and 2, or 500 and above");
    refused(state, AND_TITLE("'ver':'1.2','ver':'1.2'"), "ver", "duplicate key");
    accepted(state, AND_TITLE("'context':500,'contextsubtype':11,'plcmttype':500"));
    accepted(state, AND_TITLE("'context':1,'contextsubtype':500"));
    accepted(state, AND_TITLE("'context':2,'contextsubtype':22,'ver':'1.2','plcmtcnt':1,'privacy':1"));
    accepted(state, AND_TITLE("'eventtrackers':[{'event':1,'methods':[1,2]},{'event':555,'methods':[501]}]"));
}

static void the_assets(void **state) {
    refused(state, ASSETS("{}"), "assets[0]", "must have exactly one of title, img, video and data");
    refused(state, ASSETS("{'title':{'len':1},'data':{'type':1}}"), "assets[0]", "must have exactly one of");
    refused(state, ASSETS("{'title':{}}"), "assets[0].title.len", "is required");
    refused(state, ASSETS("{'title':{'len':0}}"), "assets[0].title.len", "must be >= 1");
    refused(state, ASSETS(TITLE ",{'img':{'w':-1}}"), "assets[1].img.w", "must be >= 0");
    refused(state, ASSETS("{'img':{'hmin':-1}}"), "assets[0].img.hmin", "must be >= 0");
    refused(state, ASSETS("{'data':{}}"), "assets[0].data.type", "is required");
    refused(state, ASSETS("{'data':{'type':13}}"), "assets[0].data.type",
            "must be between 1 and 12, or 500 and above");
    refused(state, ASSETS("{'data':{'type':1,'len':-1}}"), "assets[0].data.len", "must be >= 0");
    refused(state, ASSETS("{'id':1,'title':{'len':1}},{'id':1,'title':{'len':1}}"), "assets[1].id",
            "is the id of assets[0] too");
    refused(state, ASSETS("{'id':1,'title':{'len':1}}," TITLE), "assets", "must all have ids or none");
    accepted(state, ASSETS("{'id':0,'title':{'len':1}},{'id':1,'img':{'type':3}}"));
    accepted(state, ASSETS(TITLE ",{'img':{}},{'data':{'type':500,'len':0}}"));
    accepted(state, "{'native':{'ver':'1.0','layout':1,'assets':[" TITLE "]}}");
    refused(state, "{'native':{'assets':[{}]}}", "native.assets[0]", "must have exactly one of");
    refused(state, " { 'native' : null }", "native", "is required");
}

#define VIDEO(members) ASSETS("{'video':{" members "}}")
#define MIMES          "'mimes':['video/mp4'],"

static void the_videos(void **state) {
    refused(state, VIDEO("'mimes':[],'minduration':1,'maxduration':2,'protocols':[1]"),
            "assets[0].video.mimes", "must not be empty");
    refused(state, VIDEO("'minduration':1,'maxduration':2,'protocols':[1]"), "assets[0].video.mimes",
            "is required");
    refused(state, VIDEO(MIMES "'maxduration':2,'protocols':[1]"), "assets[0].video.minduration",
            "is required");
    refused(state, VIDEO(MIMES "'minduration':1,'protocols':[1]"), "assets[0].video.maxduration",
            "is required");
    refused(state, VIDEO(MIMES "'minduration':1,'maxduration':2"), "assets[0].video.protocols",
            "is required");
    refused(state, VIDEO(MIMES "'minduration':1,'maxduration':2,'protocols':[]"), "assets[0].video.protocols",
            "must not be empty");
    refused(state, VIDEO(MIMES "'minduration':1,'maxduration':2,'protocols':[0]"),
            "assets[0].video.protocols[0]", "must be between 1 and 20, or 500 and above");
    accepted(state, VIDEO(MIMES "'minduration':1,'maxduration':2,'protocols':[2,14]"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request),
        cmocka_unit_test(the_assets),
        cmocka_unit_test(the_videos),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
