/* Reads arrays of objects that have rows of their own; see config_reader.h. */
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

static int read_item(struct config_reader *reader, const struct config_option *option, size_t i, json_t *json,
                     void *item) {
    const struct config_objects *objects = option->objects;
    char shown[48];
    struct config_scope scope = {objects->prefix, shown, item};
    snprintf(shown, sizeof shown, "%s[%zu]", option->path, i);
    if (!json_is_object(json))
        return config_fail(reader, shown, "must be an object, is %s", json_file_kind(json));
    snprintf(shown, sizeof shown, "%s[%zu].", option->path, i);
    if (config_scope_defaults(reader, &scope) != 0 || config_scope_read(reader, &scope, json) != 0 ||
        check_required(reader, &scope) != 0)
        return -1;
    return objects->finish(reader, shown, item);
}

int config_objects_read(struct config_reader *reader, const struct config_option *option, json_t *json) {
    const struct config_objects *objects = option->objects;
    if (!json_is_array(json))
        return config_fail(reader, option->path, "must be an array of objects, is %s", json_file_kind(json));
    size_t count = json_array_size(json);
    if ((double)count > option->max)
        return config_fail(reader, option->path, "must hold at most %.0f %s, holds %zu", option->max,
                           option->unit, count);
    char *items = arena_calloc(reader->arena, count, objects->item_size);
    if (!items)
        return config_fail(reader, option->path, "out of memory");
    *(char **)((char *)reader->config + option->offset) = items;
    *(uint32_t *)((char *)reader->config + objects->count_offset) = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        if (read_item(reader, option, i, json_array_get(json, i), items + i * objects->item_size) != 0)
            return -1;
    return 0;
}

int config_partner_finish(struct config_reader *reader, const char *shown, void *item) {
    (void)reader;
    (void)shown;
    struct config_partner *partner = item;
    if (!str_present(partner->seat))
        partner->seat = partner->name;
    return 0;
}
