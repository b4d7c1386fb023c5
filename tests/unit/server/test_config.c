/* The configuration: every row of the table, the page made of it, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/config_options.h"
#include "scratch_file.h"

#define DOCUMENT_BYTES 65536

static char error[CONFIG_ERROR_BYTES];

static struct config *load_text(const char *text) {
    struct scratch_file file;
    scratch_file_write(&file, text, strlen(text));
    error[0] = '\0';
    struct config *config = config_load(file.path, error, sizeof error);
    scratch_file_remove(&file);
    if (!config) /* the file's name is another each time */
        memmove(error, error + strlen(file.path), strlen(error + strlen(file.path)) + 1);
    return config;
}

static void assert_in_error(const char *part) {
    if (!strstr(error, part))
        fail_msg("\"%s\" is not in \"%s\"", part, error);
}

static void assert_refused(const char *text, const char *part) {
    struct config *config = load_text(text);
    if (config)
        fail_msg("taken: %s", text);
    assert_in_error(part);
}

/* A document that gives the row's key this value, and nothing else but what must be given. */
static const char *document_of(const struct config_option *option, const char *value) {
    static char text[DOCUMENT_BYTES + 256];
    struct str prefix = config_option_prefix(option);
    const char *name = config_option_name(option);
    if (prefix.n == 0)
        snprintf(text, sizeof text, "{\"%s\": %s}", name, value);
    else if (!str_ends(prefix, STR("].")))
        snprintf(text, sizeof text, "{\"%.*s\": {\"%s\": %s}}", (int)prefix.n - 1, prefix.p, name, value);
    else if (str_eq(prefix, STR("placements[].")))
        snprintf(text, sizeof text, "{\"placements\": [{%s%s%s\"%s\": %s}]}",
                 strcmp(name, "name") == 0 ? "" : "\"name\": \"front\", ",
                 strcmp(name, "imps") == 0
                     ? ""
                     : "\"imps\": [{\"id\": \"1\", \"banner\": {\"w\": 300, \"h\": 250}}], ",
                 strcmp(name, "site") == 0 ? "\"app\": \"com.example\", " : "\"site\": \"a.example\", ", name,
                 value);
    else
        snprintf(text, sizeof text, "{\"partners\": [{%s%s\"%s\": %s}]}",
                 strcmp(name, "name") == 0 ? "" : "\"name\": \"acme\", ",
                 strcmp(name, "url") == 0 ? "" : "\"url\": \"http://acme.example/\", ", name, value);
    return text;
}

/* What errors call the row's key in such a document. */
static const char *shown_key(const struct config_option *option) {
    static char key[128];
    struct str prefix = config_option_prefix(option);
    bool item = str_ends(prefix, STR("[]."));
    snprintf(key, sizeof key, ": %.*s%s", (int)(item ? prefix.n - 3 : prefix.n), prefix.p,
             item ? "[0]." : "");
    strcat(key, config_option_name(option));
    return key;
}

static void assert_value_refused(const struct config_option *option, const char *value, const char *reason) {
    assert_refused(document_of(option, value), shown_key(option));
    assert_in_error(reason);
}

/* ---- every row ---- */

static void defaults_are_in_range(void **state) {
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (!option->fallback)
            continue;
        struct config *config = load_text(document_of(option, option->fallback));
        if (!config)
            fail_msg("%s: the default is refused: %s", option->path, error);
        config_destroy(config);
        assert_true(option->min <= option->max);
        assert_true(strlen(option->help) > 10);
        assert_null(strpbrk(option->help, "|\n"));
    }
}

static void rows_of_a_section_stand_together(void **state) {
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(config_options[i].path, config_options[j].path);
            struct str prefix = config_option_prefix(&config_options[i]);
            if (prefix.n > 0 && str_eq(prefix, config_option_prefix(&config_options[j])))
                assert_true(str_eq(prefix, config_option_prefix(&config_options[i - 1])));
        }
    }
}

static bool takes(enum config_type type, const char *value) {
    switch (type) {
    case CONFIG_U32:
        return strcmp(value, "7") == 0;
    case CONFIG_DOUBLE:
        return strcmp(value, "7") == 0 || strcmp(value, "7.5") == 0;
    case CONFIG_BOOL:
        return strcmp(value, "true") == 0;
    case CONFIG_STRING:
        return value[0] == '"' || strcmp(value, "null") == 0;
    case CONFIG_ENUM:
        return value[0] == '"';
    case CONFIG_JSON_OBJECT:
        return value[0] == '{' || strcmp(value, "null") == 0;
    case CONFIG_LIST:
    case CONFIG_BITS:
    case CONFIG_JSON_ARRAY:
    case CONFIG_OBJECTS:
        return value[0] == '[';
    }
    return false;
}

