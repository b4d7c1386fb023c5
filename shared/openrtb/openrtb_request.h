/*
 * An OpenRTB 2.6 bid request (section 3.2) as the exchange reads it.
 *
 * openrtb_request_parse() checks every object of the specification (types, ranges, duplicate keys,
 * UTF-8) and keeps what an auction looks at. What it does not look at, and every unknown field, stays
 * reachable byte for byte through the member lists, so that it can be passed on untouched.
 *
 * Views point into the parsed text or, for strings with escapes, into the arena; both must outlive
 * the request. An absent string has p == NULL, an absent number is OPENRTB_ABSENT.
 */
#ifndef SLIMBID_OPENRTB_REQUEST_H
#define SLIMBID_OPENRTB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"
#include "json/json_member.h"

#define OPENRTB_ABSENT INT32_MIN

struct openrtb_size {
    int32_t w, h;
};

struct openrtb_format { /* 3.2.10 */
    int32_t w, h, wratio, hratio, wmin;
};

struct openrtb_banner { /* 3.2.6 */
    int32_t w, h, pos;
    struct openrtb_format *formats;
    size_t format_count;
    struct int_list battr, btype, api;
    struct str_list mimes;
};

struct openrtb_video { /* 3.2.7 and, with the fields it has, Audio 3.2.8 */
    int32_t w, h, pos, minduration, maxduration;
    struct int_list battr, protocols, api;
    struct str_list mimes;
};

struct openrtb_native { /* 3.2.9 */
    struct str request; /* the inner JSON, unescaped, already validated as Native 1.2 */
    struct str ver;
    struct int_list battr, api;
};

struct openrtb_deal { /* 3.2.12 */
    struct str id;
    double bidfloor;
    struct str bidfloorcur;
    int32_t at; /* ABSENT: the request's */
    struct str_list wseat, wadomain;
};

struct openrtb_imp { /* 3.2.4 */
    struct str id;
    const struct openrtb_banner *banner; /* NULL when not offered */
    const struct openrtb_video *video;
    const struct openrtb_video *audio;
    const struct openrtb_native *native;
    double bidfloor;        /* 0 when absent */
    struct str bidfloorcur; /* "USD" when absent */
    int32_t secure;         /* ABSENT, 0 or 1 */
    int32_t instl;
    int32_t rwdd;
    struct str tagid;
    bool private_auction;
    double multiplier; /* qty.multiplier, 1 when absent */
    struct openrtb_deal *deals;
    size_t deal_count;
    struct json_members members;    /* of the imp */
    struct json_members ext;        /* of imp.ext; empty when absent */
    struct json_members ext_prebid; /* of imp.ext.prebid */
    struct json_members bidders;    /* of imp.ext.prebid.bidder: partner name -> its params */
};

struct openrtb_content { /* 3.2.16 */
    struct str keywords; /* joined by commas */
    struct str_list kwarray, cat;
    int32_t cattax; /* 1 when absent */
};

struct openrtb_segment { /* 3.2.22 */
    struct str id;
};

struct openrtb_data { /* 3.2.21 */
    struct openrtb_segment *segments;
    size_t segment_count;
};

enum openrtb_channel { OPENRTB_SITE = 1, OPENRTB_APP = 2, OPENRTB_DOOH = 3, OPENRTB_NO_CHANNEL = 0 };

struct openrtb_request { /* 3.2.1 */
    struct str text;     /* the whole request */
    struct str id;
    struct openrtb_imp *imps;
    size_t imp_count;
    int32_t at;   /* 2 when absent, as the specification says */
    int32_t tmax; /* milliseconds, ABSENT when absent */
    bool test;
    bool allimps;
    struct str_list wseat, bseat, cur, bcat, badv, bapp;
    int32_t cattax; /* of bcat; 1 when absent */
    struct str_list wlang, wlangb;
    struct str_list bcrid; /* ext.bcrid: creatives that are blocked; this exchange's own, see
                              docs/own-campaigns.md */

    enum openrtb_channel channel;
    struct str channel_id;     /* site.id, app.id or dooh.id */
    struct str channel_domain; /* site.domain, app.domain or dooh.domain */
    struct str site_page, site_ref;
    struct str app_bundle;
    struct str publisher_id;
    struct str_list channel_cat, channel_sectioncat, channel_pagecat;
    int32_t channel_cattax;      /* of these; 1 when absent */
    struct str channel_keywords; /* joined by commas */
    struct str_list channel_kwarray;
    const struct openrtb_content *content; /* of the channel; NULL when absent */

    bool has_device;
    struct str device_ip, device_ipv6, device_ua, device_os, device_ifa;
    struct str device_language, device_langb;
    int32_t device_dnt, device_lmt, device_type, device_connection;
    struct str geo_country; /* of device.geo, else user.geo; ISO-3166-1 alpha-3 */
    struct str geo_region, geo_city;
    int32_t geo_utcoffset; /* minutes */

    struct str user_id, user_buyeruid;
    struct str user_keywords; /* joined by commas */
    struct str_list user_kwarray;
    struct openrtb_data *user_data;
    size_t user_data_count;
    int32_t coppa, gdpr;
    struct str source_tid;

    bool returnallbids; /* ext.prebid.returnallbids */

    struct json_members members; /* of the request */
    struct json_members device;  /* of device */
    struct json_members ext;     /* of ext */
};

struct openrtb_error {
    char path[128];   /* "imp[0].banner.w" */
    char reason[160]; /* "must be >= 0" */
};

struct openrtb_parse_limits {
    uint32_t depth;          /* nesting of arrays and objects */
    uint32_t imps;           /* their ids are compared each with each */
    uint32_t array_items;    /* of any array */
    uint32_t object_members; /* of any object */
    uint32_t string_bytes;   /* of any string */
};

void openrtb_parse_limits_default(struct openrtb_parse_limits *limits);

/*
 * Parses and validates text. 0, or -1 with *error filled: the text is no JSON, not a valid request,
 * beyond a limit, or the arena is full. text must stay where it is as long as *request is used.
 */
int openrtb_request_parse(struct str text, const struct openrtb_parse_limits *limits, struct arena *arena,
                          struct openrtb_request *request, struct openrtb_error *error) CHECK_RESULT;

/* Where the ad will be seen, as a host: the channel's domain, else the host of the page (no port); p == NULL
 * when neither is known. */
struct str openrtb_request_host(const struct openrtb_request *request);

/* Whether b's category blocks or equals c: "IAB1" covers "IAB1-3" in taxonomy 1; exact otherwise. */
bool openrtb_category_covers(int32_t cattax, struct str blocked, struct str category);

#endif
