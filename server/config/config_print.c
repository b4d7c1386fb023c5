/* Prints a configuration and the table of keys; see config.h. */
#include "config/config.h"

#include "base/buf.h"
#include "config/config_options.h"

#define PRINT_BYTES (64u << 20) /* more than any configuration takes */

static bool give(struct buf *out, FILE *file) {
    bool good = !out->failed && fwrite(out->p, 1, out->n, file) == out->n && fflush(file) == 0;
    buf_cleanup(out);
    return good;
}

/* ---- the effective configuration ---- */

static void add_text(struct buf *out, struct str s) {
    if (str_present(s))
        buf_add_json_string(out, s);
    else
        BUF_ADD_LIT(out, "null");
}

static void add_list(struct buf *out, const struct str_list *list) {
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        add_text(out, list->items[i]);
    }
    buf_add_char(out, ']');
}

static void add_bits(struct buf *out, unsigned bits, const char *const *names) {
    const char *between = "";
    buf_add_char(out, '[');
    for (unsigned i = 0; names[i]; i++) {
        if (!(bits & (1u << i)))
            continue;
        buf_printf(out, "%s\"%s\"", between, names[i]);
        between = ", ";
    }
    buf_add_char(out, ']');
}

static void add_objects(struct buf *out, const struct config_option *option, const struct config *config);

static void add_value(struct buf *out, const struct config_option *option, const void *base) {
    const void *field = (const char *)base + option->offset;
    switch (option->type) {
    case CONFIG_U32:
        buf_add_uint(out, *(const uint32_t *)field);
        break;
    case CONFIG_DOUBLE:
        buf_add_double(out, *(const double *)field);
        break;
    case CONFIG_BOOL:
        buf_add_str(out, *(const bool *)field ? STR("true") : STR("false"));
        break;
    case CONFIG_STRING:
        add_text(out, *(const struct str *)field);
        break;
    case CONFIG_LIST:
        add_list(out, field);
        break;
    case CONFIG_ENUM:
        buf_printf(out, "\"%s\"", option->names[*(const unsigned *)field]);
        break;
    case CONFIG_BITS:
        add_bits(out, *(const unsigned *)field, option->names);
        break;
    case CONFIG_JSON_OBJECT:
    case CONFIG_JSON_ARRAY:
        buf_add_str(out, str_present(*(const struct str *)field) ? *(const struct str *)field : STR("null"));
        break;
    case CONFIG_OBJECTS:
        add_objects(out, option, base);
        break;
    }
}

/* The rows of one prefix as members of an object that base holds. */
static void add_members(struct buf *out, struct str prefix, const void *base, const char *indent) {
    const char *between = "\n";
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (!str_eq(config_option_prefix(option), prefix))
            continue;
        buf_printf(out, "%s%s\"%s\": ", between, indent, config_option_name(option));
        add_value(out, option, base);
        between = ",\n";
    }
}

static void add_objects(struct buf *out, const struct config_option *option, const struct config *config) {
    const struct config_objects *objects = option->objects;
    const char *items = *(char *const *)((const char *)config + option->offset);
    uint32_t count = *(const uint32_t *)((const char *)config + objects->count_offset);
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        buf_add_str(out, i ? STR(",\n    {") : STR("\n    {"));
        add_members(out, str_from(objects->prefix), items + i * objects->item_size, "      ");
        BUF_ADD_LIT(out, "\n    }");
    }
    buf_add_str(out, count ? STR("\n  ]") : STR("]"));
}

/* Whether the row is the first of its prefix: where its section begins. */
static bool begins_section(size_t i) {
    struct str prefix = config_option_prefix(&config_options[i]);
    return i == 0 || !str_eq(prefix, config_option_prefix(&config_options[i - 1]));
}

bool config_print(const struct config *config, FILE *file) {
    struct buf out;
    buf_init(&out, PRINT_BYTES);
    buf_add_char(&out, '{');
    const char *between = "\n";
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        struct str prefix = config_option_prefix(option);
        if (str_ends(prefix, STR("].")) || (prefix.n > 0 && !begins_section(i)))
            continue;
        buf_printf(&out, "%s  ", between);
        between = ",\n";
        if (prefix.n == 0) {
            buf_printf(&out, "\"%s\": ", option->path);
            add_value(&out, option, config);
            continue;
        }
        buf_printf(&out, "\"%.*s\": {", (int)prefix.n - 1, prefix.p);
        add_members(&out, prefix, config, "    ");
        BUF_ADD_LIT(&out, "\n  }");
    }
    BUF_ADD_LIT(&out, "\n}\n");
    return give(&out, file);
}

/* ---- the table as JSON ---- */

static void add_option_json(struct buf *out, const struct config_option *option) {
    buf_printf(out, "  {\"key\": \"%s\", \"type\": \"%s\", \"unit\": ", option->path,
               config_type_name(option->type));
    buf_add_json_string(out, str_from(option->unit));
    buf_printf(out,
               ", \"default\": %s, \"required\": %s, \"min\": ", option->fallback ? option->fallback : "null",
               option->fallback ? "false" : "true");
    buf_add_double(out, option->min);
    BUF_ADD_LIT(out, ", \"max\": ");
    buf_add_double(out, option->max);
    if (option->names) {
        BUF_ADD_LIT(out, ", \"names\": ");
        add_bits(out, ~0u, option->names);
    }
    buf_printf(out, ", \"reloadable\": %s, \"help\": ", option->reloadable ? "true" : "false");
    buf_add_json_string(out, str_from(option->help));
    buf_add_char(out, '}');
}