static void wrong_types_are_refused(void **state) {
    (void)state;
    static const char *const values[] = {"7", "7.5", "true", "\"x\"", "null", "[]", "{}"};
    for (size_t i = 0; i < config_option_count; i++)
        for (size_t v = 0; v < COUNT_OF(values); v++)
            if (!takes(config_options[i].type, values[v]))
                assert_value_refused(&config_options[i], values[v], "must be ");
}

static void wrong_items_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        enum config_type type = config_options[i].type;
        if (type != CONFIG_LIST && type != CONFIG_BITS && type != CONFIG_JSON_ARRAY && type != CONFIG_OBJECTS)
            continue;
        assert_value_refused(&config_options[i], "[7]", "[0]: must be ");
        assert_value_refused(&config_options[i], "[null]", "[0]: must be ");
        assert_value_refused(&config_options[i], "[[\"x\"]]", "[0]: must be ");
    }
}

static void numbers_out_of_range_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        char below[64], above[64];
        if (option->type == CONFIG_U32) {
            snprintf(below, sizeof below, "%.0f", option->min - 1);
            snprintf(above, sizeof above, "%.0f", option->max + 1);
        } else if (option->type == CONFIG_DOUBLE) {
            snprintf(below, sizeof below, "%.17g", option->min / 2 - 1e-9);
            snprintf(above, sizeof above, "%.17g", option->max * 1.001);
        } else {
            continue;
        }
        assert_value_refused(option, below, ": must be from ");
        assert_value_refused(option, above, ": must be from ");
        assert_value_refused(option, "-1", ": must be from ");
        assert_value_refused(option, "4294967296", ": must be from ");
        assert_value_refused(option, "9223372036854775807", ": must be from ");
    }
}

/* Both ends are inside: refused, if at all, for how they stand to other keys. */
static void ends_of_ranges_are_taken(void **state) {
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->type != CONFIG_U32 && option->type != CONFIG_DOUBLE)
            continue;
        for (int end = 0; end < 2; end++) {
            double wanted = end ? option->max : option->min;
            char value[64];
            snprintf(value, sizeof value, option->type == CONFIG_U32 ? "%.0f" : "%.17g", wanted);
            struct config *config = load_text(document_of(option, value));
            if (!config) {
                assert_null(strstr(error, ": must be from "));
                assert_true(strstr(error, "must be at most ") || strstr(error, "must be less than "));
                continue;
            }
            const char *base = config->partner_count ? (char *)&config->partners[0] : (char *)config;
            if (option->type == CONFIG_U32)
                assert_int_equal(*(const uint32_t *)(base + option->offset), (uint32_t)wanted);
            else
                assert_true(*(const double *)(base + option->offset) == wanted);
            config_destroy(config);
        }
    }
}

static void lengths_out_of_range_are_refused(void **state) {
    (void)state;
    static char value[DOCUMENT_BYTES];
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->type == CONFIG_STRING) {
            size_t n = (size_t)option->max + 1;
            value[0] = '"';
            memset(value + 1, 'A', n);
            memcpy(value + 1 + n, "\"", 2);
            assert_value_refused(option, value, "must ");
            assert_value_refused(option, "\"\"", "must ");
        } else if (option->type == CONFIG_LIST || option->type == CONFIG_BITS ||
                   option->type == CONFIG_JSON_ARRAY || option->type == CONFIG_OBJECTS) {
            size_t at = 0;
            for (size_t item = 0; item <= (size_t)option->max; item++)
                at += (size_t)snprintf(value + at, sizeof value - at, "%c\"x\"", item ? ',' : '[');
            snprintf(value + at, sizeof value - at, "]");
            assert_value_refused(option, value, "must hold ");
            if (option->min > 0)
                assert_value_refused(option, "[]", "must hold ");
        }
    }
}

/* ---- names ---- */

