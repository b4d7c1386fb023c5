/* The table of all configuration keys; see config_options.h. */
#include "config/config_options.h"

#include <stdint.h>

#include "config/config.h"
#include "config/config_formats.h"
#include "config/config_reader.h"
#include "http/http_parser.h"

/* A field's place; does not compile when the field is not of the row's type. */
#define PLACE(owner, field, ctype)                                                                           \
    (offsetof(owner, field) + 0 * sizeof(char[_Generic(((owner *)0)->field, ctype : 1, default : -1)]))

#define ROW(prefix, owner, field, ctype, kind)                                                               \
    .path = prefix #field, .type = kind, .offset = PLACE(owner, field, ctype)
#define ROOT(field, ctype, kind)    ROW("", struct config, field, ctype, kind)
#define PARTNER(field, ctype, kind) ROW("partners[].", struct config_partner, field, ctype, kind)

#define PLACEMENT(field, ctype, kind) ROW("placements[].", struct config_placement, field, ctype, kind)

#define NUMBER(unit_, default_, min_, max_) .unit = unit_, .fallback = #default_, .min = min_, .max = max_
/* of_ says what min and max count. */
#define TEXT(of_, default_, min_, max_, format_)                                                             \
    .unit = of_, .fallback = default_, .min = min_, .max = max_, .format = format_
#define FLAG(default_) .unit = "", .fallback = #default_, .max = 1

#define LIVE(help_)  .reloadable = true, .help = help_
#define FIXED(help_) .reloadable = false, .help = help_

static const char *const level_names[] = {"error", "warn", "info", "debug", NULL};
static const char *const media_names[] = {"banner", "video", "audio", "native", NULL};
static const char *const channel_names[] = {"site", "app", "dooh", NULL};
static const char *const pacing_names[] = {"even", "asap", NULL};
static const char *const overload_names[] = {"503", "204", NULL};
static const char *const nurl_names[] = {"clearing", "win", NULL};
static const char *const auction_names[] = {"answered", "always", NULL};

static const struct config_objects partner_objects = {"partners[].", sizeof(struct config_partner),
                                                      offsetof(struct config, partner_count),
                                                      config_partner_finish};
static const struct config_objects placement_objects = {"placements[].", sizeof(struct config_placement),
                                                        offsetof(struct config, placement_count),
                                                        config_placement_finish};

