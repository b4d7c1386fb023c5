/*
 * The configuration: one JSON file, read once, checked whole, then constant.
 *
 * Every key is one row of the table in config_options.c (name, type, unit, default, range, help);
 * --print-config, --check-config and docs/configuration.md are made from the same rows. A config is
 * made by config_load() or config_default() and owns all it points to.
 */
#ifndef SLIMBID_CONFIG_CONFIG_H
#define SLIMBID_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "base/macros.h"
#include "base/str.h"
#include "ledger/pacing.h"

#define CONFIG_MAX_PARTNERS   64
#define CONFIG_MAX_PLACEMENTS 1024
#define CONFIG_ERROR_BYTES    512

enum media_type { /* bits: what a partner takes, what an imp offers */
                  MEDIA_BANNER = 1,
                  MEDIA_VIDEO = 2,
                  MEDIA_AUDIO = 4,
                  MEDIA_NATIVE = 8,
                  MEDIA_ALL = 15
};

enum channel_type { CHANNEL_SITE = 1, CHANNEL_APP = 2, CHANNEL_DOOH = 4, CHANNEL_ALL = 7 };

/* When a partner whose bid won is told so. */
enum nurl_when {
    NURL_CLEARING, /* at the end of the auction */
    NURL_WIN       /* when whoever asked for the auction says that the bid won there too */
};

/* What a request gets that is refused for want of memory, of time or of a place. */
enum overload_answer { OVERLOAD_503, OVERLOAD_204 };

/* One demand partner. Strings are NUL-terminated behind their view. */
struct config_partner {
    struct str name;
    struct str url;
    struct str seat; /* of bids whose seatbid names none; the name by default */
    bool enabled;
    unsigned media_types;      /* MEDIA_* */
    unsigned channels;         /* CHANNEL_* */
    struct str_list countries; /* ISO-3166-1 alpha-3 taken; empty: all */
    struct str_list blocked_countries;
    struct str_list sites; /* site domains, app bundles taken ("example.com" covers its subdomains) */
    struct str_list blocked_sites;
    struct str_list currencies; /* its bids may come in; empty: all that are convertible */
    struct str_list headers;    /* "Name: value" sent with each call */
    uint32_t timeout_ms;
    bool adaptive;           /* asked less, and waited for less, while it rarely answers in time */
    uint32_t tmax_margin_ms; /* what the network takes of the tmax that it is told */
    uint32_t max_in_flight;
    uint32_t max_connections;
    uint32_t requests_per_second; /* 0: no rate of its own */
    double traffic_share;         /* 0 to 1 of the auctions that fit it */
    double bid_adjustment;        /* its prices are multiplied by it */
    bool gzip_request;
    bool gzip_answer;
    bool http2;
    struct str ca_file;           /* absent: the system's */
    struct str_list notice_hosts; /* that its nurl, burl and lurl may name besides its url's domain */
};

enum placement_auction {
    PLACEMENT_AUCTION_ANSWERED, /* where the answer reaches the client: POST /v1/clickstream */
    PLACEMENT_AUCTION_ALWAYS    /* for events of the tracking API too */
};

/* Where click events find slots to sell: a page of a site or a screen of an app. */
struct config_placement {
    struct str name;
    struct str site;     /* domain ("example.com" covers its subdomains); absent: an app's */
    struct str app;      /* bundle; absent: a site's */
    struct str path;     /* of the page, or the screen's name; '*' stands for anything */
    struct str imps;     /* JSON: an array of OpenRTB imps */
    struct str channel;  /* JSON: more members of the site or app; absent: none */
    struct str request;  /* JSON: more members of the bid request; absent: none */
    struct str_list cat; /* categories of the page: in the bid request, and interests of its visitor */
    enum placement_auction auction;
    bool enabled;
};

struct config {
    struct str_list listen;
    struct str_list admin_listen;
    enum log_level log_level;
    uint32_t front_ends;

    struct {
        uint32_t request_line_bytes, header_bytes, header_count, body_bytes, inflated_bytes;
        uint32_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms;
        uint32_t max_connections, max_requests_per_connection;
        uint32_t gzip_min_bytes, gzip_level;
        uint32_t backlog;
        uint32_t receive_buffer_bytes, send_buffer_bytes; /* of clients' sockets; 0: by the budget */
        struct str_list trusted_proxies; /* addresses or CIDR blocks whose X-Forwarded-For is believed */
        struct str_list cors_origins;    /* "*" or whole origins; empty: no CORS headers */
    } http;

    struct {                                  /* docs/memory.md */
        uint32_t budget_mib;                  /* of all processes together; 0: what the container allows */
        uint32_t margin_mib;                  /* of it, never dealt out; 0: a sixteenth, at least 2 */
        enum overload_answer overload_answer; /* to requests that are refused for overload */
        uint32_t retry_after_s;
    } memory;

