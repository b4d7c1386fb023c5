/* Makes a configuration from the table's defaults and a JSON document; see config.h. */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "config/config_reader.h"
#include "config/config_suggest.h"
#include "currency/json_file.h"

#define CONFIG_FILE_BYTES  (4u << 20)
#define CONFIG_ARENA_BYTES (64u << 20) /* a list item costs up to 8 times its bytes in the file */

/* Partners that the demo starts on this machine; only the embedded configuration has them. */
static const char embedded[] = "{\"partners\": ["
                               "{\"name\": \"alpha\", \"url\": \"http://127.0.0.1:9100/alpha\"},"
                               "{\"name\": \"beta\", \"url\": \"http://127.0.0.1:9100/beta\"},"
                               "{\"name\": \"gamma\", \"url\": \"http://127.0.0.1:9100/gamma\"},"
                               "{\"name\": \"delta\", \"url\": \"http://127.0.0.1:9100/delta\"}"
                               "]}";

struct config_memory {
    struct arena_pool pool;
    struct arena arena;
};

static struct config *config_create(void) {
    struct config *config = calloc(1, sizeof *config);
    struct config_memory *memory = malloc(sizeof *memory);
    if (!config || !memory) {
        free(config);
        free(memory);
        return NULL;
    }
    arena_pool_init(&memory->pool, 0);
    arena_init(&memory->arena, &memory->pool, CONFIG_ARENA_BYTES);
    config->owned = memory;
    return config;
}

void config_destroy(struct config *config) {
    if (!config)
        return;
    struct config_memory *memory = config->owned;
    arena_reset(&memory->arena);
    arena_pool_cleanup(&memory->pool);
    free(memory);
    free(config);
}

/* ---- members of objects ---- */

/* A key as errors show it; one that is no plain name is quoted. */
static void show_key(char *out, size_t out_size, const char *scope, const char *key) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    char quoted[80];
    size_t n = strlen(key);
    if (n == 0 || n > 64 || strspn(key, plain) != n)
        key = log_quote((struct str){key, n}, quoted, sizeof quoted);
    snprintf(out, out_size, "%s%s", scope, key);
}

static const struct config_option *find_option(const char *prefix, const char *key) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (str_eq(config_option_prefix(option), str_from(prefix)) &&
            strcmp(config_option_name(option), key) == 0)
            return option;
    }
    return NULL;
}

/* The prefix of the root's section of that name, as the table has it: 0, or -1 when there is none. */
static int find_section(const char *name, char *prefix, size_t prefix_size) {
    int n = snprintf(prefix, prefix_size, "%s.", name);
    if (n < 0 || (size_t)n >= prefix_size)
        return -1;
    for (size_t i = 0; i < config_option_count; i++)
        if (str_eq(config_option_prefix(&config_options[i]), str_from(prefix)))
            return 0;
    return -1;
}

/* The keys beside this one, at the root the sections too. */
static int fail_unknown(struct config_reader *reader, const struct config_scope *scope, const char *shown,
                        const char *key) {
    struct config_suggestion near;
    config_suggestion_begin(&near, str_from(key));
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        struct str prefix = config_option_prefix(option);
        if (str_eq(prefix, str_from(scope->prefix)))
            config_suggestion_offer(&near, str_from(config_option_name(option)));
        else if (!scope->prefix[0] && !str_ends(prefix, STR("].")))
            config_suggestion_offer(&near, (struct str){prefix.p, prefix.n - 1});
    }
    if (!str_present(near.best))
        return config_fail(reader, shown, "unknown key");
    return config_fail(reader, shown, "unknown key, did you mean \"%.*s\"?", STR_ARG(near.best));
}

static int read_member(struct config_reader *reader, const struct config_scope *scope, const char *key,
                       json_t *value) {
    char shown[CONFIG_KEY_BYTES];
    char prefix[32];
    show_key(shown, sizeof shown, scope->shown, key);
    const struct config_option *option = find_option(scope->prefix, key);
    if (option)
        return config_value_read(reader, option, shown, value, scope->base);
    if (scope->prefix[0] || find_section(key, prefix, sizeof prefix) != 0 || strchr(key, '['))
        return fail_unknown(reader, scope, shown, key);
    if (!json_is_object(value))
        return config_fail(reader, shown, "must be an object, is %s", json_file_kind(value));
    struct config_scope section = {prefix, prefix, scope->base};
    return config_scope_read(reader, &section, value);
}

int config_scope_read(struct config_reader *reader, const struct config_scope *scope, json_t *object) {
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value) {
        if (read_member(reader, scope, key, value) != 0)
            return -1;
    }
    return 0;
}

/* ---- the whole ---- */

static int read_default(struct config_reader *reader, const struct config_option *option, void *base) {
    json_t *value = json_loads(option->fallback, JSON_DECODE_ANY, NULL);
    if (!value)
        return config_fail(reader, option->path, "out of memory");
    int result = config_value_read(reader, option, option->path, value, base);
    json_decref(value);
    return result;
}

int config_scope_defaults(struct config_reader *reader, const struct config_scope *scope) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (!option->fallback || !str_eq(config_option_prefix(option), str_from(scope->prefix)))
            continue;
        if (read_default(reader, option, scope->base) != 0)
            return -1;
    }
    return 0;
}

/* Defaults of the root and of every section: all rows but those of objects in lists. */
static int read_all_defaults(struct config_reader *reader) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (!str_ends(config_option_prefix(option), STR("].")) &&
            read_default(reader, option, reader->config) != 0)
            return -1;
    }
    return 0;
}

static struct config *config_build(const char *file, json_t *root, char *error, size_t error_size) {
    struct config *config = config_create();
    if (!config) {
        snprintf(error, error_size, "%s: out of memory", file);
        return NULL;
    }
    struct config_memory *memory = config->owned;
    struct config_reader reader = {file, config, &memory->arena, error, error_size};
    struct config_scope scope = {"", "", config};
    int result = -1;
    if (!json_is_object(root))
        config_fail(&reader, NULL, "must be one JSON object, is %s", json_file_kind(root));
    else if (read_all_defaults(&reader) == 0 && config_scope_read(&reader, &scope, root) == 0)
        result = config_check(&reader);
    if (result == 0)
        return config;
    config_destroy(config);
    return NULL;
}

struct config *config_load(const char *path, char *error, size_t error_size) {
    json_t *root = json_file_read(path, CONFIG_FILE_BYTES, error, error_size);
    if (!root)
        return NULL;
    struct config *config = config_build(path, root, error, error_size);
    json_decref(root);
    return config;
}

struct config *config_default(void) {
    char error[CONFIG_ERROR_BYTES];
    json_t *root = json_loads(embedded, 0, NULL);
    if (!root)
        return NULL;
    struct config *config = config_build("embedded defaults", root, error, sizeof error);
    json_decref(root);
    return config;
}