static bool print_options_json(FILE *file) {
    struct buf out;
    buf_init(&out, PRINT_BYTES);
    BUF_ADD_LIT(&out, "[\n");
    for (size_t i = 0; i < config_option_count; i++) {
        add_option_json(&out, &config_options[i]);
        buf_add_str(&out, i + 1 < config_option_count ? STR(",\n") : STR("\n"));
    }
    BUF_ADD_LIT(&out, "]\n");
    return give(&out, file);
}

/* ---- the table as a page ---- */

static const char intro[] =
    "# Configuration\n"
    "\n"
    "<!-- Made by `slimbid --print-options=markdown`. Change server/config/config_options.c instead. -->\n"
    "\n"
    "slimbid reads one JSON file (at most 4 MiB), named by `--config FILE`. The file gives only what "
    "differs\n"
    "from the defaults:\n"
    "\n"
    "```json\n"
    "{\n"
    "  \"listen\": [\"*:8080\", \"unix:/run/slimbid/http.sock\"],\n"
    "  \"auction\": {\"tmax_default_ms\": 300},\n"
    "  \"partners\": [\n"
    "    {\"name\": \"acme\", \"url\": \"https://bid.acme.example/openrtb2\", \"media_types\": [\"banner\", "
    "\"video\"]}\n"
    "  ]\n"
    "}\n"
    "```\n"
    "\n"
    "- An unknown or repeated key, a wrong type, a value out of range and anything that is not JSON is "
    "refused as\n"
    "  `FILE: KEY: reason` (`FILE:LINE:COLUMN: reason` where the JSON itself is broken), with exit status "
    "2.\n"
    "- `--check-config` only checks; `--print-config` prints what is in effect, defaults included, as a file "
    "that\n"
    "  can be read again.\n"
    "- Without a file, slimbid runs on the defaults below and four local demo partners (`alpha`, `beta`, "
    "`gamma`\n"
    "  and `delta` at `http://127.0.0.1:9100/NAME`). A file without `partners` has none.\n"
    "- Nothing is unlimited by default. Ranges include both ends; of a string they count bytes, of a list "
    "items.\n"
    "- Across keys: `auction.tmax_min_ms` <= `auction.tmax_default_ms` <= `auction.tmax_max_ms`,\n"
    "  `auction.reply_margin_ms` < `auction.tmax_min_ms`, `breaker.open_ms` <= `breaker.open_max_ms`; no "
    "address is\n"
    "  listed twice in `listen` and `admin_listen`; partners' names differ by more than case; `http2` needs "
    "an\n"
    "  https url.\n"
    "- `currency_file`, `keys_file` and each `ca_file` must be readable, or slimbid does not start; others "
    "than its\n"
    "  owner must not be able to read `keys_file`.\n";

static void add_heading(struct buf *out, struct str prefix) {
    if (prefix.n == 0)
        BUF_ADD_LIT(out, "\n## General\n");
    else
        buf_printf(out, "\n## %.*s\n", (int)prefix.n - 1, prefix.p);
    BUF_ADD_LIT(out, "\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
}

static const char *type_words(enum config_type type) {
    switch (type) {
    case CONFIG_U32:
        return "whole number";
    case CONFIG_DOUBLE:
        return "number";
    case CONFIG_BOOL:
        return "true or false";
    case CONFIG_STRING:
        return "string";
    case CONFIG_LIST:
        return "list of strings";
    case CONFIG_ENUM:
        return "one name";
    case CONFIG_BITS:
        return "list of names";
    case CONFIG_JSON_OBJECT:
        return "object";
    case CONFIG_JSON_ARRAY:
    case CONFIG_OBJECTS:
        return "list of objects";
    }
    return "";
}

static void add_range(struct buf *out, const struct config_option *option) {
    if (option->names) {
        for (unsigned i = 0; option->names[i]; i++)
            buf_printf(out, "%s`%s`", i ? ", " : "", option->names[i]);
        return;
    }
    if (option->type == CONFIG_BOOL) {
        BUF_ADD_LIT(out, "`true`, `false`");
        return;
    }
    buf_add_double(out, option->min);
    if (option->min < option->max) {
        BUF_ADD_LIT(out, " to ");
        buf_add_double(out, option->max);
    }
    if (option->type == CONFIG_STRING)
        BUF_ADD_LIT(out, " bytes");
    else if (option->unit[0])
        buf_printf(out, " %s", option->unit);
}

static void add_option_row(struct buf *out, const struct config_option *option) {
    buf_printf(out, "| `%s` | %s | ", config_option_name(option), type_words(option->type));
    if (!option->fallback)
        BUF_ADD_LIT(out, "must be given");
    else if (strcmp(option->fallback, "null") == 0)
        BUF_ADD_LIT(out, "absent");
    else
        buf_printf(out, "`%s`", option->fallback);
    BUF_ADD_LIT(out, " | ");
    add_range(out, option);
    buf_printf(out, " | %s |\n", option->help);
}

static bool print_options_markdown(FILE *file) {
    struct buf out;
    buf_init(&out, PRINT_BYTES);
    buf_add_str(&out, str_from(intro));
    for (size_t i = 0; i < config_option_count; i++) {
        if (config_options[i].type == CONFIG_OBJECTS)
            continue; /* its own section follows */
        struct str prefix = config_option_prefix(&config_options[i]);
        if (begins_section(i))
            add_heading(&out, prefix);
        add_option_row(&out, &config_options[i]);
    }
    return give(&out, file);
}

bool config_print_options(FILE *out, bool markdown) {
    return markdown ? print_options_markdown(out) : print_options_json(out);
}