static void unknown_keys_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"{\"lsten\": []}", ": lsten: unknown key, did you mean \"listen\"?"},
        {"{\"partner\": []}", ": partner: unknown key, did you mean \"partners\"?"},
        {"{\"htpp\": {}}", ": htpp: unknown key, did you mean \"http\"?"},
        {"{\"Auction\": {}}", ": Auction: unknown key, did you mean \"auction\"?"},
        {"{\"http\": {\"header_timeot_ms\": 1}}",
         ": http.header_timeot_ms: unknown key, did you mean \"header_timeout_ms\"?"},
        {"{\"http\": {\"imps\": 1}}", ": http.imps: unknown key"},
        {"{\"http.body_bytes\": 5000}", ": \"http.body_bytes\": unknown key"},
        {"{\"partners[]\": {}}", ": \"partners[]\": unknown key, did you mean \"partners\"?"},
        {"{\"breaker\": {\"porbes\": 1}}", ": breaker.porbes: unknown key, did you mean \"probes\"?"},
        {"{\"partners\": [{\"name\": \"a\", \"url\": \"http://a/\", \"time_out_ms\": 5}]}",
         ": partners[0].time_out_ms: unknown key, did you mean \"timeout_ms\"?"},
        {"{\"\": 1}", ": \"\": unknown key"},
        {"{\"a\\nb\\u001b[0m\": 1}", ": \"a\\x0ab\\x1b[0m\": unknown key"},
        {"{\"http\": []}", ": http: must be an object, is an array"},
        {"{\"log_level\": \"inof\"}", "is \"inof\": did you mean \"info\"?"},
        {"{\"log_level\": \"chatty\"}",
         "must be one of \"error\", \"warn\", \"info\", \"debug\", is \"chatty\""},
        {"{\"partners\": [{\"name\": \"a\", \"url\": \"http://a/\", \"media_types\": [\"video\", "
         "\"baner\"]}]}",
         ": partners[0].media_types[1]: must be one of \"banner\", \"video\", \"audio\", \"native\", is "
         "\"baner\": did "
         "you mean \"banner\"?"},
        {"{\"partners\": [{\"name\": \"a\"}]}", ": partners[0].url: must be given"},
        {"{\"partners\": [{\"url\": \"http://a/\"}]}", ": partners[0].name: must be given"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_refused(cases[i].text, cases[i].error);
    assert_refused("{\"http\": {\"imps\": 1}}", "unknown key");
    assert_null(strstr(error, "did you mean"));
}

static void names_have_their_values(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned bit;
    } media[] = {{"banner", MEDIA_BANNER},
                 {"video", MEDIA_VIDEO},
                 {"audio", MEDIA_AUDIO},
                 {"native", MEDIA_NATIVE}},
      channels[] = {{"site", CHANNEL_SITE}, {"app", CHANNEL_APP}, {"dooh", CHANNEL_DOOH}};
    char text[256];
    for (size_t i = 0; i < COUNT_OF(media); i++) {
        snprintf(text, sizeof text,
                 "{\"partners\": [{\"name\": \"a\", \"url\": \"http://a/\", \"media_types\": [\"%s\"], "
                 "\"channels\": [\"%s\"]}]}",
                 media[i].name, channels[i % COUNT_OF(channels)].name);
        struct config *config = load_text(text);
        assert_non_null(config);
        assert_int_equal(config->partners[0].media_types, media[i].bit);
        assert_int_equal(config->partners[0].channels, channels[i % COUNT_OF(channels)].bit);
        config_destroy(config);
    }
    for (enum log_level level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        snprintf(text, sizeof text, "{\"log_level\": \"%s\"}", log_level_name(level));
        struct config *config = load_text(text);
        assert_non_null(config);
        assert_int_equal(config->log_level, level);
        config_destroy(config);
    }
}

/* ---- whole configurations ---- */

static void the_embedded_partners_are_four(void **state) {
    (void)state;
    static const char *const names[] = {"alpha", "beta", "gamma", "delta"};
    struct config *config = config_default();
    assert_non_null(config);
    assert_int_equal(config->partner_count, COUNT_OF(names));
    for (uint32_t i = 0; i < config->partner_count; i++) {
        const struct config_partner *partner = &config->partners[i];
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:9100/%s", names[i]);
        assert_string_equal(partner->name.p, names[i]);
        assert_string_equal(partner->url.p, url);
        assert_true(str_eq(partner->seat, partner->name));
        assert_true(partner->enabled);
        assert_int_equal(partner->media_types, MEDIA_ALL);
        assert_int_equal(partner->channels, CHANNEL_ALL);
    }
    config_destroy(config);
}

static void a_file_gives_what_differs(void **state) {
    (void)state;
    struct config *standard = config_default();
    struct config *config = load_text("{\"auction\": {\"tmax_default_ms\": 300}, \"listen\": [\"[::1]:0\"]}");
    assert_non_null(standard);
    assert_non_null(config);
    assert_int_equal(config->auction.tmax_default_ms, 300);
    assert_int_equal(config->auction.tmax_max_ms, standard->auction.tmax_max_ms);
    assert_memory_equal(&config->breaker, &standard->breaker, sizeof config->breaker);
    assert_int_equal(config->listen.count, 1);
    assert_string_equal(config->listen.items[0].p, "[::1]:0");
    assert_int_equal(config->partner_count, 0);
    assert_false(str_present(config->auction.currency_file));
    config_destroy(config);
    config_destroy(standard);
    config_destroy(NULL);
}