    struct {
        uint32_t depth, imps, array_items, object_members, string_bytes;
        uint32_t arena_bytes; /* of one auction */
    } openrtb;

    struct {
        uint32_t tmax_default_ms, tmax_max_ms, tmax_min_ms; /* below the minimum: answered at once */
        uint32_t reply_margin_ms;                           /* the answer leaves this long before tmax */
        uint32_t max_concurrent;                            /* auctions at once; beyond it 503 */
        bool debug;                                         /* 400 says which field and why */
        bool no_bid_as_200;                                 /* 200 with nbr instead of 204 */
        bool return_all_bids;
        double price_increment; /* second price: above the second bid, in the answer's currency */
        uint32_t markup_bytes;  /* of one bid's adm */
        struct str default_currency;
        struct str currency_file; /* rates in Prebid's format; absent: no conversion */
    } auction;

    struct { /* admission/admission.h */
        bool enabled;
        uint32_t target_ms, interval_ms;
    } admission;

    struct {
        uint32_t connect_timeout_ms, late_timeout_ms, resolve_interval_ms, idle_connection_ms;
        uint32_t max_late; /* late calls a partner */
        uint32_t answer_bytes, inflated_bytes;
    } outbound;

    struct {
        bool enabled;
        uint32_t window_ms, min_calls;
        double failure_share;          /* of the window's calls: opens */
        uint32_t open_ms, open_max_ms; /* the first pause, doubled up to the last */
        uint32_t probes;               /* good probes in a row that close it */
    } breaker;

    struct { /* partner/pace.h */
        double least_share;
        uint32_t probe_ms, least_timeout_ms;
    } pace;

    struct {                   /* own campaigns */
        struct str table;      /* the ad table's file; absent: there are none */
        uint32_t workers;      /* processes that match and score; 0: the cores that the front ends leave */
        struct str seat;       /* of own bids */
        uint32_t bids_per_imp; /* own bids that take part, of each imp */
        double least_ctr;      /* an ad paid by click with a lower click rate than this is not shown */
        uint32_t job_queue_bytes, answer_queue_bytes; /* of each worker and front end; powers of two */
        uint32_t max_in_flight;                       /* jobs of one front end at once */
        enum pacing pacing;                           /* of daily budgets */
    } campaigns;

    struct {                              /* what is spent: ledger/ledger.h */
        struct str file;                  /* absent: memory that ends with the processes */
        uint32_t campaigns, holds, users; /* holds: of each front end */
        uint32_t hold_s;                  /* how long a win may still be viewed and clicked */
        uint32_t sync_ms;                 /* between copies to the disk */
    } ledger;

    struct {                   /* what comes back: views, clicks, wins */
        struct str public_url; /* what URLs of ours begin with; absent: none are given out */
        struct str keys_file;  /* of the keys that sign them; absent: one that ends with the processes */
    } events;

    struct { /* calls to partners' nurl, burl and lurl */
        enum nurl_when nurl;
        uint32_t tries, retry_ms, timeout_ms; /* retry_ms: the first pause, doubled each time */
        uint32_t queue, max_in_flight, hosts; /* of each partner and front end */
        uint32_t drain_ms;
    } notices;

    struct {                   /* event_log/event_log.h */
        struct str directory;  /* absent: there is none */
        uint32_t buffer_bytes; /* of each front end; a power of two */
        uint32_t rotate_bytes, rotate_s;
        uint32_t keep_files, keep_mib;
        uint32_t sync_ms;
        bool required; /* the server is not ready while it can't be written */
    } event_log;

    struct {                        /* click events */
        struct str_list write_keys; /* of the tracking API; empty: nobody may use it */
        bool require_write_key;     /* at /v1/clickstream too */
        uint32_t event_bytes, body_bytes, batch_events, tracking_bytes, stream_bytes, answer_bytes;
        uint32_t stream_idle_ms;
        uint32_t window;            /* auctions of one request at once */
        uint32_t max_requests;      /* at once, of one front end */
        uint32_t events_per_second; /* of one front end; 0: no rate */
        uint32_t dedup_s, dedup_ids;
        uint32_t auction_age_s; /* older views are not auctioned */
    } clickstream;

    struct config_partner *partners;
    uint32_t partner_count;
    struct config_placement *placements;
    uint32_t placement_count;

    void *owned; /* all memory above */
};

/* The embedded defaults, the four local demo partners included (a file has only those it names). NULL when
 * out of memory. */
struct config *config_default(void) CHECK_RESULT;
/* NULL with "file: key: reason" in error. */
struct config *config_load(const char *path, char *error, size_t error_size) CHECK_RESULT;
void config_destroy(struct config *config);

/* The whole configuration as JSON that config_load() takes again. False when out of memory or out fails. */
bool config_print(const struct config *config, FILE *out);
/* Every key with unit, default, range and help, as JSON or as the Markdown page docs/configuration.md. */
bool config_print_options(FILE *out, bool markdown);

#endif
