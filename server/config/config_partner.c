/* Reads the array of partners; see config_reader.h. */
#include <stdio.h>

#include <jansson.h>

#include "config/config_reader.h"
#include "currency/json_file.h"

/* Keys without a default are strings: absent means that nobody gave them. */
static int check_required(struct config_reader *reader, const struct config_scope *scope) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->fallback || !str_eq(config_option_prefix(option), str_from(scope->prefix)))
            continue;
        const struct str *field = (const struct str *)((const char *)scope->base + option->offset);
        if (str_present(*field))
            continue;
        char key[CONFIG_KEY_BYTES];
        snprintf(key, sizeof key, "%s%s", scope->shown, config_option_name(option));
        return config_fail(reader, key, "must be given");
    }
    return 0;
}

static int read_partner(struct config_reader *reader, size_t i, json_t *json) {
    struct config_partner *partner = &reader->config->partners[i];
    char shown[32];
    struct config_scope scope = {"partners[].", shown, partner};
    snprintf(shown, sizeof shown, "partners[%zu]", i);
    if (!json_is_object(json))
        return config_fail(reader, shown, "must be an object, is %s", json_file_kind(json));
    snprintf(shown, sizeof shown, "partners[%zu].", i);
    if (config_scope_defaults(reader, &scope) != 0 || config_scope_read(reader, &scope, json) != 0 ||
        check_required(reader, &scope) != 0)
        return -1;
    if (!str_present(partner->seat))
        partner->seat = partner->name;
    return 0;
}

int config_partners_read(struct config_reader *reader, json_t *json) {
    struct config *config = reader->config;
    if (!json_is_array(json))
        return config_fail(reader, "partners", "must be an array of objects, is %s", json_file_kind(json));
    size_t count = json_array_size(json);
    if (count > CONFIG_MAX_PARTNERS)
        return config_fail(reader, "partners", "must hold at most %d partners, holds %zu",
                           CONFIG_MAX_PARTNERS, count);
    config->partners = arena_calloc(reader->arena, count, sizeof *config->partners);
    if (!config->partners)
        return config_fail(reader, "partners", "out of memory");
    config->partner_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        if (read_partner(reader, i, json_array_get(json, i)) != 0)
            return -1;
    return 0;
}