static char *printed(bool (*print)(const struct config *config, FILE *out), const struct config *config) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    assert_true(print(config, out));
    fclose(out);
    return text;
}

static const char rich[] =
    "{\"listen\": [\"127.0.0.1:0\", \"127.0.0.1:0\", \"unix:/run/a \\\"b\\\".sock\"], \"admin_listen\": [],"
    " \"log_level\": \"debug\", \"front_ends\": 4,"
    " \"http\": {\"trusted_proxies\": [\"10.0.0.0/8\", \"unix\"], \"cors_origins\": []},"
    " \"auction\": {\"price_increment\": 0.015, \"default_currency\": \"EUR\", \"currency_file\": "
    "\"rates.json\"},"
    " \"breaker\": {\"enabled\": false, \"failure_share\": 0.333333333333333314829616256247},"
    " \"partners\": [{\"name\": \"A-1\", \"url\": \"https://[2001:db8::1]:8443/x?y=1\", \"seat\": "
    "\"s\\u00e9at\","
    "   \"enabled\": false, \"media_types\": [\"native\", \"banner\"], \"channels\": [\"dooh\"],"
    "   \"countries\": [\"DEU\", \"FRA\"], \"blocked_sites\": [\"example.com\"], \"currencies\": [\"USD\"],"
    "   \"headers\": [\"X-Key: a\\\\b \\\"c\\\"\"], \"traffic_share\": 0.1, \"bid_adjustment\": 0.000001,"
    "   \"requests_per_second\": 7, \"http2\": true, \"ca_file\": \"/etc/ssl/a.pem\"},"
    "  {\"name\": \"b\", \"url\": \"HTTP://b.example\"}]}";

static void what_is_printed_reads_back(void **state) {
    (void)state;
    struct config *configs[] = {config_default(), load_text(rich), load_text("{}")};
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        assert_non_null(configs[i]);
        char *first = printed(config_print, configs[i]);
        struct config *again = load_text(first);
        if (!again)
            fail_msg("refused: %s", error);
        char *second = printed(config_print, again);
        assert_string_equal(first, second);
        assert_int_equal(again->partner_count, configs[i]->partner_count);
        assert_true(again->breaker.failure_share == configs[i]->breaker.failure_share);
        config_destroy(again);
        config_destroy(configs[i]);
        free(first);
        free(second);
    }
}

static void a_rich_file_is_read(void **state) {
    (void)state;
    struct config *config = load_text(rich);
    assert_non_null(config);
    assert_int_equal(config->listen.count, 3);
    assert_string_equal(config->listen.items[2].p, "unix:/run/a \"b\".sock");
    assert_int_equal(config->admin_listen.count, 0);
    assert_true(config->breaker.failure_share == 0.33333333333333331);
    const struct config_partner *partner = &config->partners[0];
    assert_int_equal(partner->media_types, MEDIA_BANNER | MEDIA_NATIVE);
    assert_true(str_eq(partner->seat, STR("s\xc3\xa9"
                                          "at")));
    assert_string_equal(partner->headers.items[0].p, "X-Key: a\\b \"c\"");
    assert_string_equal(partner->ca_file.p, "/etc/ssl/a.pem");
    assert_true(str_list_has(&partner->countries, STR("FRA")));
    assert_false(partner->enabled);
    assert_false(str_present(config->partners[1].ca_file));
    config_destroy(config);
}

/* ---- the table, printed ---- */

static bool print_markdown(const struct config *config, FILE *out) {
    (void)config;
    return config_print_options(out, true);
}

static bool print_json(const struct config *config, FILE *out) {
    (void)config;
    return config_print_options(out, false);
}

static void the_page_is_the_table(void **state) {
    (void)state;
    FILE *file = fopen(SLIMBID_SOURCE_DIR "/docs/configuration.md", "r");
    assert_non_null(file);
    static char page[DOCUMENT_BYTES];
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    char *made = printed(print_markdown, NULL);
    if (strcmp(page, made) != 0)
        fail_msg("docs/configuration.md is old: slimbid --print-options=markdown > docs/configuration.md");
    for (size_t i = 0; i < config_option_count; i++) {
        char cell[96];
        snprintf(cell, sizeof cell, "| `%s` |", config_option_name(&config_options[i]));
        if (config_options[i].type != CONFIG_OBJECTS)
            assert_non_null(strstr(made, cell));
    }
    free(made);
}