const struct config_option config_options[] = {
    {ROOT(listen, struct str_list, CONFIG_LIST),
     TEXT("addresses", "[\"*:8080\"]", 1, 64, config_format_listen),
     FIXED("Where bid requests are taken: \"ADDRESS:PORT\", \"[IPV6]:PORT\", \"*:PORT\" or \"unix:/PATH\".")},
    {ROOT(admin_listen, struct str_list, CONFIG_LIST),
     TEXT("addresses", "[\"127.0.0.1:8081\"]", 0, 16, config_format_listen),
     FIXED(
         "Where /status, /readyz and /metrics are served. Keep it on addresses that only operators reach.")},
    {ROOT(log_level, enum log_level, CONFIG_ENUM), .unit = "", .fallback = "\"info\"", .max = LOG_LEVEL_DEBUG,
     .names = level_names,
     LIVE("The least important lines that are written. Only debug lines may hold personal data.")},
    {ROOT(front_ends, uint32_t, CONFIG_U32), NUMBER("processes", 1, 1, 64),
     FIXED("Processes that serve traffic, one event loop each.")},

    {ROOT(http.request_line_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 8192, 64, 1048576),
     LIVE("Longest request line; a longer one is answered 414.")},
    {ROOT(http.header_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 16384, 256, 1048576),
     LIVE("All header lines of a request together; more is answered 431.")},
    {ROOT(http.header_count, uint32_t, CONFIG_U32), NUMBER("headers", 64, 1, HTTP_MAX_HEADERS),
     LIVE("Header lines of a request; more is answered 431.")},
    {ROOT(http.body_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 262144, 1024, 67108864),
     LIVE("Longest request body as sent; a longer one is answered 413.")},
    {ROOT(http.inflated_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 1048576, 1024, 67108864),
     LIVE("Longest request body after gzip; a longer one is answered 413.")},
    {ROOT(http.header_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 5000, 10, 600000),
     LIVE("Time from a request's first byte to the end of its head; then 408.")},
    {ROOT(http.body_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 5000, 10, 600000),
     LIVE("Time from the end of the head to the end of the body; then 408.")},
    {ROOT(http.idle_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 60000, 10, 3600000),
     LIVE("How long a connection may wait between requests.")},
    {ROOT(http.write_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 5000, 10, 600000),
     LIVE("How long a client may take no byte of its answer.")},
    {ROOT(http.max_connections, uint32_t, CONFIG_U32), NUMBER("connections", 4096, 1, 1000000),
     LIVE("Client connections of one front end; beyond it, clients wait in the backlog.")},
    {ROOT(http.max_requests_per_connection, uint32_t, CONFIG_U32), NUMBER("requests", 100000, 1, 1000000000),
     LIVE("Requests on one connection before it is closed.")},
    {ROOT(http.gzip_min_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 1024, 1, 1073741824),
     LIVE("Shortest answer that is gzipped for a client that takes gzip.")},
    {ROOT(http.gzip_level, uint32_t, CONFIG_U32), NUMBER("", 1, 1, 9),
     LIVE("zlib's level, from fast to small.")},
    {ROOT(http.backlog, uint32_t, CONFIG_U32), NUMBER("connections", 1024, 1, 65535),
     FIXED("Connections that the kernel holds until they are accepted.")},
    {ROOT(http.receive_buffer_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 0, 0, 4194304),
     FIXED(
         "SO_RCVBUF of clients' sockets. 0: as large as the memory budget allows for max_connections, or the "
         "kernel's choice where that is plenty.")},
    {ROOT(http.send_buffer_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 0, 0, 4194304),
     FIXED("SO_SNDBUF of clients' sockets. 0: as receive_buffer_bytes.")},
    {ROOT(http.trusted_proxies, struct str_list, CONFIG_LIST),
     TEXT("blocks", "[]", 0, 256, config_format_proxy),
     LIVE("Addresses and CIDR blocks (or \"unix\") of proxies whose X-Forwarded-For is believed.")},
    {ROOT(http.cors_origins, struct str_list, CONFIG_LIST),
     TEXT("origins", "[\"*\"]", 0, 256, config_format_origin),
     LIVE("Browser origins that may call: \"*\" or whole origins. Empty: no CORS headers.")},

    {ROOT(memory.budget_mib, uint32_t, CONFIG_U32), NUMBER("MiB", 0, 0, 16777216),
     FIXED("Memory of all processes together, the ad table's hot part among it. 0, and at most: what the "
           "container allows, or the machine has.")},
    {ROOT(memory.margin_mib, uint32_t, CONFIG_U32), NUMBER("MiB", 0, 0, 1048576),
     FIXED("What is left free of it for what nobody charges. 0: a sixteenth, at least 2.")},
    {ROOT(memory.overload_answer, enum overload_answer, CONFIG_ENUM), .unit = "", .fallback = "\"503\"",
     .max = OVERLOAD_204, .names = overload_names,
     LIVE("What a request is answered that there is no memory, time or place for: 503 with Retry-After, or "
          "204.")},
    {ROOT(memory.retry_after_s, uint32_t, CONFIG_U32), NUMBER("s", 1, 1, 3600),
     LIVE("The Retry-After of such a 503.")},

    {ROOT(openrtb.depth, uint32_t, CONFIG_U32), NUMBER("levels", 32, 8, 256),
     LIVE("Nesting of arrays and objects in a bid request or a partner's answer.")},
    {ROOT(openrtb.imps, uint32_t, CONFIG_U32), NUMBER("imps", 100, 1, 1000),
     LIVE("Impressions of one request.")},
    {ROOT(openrtb.array_items, uint32_t, CONFIG_U32), NUMBER("items", 1024, 1, 65536),
     LIVE("Items of any array.")},
    {ROOT(openrtb.object_members, uint32_t, CONFIG_U32), NUMBER("members", 512, 1, 65536),
     LIVE("Members of any object.")},
    {ROOT(openrtb.string_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 65536, 64, 16777216),
     LIVE("Length of any string.")},
    {ROOT(openrtb.arena_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 4194304, 65536, 268435456),
     LIVE("Memory of one auction: request, partners' bids and what is made of them.")},

    {ROOT(auction.tmax_default_ms, uint32_t, CONFIG_U32), NUMBER("ms", 500, 1, 60000),
     LIVE("Time of an auction whose request names no tmax.")},
    {ROOT(auction.tmax_max_ms, uint32_t, CONFIG_U32), NUMBER("ms", 2000, 1, 60000),
     LIVE("Longest time of an auction, whatever its request says.")},
    {ROOT(auction.tmax_min_ms, uint32_t, CONFIG_U32), NUMBER("ms", 20, 1, 60000),
     LIVE("A request with less time is answered at once, without asking anyone.")},
    {ROOT(auction.reply_margin_ms, uint32_t, CONFIG_U32), NUMBER("ms", 5, 0, 10000),
     LIVE("How long before tmax the answer leaves.")},
    {ROOT(auction.max_concurrent, uint32_t, CONFIG_U32), NUMBER("auctions", 4096, 1, 1000000),
     LIVE("Auctions of one front end at once; beyond it, requests are answered 503.")},
    {ROOT(auction.debug, bool, CONFIG_BOOL), FLAG(true),
     LIVE("Whether a 400 says which field is wrong and why.")},
    {ROOT(auction.no_bid_as_200, bool, CONFIG_BOOL), FLAG(false),
     LIVE("Answers an auction without bids with 200 and nbr instead of 204.")},
    {ROOT(auction.return_all_bids, bool, CONFIG_BOOL), FLAG(false),
     LIVE("Answers all valid bids in price order instead of the winners; a request can ask for it too.")},
    {ROOT(auction.price_increment, double, CONFIG_DOUBLE), NUMBER("answer's currency", 0.01, 0, 1000),
     LIVE("What a second-price winner pays above the second price or the floor.")},
    {ROOT(auction.markup_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 65536, 64, 16777216),
     LIVE("Longest markup (adm) of a bid; a longer one is refused.")},
    {ROOT(auction.default_currency, struct str, CONFIG_STRING),
     TEXT("", "\"USD\"", 3, 3, config_format_currency),
     LIVE("Currency of the answer when the request names none.")},
    {ROOT(auction.currency_file, struct str, CONFIG_STRING),
     TEXT("path", "null", 1, CONFIG_STRING_BYTES, config_format_path),
     LIVE("Currency rates in Prebid's format. Without it nothing is converted.")},

    {ROOT(admission.enabled, bool, CONFIG_BOOL), FLAG(true),
     LIVE("Whether bid requests are refused while more come than the front end can serve (overload.md).")},
    {ROOT(admission.target_ms, uint32_t, CONFIG_U32), NUMBER("ms", 5, 1, 1000),
     LIVE("How long requests may wait for their turn for ever.")},
    {ROOT(admission.interval_ms, uint32_t, CONFIG_U32), NUMBER("ms", 100, 8, 10000),
     LIVE("How long all of them may wait longer than that; then some are refused.")},

    {ROOT(outbound.connect_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 250, 1, 60000),
     LIVE("Time to connect to a partner, TLS included.")},
    {ROOT(outbound.late_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 1000, 0, 60000),
     LIVE("How long a call may run on after its deadline, unused, to save its connection.")},
    {ROOT(outbound.resolve_interval_ms, uint32_t, CONFIG_U32), NUMBER("ms", 30000, 100, 86400000),
     LIVE("How often partners' names are looked up again.")},
    {ROOT(outbound.idle_connection_ms, uint32_t, CONFIG_U32), NUMBER("ms", 60000, 1000, 3600000),
     LIVE("A kept connection that was idle for longer is not used again.")},
    {ROOT(outbound.max_late, uint32_t, CONFIG_U32), NUMBER("calls", 64, 0, 65536),
     LIVE("Late calls of one partner at once; beyond it their connections are closed.")},
    {ROOT(outbound.answer_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 262144, 1024, 67108864),
     LIVE("Longest partner answer as received.")},
    {ROOT(outbound.inflated_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 1048576, 1024, 67108864),
     LIVE("Longest partner answer after gzip.")},

    {ROOT(breaker.enabled, bool, CONFIG_BOOL), FLAG(true),
     LIVE("Whether a partner that keeps failing is left alone for a while.")},
    {ROOT(breaker.window_ms, uint32_t, CONFIG_U32), NUMBER("ms", 10000, 100, 3600000),
     LIVE("The time over which calls are judged.")},
    {ROOT(breaker.min_calls, uint32_t, CONFIG_U32), NUMBER("calls", 20, 1, 1000000),
     LIVE("Calls in the window before it is judged.")},
    {ROOT(breaker.failure_share, double, CONFIG_DOUBLE), NUMBER("share", 0.5, 0.01, 1),
     LIVE("Share of errors and timeouts that opens the breaker.")},
    {ROOT(breaker.open_ms, uint32_t, CONFIG_U32), NUMBER("ms", 1000, 10, 3600000),
     LIVE("The first pause; it doubles each time the probes fail.")},
    {ROOT(breaker.open_max_ms, uint32_t, CONFIG_U32), NUMBER("ms", 60000, 10, 86400000),
     LIVE("The longest pause.")},
    {ROOT(breaker.probes, uint32_t, CONFIG_U32), NUMBER("calls", 3, 1, 1000),
     LIVE("Good probes in a row that close the breaker.")},

    {ROOT(pace.least_share, double, CONFIG_DOUBLE), NUMBER("share", 0.02, 0, 1),
     LIVE("Of the auctions in which a partner is asked that never answers in time.")},
    {ROOT(pace.probe_ms, uint32_t, CONFIG_U32), NUMBER("ms", 1000, 10, 3600000),
     LIVE("Such a partner is asked at least so often, to see whether it became faster.")},
    {ROOT(pace.least_timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 20, 1, 10000),
     LIVE("The least time that a partner is given whose calls are shortened.")},

    {ROOT(campaigns.table, struct str, CONFIG_STRING),
     TEXT("path", "null", 1, CONFIG_STRING_BYTES, config_format_path),
     LIVE("The ad table of own campaigns, made by slimbid-table. Without it only partners bid.")},
    {ROOT(campaigns.workers, uint32_t, CONFIG_U32), NUMBER("processes", 0, 0, 64),
     FIXED("Processes that match and score own ads. 0: the cores that front_ends leaves, at least 1.")},
    {ROOT(campaigns.seat, struct str, CONFIG_STRING), TEXT("", "\"slimbid\"", 1, 64, config_format_seat),
     LIVE("The seat of own bids.")},
    {ROOT(campaigns.bids_per_imp, uint32_t, CONFIG_U32), NUMBER("bids", 3, 1, 64),
     LIVE("Own bids that take part in the auction of an imp: the best ones.")},
    {ROOT(campaigns.least_ctr, double, CONFIG_DOUBLE), NUMBER("clicks a view", 0, 0, 1),
     LIVE("An ad that is paid by click is not shown where its predicted click rate is lower.")},
    {ROOT(campaigns.job_queue_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 262144, 65536, 16777216),
     FIXED("Room for the jobs between a front end and a worker: a power of two.")},
    {ROOT(campaigns.answer_queue_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 524288, 131072, 16777216),
     FIXED("Room for the answers between a worker and a front end: a power of two.")},
    {ROOT(campaigns.max_in_flight, uint32_t, CONFIG_U32), NUMBER("jobs", 1024, 1, 65536),
     LIVE("Scoring jobs of one front end at once; beyond it auctions go without own campaigns.")},
    {ROOT(campaigns.pacing, enum pacing, CONFIG_ENUM), .unit = "", .fallback = "\"even\"", .max = PACING_ASAP,
     .names = pacing_names,
     FIXED("How a daily budget is spent: spread over its day (UTC), or as fast as there is traffic.")},

    {ROOT(ledger.file, struct str, CONFIG_STRING),
     TEXT("path", "null", 1, CONFIG_STRING_BYTES, config_format_path),
     FIXED("The file that keeps what campaigns have spent and users have seen. Without it both are forgotten "
           "at "
           "the end.")},
    {ROOT(ledger.campaigns, uint32_t, CONFIG_U32), NUMBER("campaigns", 16384, 1, 1048576),
     FIXED("Campaigns that the ledger has places for.")},
    {ROOT(ledger.holds, uint32_t, CONFIG_U32), NUMBER("wins", 131072, 64, 16777216),
     FIXED("Wins of one front end that wait for their view or click; beyond it own campaigns do not bid.")},
    {ROOT(ledger.users, uint32_t, CONFIG_U32), NUMBER("users", 100000, 0, 100000000),
     FIXED("Users whose views and interests are remembered; the one that was quiet longest gives way. 0: "
           "none.")},
    {ROOT(ledger.hold_s, uint32_t, CONFIG_U32), NUMBER("s", 900, 1, 86400),
     LIVE("How long after its auction a win can be viewed or clicked; then its price is released.")},
    {ROOT(ledger.sync_ms, uint32_t, CONFIG_U32), NUMBER("ms", 1000, 10, 3600000),
     LIVE("How often the ledger's file is copied to the disk: what a machine that stops may lose.")},

    {ROOT(events.public_url, struct str, CONFIG_STRING), TEXT("", "null", 1, 1024, config_format_public_url),
     FIXED("What the URLs of views, clicks and wins begin with, such as \"https://ads.example\": where "
           "browsers "
           "and clients reach `listen`. Without it answers carry none, and nothing is counted.")},
    {ROOT(events.keys_file, struct str, CONFIG_STRING),
     TEXT("path", "null", 1, CONFIG_STRING_BYTES, config_format_path),
     FIXED("The keys that sign those URLs, a line \"NUMBER HEX\" each, the first one signs. Without it they "
           "end "
           "with the process.")},

    {ROOT(notices.nurl, enum nurl_when, CONFIG_ENUM), .unit = "", .fallback = "\"clearing\"", .max = NURL_WIN,
     .names = nurl_names,
     LIVE("When a partner's nurl is called: when its bid won the auction here, or when the client says that "
          "it "
          "won there too.")},
    {ROOT(notices.tries, uint32_t, CONFIG_U32), NUMBER("calls", 3, 1, 10),
     LIVE("How often a notice is tried before it counts as failed.")},
    {ROOT(notices.retry_ms, uint32_t, CONFIG_U32), NUMBER("ms", 500, 10, 60000),
     LIVE("The pause before the second try; it doubles each time.")},
    {ROOT(notices.timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 2000, 10, 30000),
     LIVE("Longest time of one try.")},
    {ROOT(notices.queue, uint32_t, CONFIG_U32), NUMBER("notices", 1024, 1, 65536),
     LIVE("Notices of one partner and front end that wait or run; beyond it new ones are dropped.")},
    {ROOT(notices.max_in_flight, uint32_t, CONFIG_U32), NUMBER("calls", 16, 1, 1024),
     LIVE("Those of them that run at once.")},
    {ROOT(notices.hosts, uint32_t, CONFIG_U32), NUMBER("hosts", 8, 1, 64),
     LIVE("Hosts of one partner that are called; the one that was quiet longest gives way.")},
    {ROOT(notices.drain_ms, uint32_t, CONFIG_U32), NUMBER("ms", 3000, 0, 60000),
     LIVE("How long notices that wait keep a front end from ending.")},

    {ROOT(event_log.directory, struct str, CONFIG_STRING), TEXT("path", "null", 1, 1024, config_format_path),
     FIXED("Where auctions, wins, views and clicks are logged (event-log.md). Without it there is no event "
           "log.")},
    {ROOT(event_log.buffer_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 2097152, 65536, 16777216),
     FIXED("Lines of one front end that wait to be written; a power of two. When it is full the oldest go.")},
    {ROOT(event_log.rotate_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 67108864, 4096, 4294967295),
     FIXED("A file of this size is closed and the next one begun.")},
    {ROOT(event_log.rotate_s, uint32_t, CONFIG_U32), NUMBER("s", 3600, 1, 604800),
     FIXED("A file of this age is closed and the next one begun.")},
    {ROOT(event_log.keep_files, uint32_t, CONFIG_U32), NUMBER("files", 96, 1, 100000),
     FIXED("Closed files that stay; then the oldest goes.")},
    {ROOT(event_log.keep_mib, uint32_t, CONFIG_U32), NUMBER("MiB", 4096, 1, 4294967295),
     FIXED("What closed files may take together; then the oldest goes.")},
    {ROOT(event_log.sync_ms, uint32_t, CONFIG_U32), NUMBER("ms", 1000, 10, 3600000),
     FIXED("How often the file is written through to the disk: what a machine that stops may lose.")},
    {ROOT(event_log.required, bool, CONFIG_BOOL), FLAG(false),
     FIXED("Whether /readyz answers 503 while the log can't be written. Bidding goes on either way.")},

    {ROOT(clickstream.write_keys, struct str_list, CONFIG_LIST),
     TEXT("keys", "[]", 0, 1024, config_format_write_key),
     LIVE("Write keys that the tracking API (/v1/batch, /v1/track ...) and /v1/user/delete take. Empty: they "
          "answer 401 to everybody.")},
    {ROOT(clickstream.require_write_key, bool, CONFIG_BOOL), FLAG(false),
     LIVE("Whether /v1/clickstream asks for a write key too. A wrong one is refused in any case.")},
    {ROOT(clickstream.event_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 32768, 1024, 8388608),
     LIVE("Longest event; a longer one is invalid.")},
    {ROOT(clickstream.body_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 8388608, 1024, 67108864),
     LIVE("Longest JSON body of /v1/clickstream, as sent and after gzip; a longer one is answered 413.")},
    {ROOT(clickstream.batch_events, uint32_t, CONFIG_U32), NUMBER("events", 10000, 1, 1000000),
     LIVE("Events of one JSON batch; more is answered 413.")},
    {ROOT(clickstream.tracking_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 512000, 1024, 67108864),
     LIVE("Longest body of the tracking API, as sent and after gzip; a longer one is answered 413.")},
    {ROOT(clickstream.stream_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 1073741824, 1024, 4294967295),
     LIVE("Longest NDJSON body of /v1/clickstream as sent; it is never in memory whole.")},
    {ROOT(clickstream.answer_bytes, uint32_t, CONFIG_U32), NUMBER("bytes", 65536, 1024, 4194304),
     LIVE("Longest bid response that is passed on as an event's result.")},
    {ROOT(clickstream.stream_idle_ms, uint32_t, CONFIG_U32), NUMBER("ms", 30000, 10, 3600000),
     LIVE("How long an NDJSON body may pause; then 408, or a close.")},
    {ROOT(clickstream.window, uint32_t, CONFIG_U32), NUMBER("auctions", 256, 1, 4096),
     LIVE("Auctions of one request at once; its later events wait.")},
    {ROOT(clickstream.max_requests, uint32_t, CONFIG_U32), NUMBER("requests", 256, 1, 65536),
     LIVE("Requests with events that one front end works on at once; beyond it 429.")},
    {ROOT(clickstream.events_per_second, uint32_t, CONFIG_U32), NUMBER("events/s", 0, 0, 10000000),
     LIVE("Events that one front end takes a second; beyond it requests are answered 429. 0: no rate.")},
    {ROOT(clickstream.dedup_s, uint32_t, CONFIG_U32), NUMBER("s", 3600, 0, 604800),
     LIVE("How long a messageId is remembered, so that it is auctioned once. 0: not at all.")},
    {ROOT(clickstream.dedup_ids, uint32_t, CONFIG_U32), NUMBER("ids", 524288, 1024, 134217728),
     FIXED("Room for messageIds, of 16 bytes each, shared by all front ends; when it is full the oldest are "
           "forgotten early, counted.")},
    {ROOT(clickstream.auction_age_s, uint32_t, CONFIG_U32), NUMBER("s", 300, 1, 31536000),
     LIVE("A page or screen that was seen longer ago than this is not auctioned.")},

    {.path = "partners",
     .type = CONFIG_OBJECTS,
     .offset = offsetof(struct config, partners),
     .objects = &partner_objects,
     TEXT("partners", "[]", 0, CONFIG_MAX_PARTNERS, NULL),
     LIVE("The demand partners, each an object with the keys below.")},
    {PARTNER(name, struct str, CONFIG_STRING), TEXT("", NULL, 1, 32, config_format_partner_name),
     LIVE("Its name in imp.ext.prebid.bidder, metrics and logs. Unique whatever the case; letters, digits, _ "
          "and -.")},
    {PARTNER(url, struct str, CONFIG_STRING), TEXT("", NULL, 1, 2048, config_format_url),
     LIVE("Where its bid requests are posted: http:// or https://.")},
    {PARTNER(seat, struct str, CONFIG_STRING), TEXT("", "null", 1, 64, config_format_seat),
     LIVE("Seat of its bids whose seatbid names none. By default its name.")},
    {PARTNER(enabled, bool, CONFIG_BOOL), FLAG(true), LIVE("Whether it is asked at all.")},
    {PARTNER(media_types, unsigned, CONFIG_BITS), .unit = "", .names = media_names, .min = 1, .max = 4,
     .fallback = "[\"banner\", \"video\", \"audio\", \"native\"]", LIVE("The media types it takes.")},
    {PARTNER(channels, unsigned, CONFIG_BITS), .unit = "", .names = channel_names, .min = 1, .max = 3,
     .fallback = "[\"site\", \"app\", \"dooh\"]", LIVE("The channels it takes.")},
    {PARTNER(countries, struct str_list, CONFIG_LIST), TEXT("countries", "[]", 0, 256, config_format_country),
     LIVE("Countries (ISO 3166-1 alpha-3) it takes. Empty: all.")},
    {PARTNER(blocked_countries, struct str_list, CONFIG_LIST),
     TEXT("countries", "[]", 0, 256, config_format_country), LIVE("Countries it does not take.")},
    {PARTNER(sites, struct str_list, CONFIG_LIST), TEXT("domains", "[]", 0, 4096, config_format_domain),
     LIVE("Site domains (their subdomains too) and app bundles it takes. Empty: all.")},
    {PARTNER(blocked_sites, struct str_list, CONFIG_LIST),
     TEXT("domains", "[]", 0, 4096, config_format_domain),
     LIVE("Site domains (their subdomains too) and app bundles it does not take.")},
    {PARTNER(currencies, struct str_list, CONFIG_LIST),
     TEXT("currencies", "[]", 0, 64, config_format_currency),
     LIVE("Currencies its bids may come in. Empty: all that can be converted.")},
    {PARTNER(headers, struct str_list, CONFIG_LIST), TEXT("headers", "[]", 0, 32, config_format_header),
     LIVE("\"Name: value\" lines sent with each call.")},
    {PARTNER(timeout_ms, uint32_t, CONFIG_U32), NUMBER("ms", 300, 1, 10000),
     LIVE("Longest time for one call; an auction with less time left gives less.")},
    {PARTNER(adaptive, bool, CONFIG_BOOL), FLAG(true),
     LIVE("Whether it is asked less, and given less time, while it rarely answers in time (overload.md).")},
    {PARTNER(tmax_margin_ms, uint32_t, CONFIG_U32), NUMBER("ms", 10, 0, 1000),
     LIVE("What the network takes: the tmax it is told is this much less than the time it has.")},
    {PARTNER(max_in_flight, uint32_t, CONFIG_U32), NUMBER("calls", 512, 1, 65536),
     LIVE("Its calls at once of one front end, late ones included; beyond it the partner is left out.")},
    {PARTNER(max_connections, uint32_t, CONFIG_U32), NUMBER("connections", 128, 1, 65536),
     LIVE("Connections of one front end to it, in use and kept. Over HTTP/1.1 no more calls run at once.")},
    {PARTNER(requests_per_second, uint32_t, CONFIG_U32), NUMBER("calls/s", 0, 0, 1000000),
     LIVE("Calls a second, shared evenly by the front ends. 0: no rate of its own, max_in_flight still "
          "holds.")},
    {PARTNER(traffic_share, double, CONFIG_DOUBLE), NUMBER("share", 1, 0, 1),
     LIVE("Share of the auctions that fit it in which it is asked.")},
    {PARTNER(bid_adjustment, double, CONFIG_DOUBLE), NUMBER("factor", 1, 0.000001, 100),
     LIVE("Its prices are multiplied by it before they compete.")},
    {PARTNER(gzip_request, bool, CONFIG_BOOL), FLAG(false), LIVE("Sends its requests gzipped.")},
    {PARTNER(gzip_answer, bool, CONFIG_BOOL), FLAG(true), LIVE("Takes its answers gzipped.")},
    {PARTNER(http2, bool, CONFIG_BOOL), FLAG(false),
     LIVE("HTTP/2 instead of HTTP/1.1; costs about twice the CPU.")},
    {PARTNER(ca_file, struct str, CONFIG_STRING),
     TEXT("path", "null", 1, CONFIG_STRING_BYTES, config_format_path),
     LIVE("Certificates (PEM) that vouch for its https. By default the system's.")},
    {PARTNER(notice_hosts, struct str_list, CONFIG_LIST),
     TEXT("hosts", "[]", 0, 64, config_format_notice_host),
     LIVE(
         "Hosts that its nurl, burl and lurl may name (\"example.com\" takes in its subdomains), besides the "
         "host of its url and what stands below the same domain.")},

    {.path = "placements",
     .type = CONFIG_OBJECTS,
     .offset = offsetof(struct config, placements),
     .objects = &placement_objects,
     TEXT("placements", "[]", 0, CONFIG_MAX_PLACEMENTS, NULL),
     LIVE("Pages and screens whose views are auctioned, each an object with the keys below; the first that "
          "fits "
          "counts.")},
    {PLACEMENT(name, struct str, CONFIG_STRING), TEXT("", NULL, 1, 64, config_format_partner_name),
     LIVE("Its name in results and logs. Letters, digits, _ and -.")},
    {PLACEMENT(site, struct str, CONFIG_STRING), TEXT("", "null", 1, 253, config_format_domain),
     LIVE("The site's domain (its subdomains too). Either this or app.")},
    {PLACEMENT(app, struct str, CONFIG_STRING), TEXT("", "null", 1, 253, config_format_domain),
     LIVE("The app's bundle, as context.app.namespace says it.")},
    {PLACEMENT(path, struct str, CONFIG_STRING), TEXT("", "\"*\"", 1, 1024, config_format_seat),
     LIVE("The page's path, or the screen's name, whole; each * stands for any number of characters.")},
    {PLACEMENT(imps, struct str, CONFIG_JSON_ARRAY), TEXT("imps", NULL, 1, 100, NULL),
     LIVE("Its slots: OpenRTB 2.6 imps (id, banner, video, bidfloor, pmp ...), checked at the start.")},
    {PLACEMENT(channel, struct str, CONFIG_JSON_OBJECT), TEXT("members", "null", 0, 64, NULL),
     LIVE("More members of the request's site or app, such as publisher.")},
    {PLACEMENT(request, struct str, CONFIG_JSON_OBJECT), TEXT("members", "null", 0, 64, NULL),
     LIVE("More members of the bid request, such as at, tmax, bcat, cur.")},
    {PLACEMENT(cat, struct str_list, CONFIG_LIST), TEXT("categories", "[]", 0, 16, config_format_category),
     LIVE("Categories of the page (IAB codes): part of the bid request, and interests of who sees it.")},
    {PLACEMENT(auction, enum placement_auction, CONFIG_ENUM), .unit = "", .fallback = "\"answered\"",
     .max = PLACEMENT_AUCTION_ALWAYS, .names = auction_names,
     LIVE("Which views are auctioned: those of /v1/clickstream, whose answer has the bids, or those of the "
          "tracking API too, whose answer has none.")},
    {PLACEMENT(enabled, bool, CONFIG_BOOL), FLAG(true), LIVE("Whether it counts at all.")},
};

const size_t config_option_count = COUNT_OF(config_options);

struct str config_option_prefix(const struct config_option *option) {
    return (struct str){option->path, (size_t)(config_option_name(option) - option->path)};
}

const char *config_option_name(const struct config_option *option) {
    const char *dot = strrchr(option->path, '.');
    return dot ? dot + 1 : option->path;
}

const char *config_type_name(enum config_type type) {
    switch (type) {
    case CONFIG_U32:
        return "u32";
    case CONFIG_DOUBLE:
        return "double";
    case CONFIG_BOOL:
        return "bool";
    case CONFIG_STRING:
        return "string";
    case CONFIG_LIST:
        return "string list";
    case CONFIG_ENUM:
        return "enum";
    case CONFIG_BITS:
        return "bitset";
    case CONFIG_JSON_OBJECT:
        return "object";
    case CONFIG_JSON_ARRAY:
    case CONFIG_OBJECTS:
        return "object list";
    }
    return "";
}