static void the_json_table_names_every_key(void **state) {
    (void)state;
    char *made = printed(print_json, NULL);
    for (size_t i = 0; i < config_option_count; i++) {
        char part[160];
        snprintf(part, sizeof part, "{\"key\": \"%s\", \"type\": \"%s\", \"unit\": \"",
                 config_options[i].path, config_type_name(config_options[i].type));
        assert_non_null(strstr(made, part));
    }
    /* An array of objects is refused as a configuration only after it was read as JSON. */
    assert_refused(made, ": must be one JSON object, is an array");
    free(made);
}

/* ---- placements ---- */

#define PLACEMENT(members) "{\"placements\": [{\"name\": \"front\", " members "}]}"
#define IMPS               "\"imps\": [{\"id\": \"1\", \"banner\": {\"w\": 300, \"h\": 250}}]"

static void placements_are_checked_as_bid_requests(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {PLACEMENT(IMPS), ": placements[0].site: either site or app must be given, and not both"},
        {PLACEMENT("\"site\": \"a.example\", \"app\": \"b\", " IMPS), ": placements[0].site: either"},
        {PLACEMENT("\"site\": \"a.example\""), ": placements[0].imps: must be given"},
        {PLACEMENT("\"site\": \"a.example\", \"imps\": []"), ": placements[0].imps: must hold 1 to 100 imps"},
        {PLACEMENT("\"site\": \"a.example\", \"imps\": [{\"id\": \"1\", \"banner\": {\"w\": -1, \"h\": 2}}]"),
         ": placements[0].imps[0].banner.w: must be >= 0"},
        {PLACEMENT("\"site\": \"a.example\", \"channel\": {\"publisher\": 7}, " IMPS),
         ": placements[0].channel.publisher: must be an object"},
        {PLACEMENT("\"site\": \"a.example\", \"channel\": {\"page\": \"http://b/\"}, " IMPS),
         ": placements[0].channel.page: duplicate key"},
        {PLACEMENT("\"app\": \"b\", \"channel\": {\"bundle\": \"c\"}, " IMPS),
         ": placements[0].channel.bundle: duplicate key"},
        {PLACEMENT("\"site\": \"a.example\", \"request\": {\"tmax\": \"x\"}, " IMPS),
         ": placements[0].request.tmax: must be"},
        {PLACEMENT("\"site\": \"a.example\", \"request\": {\"user\": {}}, " IMPS),
         ": placements[0].request.user: duplicate key"},
        {PLACEMENT("\"site\": \"a.example\", \"auction\": \"never\", " IMPS),
         ": placements[0].auction: must be one of \"answered\", \"always\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_refused(cases[i].text, cases[i].error);
    struct config *config = load_text(PLACEMENT(
        "\"site\": \"a.example\", \"path\": \"/a/*\", \"cat\": [\"IAB1\"], \"auction\": \"always\", "
        "\"channel\": {\"publisher\": {\"id\": \"7\"}}, \"request\": {\"at\": 1}, " IMPS));
    if (!config)
        fail_msg("%s", error);
    assert_int_equal(config->placement_count, 1);
    const struct config_placement *placement = &config->placements[0];
    assert_true(str_eq(placement->imps, STR("[{\"id\":\"1\",\"banner\":{\"w\":300,\"h\":250}}]")));
    assert_true(str_eq(placement->channel, STR("{\"publisher\":{\"id\":\"7\"}}")));
    assert_true(str_eq(placement->request, STR("{\"at\":1}")));
    assert_int_equal(placement->auction, PLACEMENT_AUCTION_ALWAYS);
    config_destroy(config);
}

static void printing_to_a_full_disk_fails(void **state) {
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    struct config *config = config_default();
    if (!full)
        skip();
    assert_false(config_print(config, full));
    assert_false(config_print_options(full, true));
    fclose(full);
    config_destroy(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_in_range),
        cmocka_unit_test(rows_of_a_section_stand_together),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(wrong_items_are_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(ends_of_ranges_are_taken),
        cmocka_unit_test(lengths_out_of_range_are_refused),
        cmocka_unit_test(unknown_keys_are_refused),
        cmocka_unit_test(names_have_their_values),
        cmocka_unit_test(the_embedded_partners_are_four),
        cmocka_unit_test(a_file_gives_what_differs),
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(a_rich_file_is_read),
        cmocka_unit_test(the_page_is_the_table),
        cmocka_unit_test(the_json_table_names_every_key),
        cmocka_unit_test(placements_are_checked_as_bid_requests),
        cmocka_unit_test(printing_to_a_full_disk_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
