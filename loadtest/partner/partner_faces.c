/* The table of faces; see partner_faces.h. */
#include "partner/partner_faces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

/* The --face text for a name: what follows "NAME=", or absent. */
static struct str spec_of(const struct faces *faces, struct str name) {
    for (size_t i = 0; i < faces->spec_count; i++) {
        struct str spec = str_from(faces->specs[i]);
        if (spec.n > name.n && spec.p[name.n] == '=' && memcmp(spec.p, name.p, name.n) == 0)
            return (struct str){spec.p + name.n + 1, spec.n - name.n - 1};
    }
    return (struct str){NULL, 0};
}

static bool name_valid(struct str name) {
    if (name.n == 0 || name.n > FACE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

int faces_init(struct faces *faces, uint64_t seed, const char *const *specs, size_t spec_count, char *error,
               size_t error_size) {
    *faces = (struct faces){.seed = seed, .specs = specs, .spec_count = spec_count};
    for (size_t i = 0; i < spec_count; i++) {
        struct str spec = str_from(specs[i]);
        const char *end = memchr(spec.p, '=', spec.n);
        struct str name = {spec.p, end ? (size_t)(end - spec.p) : spec.n};
        char path[FACE_NAME_MAX + 1];
        if (!end || !name_valid(name)) {
            snprintf(error, error_size, "a face is NAME=QUERY: %s", specs[i]);
            goto fail;
        }
        path[0] = '/';
        memcpy(path + 1, name.p, name.n);
        if (!faces_find(faces, (struct str){path, name.n + 1}, (struct str){NULL, 0}, error, error_size))
            goto fail;
    }
    return 0;
fail:
    faces_cleanup(faces);
    return -1;
}

void faces_cleanup(struct faces *faces) {
    for (size_t i = 0; i < COUNT_OF(faces->slots); i++) {
        free(faces->slots[i]);
        faces->slots[i] = NULL;
    }
    faces->count = 0;
}

/* The entry and its texts in one block. */
static struct face_entry *entry_create(struct faces *faces, struct str path, struct str query, char *error,
                                       size_t error_size) {
    struct str name = {path.p + 1, path.n - 1};
    size_t key_n = path.n + (query.n > 0 ? 1 + query.n : 0);
    if (!name_valid(name) || key_n > FACE_SPEC_MAX) {
        snprintf(error, error_size, "no face of that name");
        return NULL;
    }
    struct face_entry *entry = calloc(1, sizeof *entry + key_n);
    if (!entry) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    char *key = (char *)(entry + 1);
    memcpy(key, path.p, path.n);
    if (query.n > 0) {
        key[path.n] = '?';
        memcpy(key + path.n + 1, query.p, query.n);
    }
    entry->key = (struct str){key, key_n};
    entry->name = (struct str){key + 1, name.n};
    entry->seed = hash_bytes(name, faces->seed);
    face_default(&entry->face);
    if (face_parse(spec_of(faces, name), &entry->face, error, error_size) != 0 ||
        face_parse(query, &entry->face, error, error_size) != 0) {
        free(entry);
        return NULL;
    }
    return entry;
}

static bool key_is(const struct face_entry *entry, struct str path, struct str query) {
    size_t extra = query.n > 0 ? 1 + query.n : 0;
    return entry->key.n == path.n + extra && memcmp(entry->key.p, path.p, path.n) == 0 &&
           (extra == 0 ||
            (entry->key.p[path.n] == '?' && memcmp(entry->key.p + path.n + 1, query.p, query.n) == 0));
}

struct face_entry *faces_find(struct faces *faces, struct str path, struct str query, char *error,
                              size_t error_size) {
    if (path.n < 2 || path.p[0] != '/') {
        snprintf(error, error_size, "no face of that name");
        return NULL;
    }
    size_t at = hash_bytes(query, hash_bytes(path, 0)) % COUNT_OF(faces->slots);
    for (; faces->slots[at]; at = (at + 1) % COUNT_OF(faces->slots))
        if (key_is(faces->slots[at], path, query))
            return faces->slots[at];
    if (faces->count == FACES_MAX) {
        snprintf(error, error_size, "too many faces");
        return NULL;
    }
    struct face_entry *entry = entry_create(faces, path, query, error, error_size);
    if (entry) {
        faces->slots[at] = entry;
        faces->count++;
    }
    return entry;
}

static void write_entry(const struct face_entry *entry, struct buf *out) {
    BUF_ADD_LIT(out, "{\"face\":");
    buf_add_json_string(out, entry->key);
    buf_printf(out,
               ",\"name\":\"%.*s\",\"mode\":\"%s\",\"requests\":%" PRIu64 ",\"imps\":%" PRIu64
               ",\"bids\":%" PRIu64 ",\"no_bids\":%" PRIu64 ",\"misbehaved\":%" PRIu64
               ",\"bad_requests\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"waiting\":%" PRIu64 "}",
               STR_ARG(entry->name), face_mode_name(entry->face.mode), entry->counts.requests,
               entry->counts.imps, entry->counts.bids, entry->counts.no_bids, entry->counts.misbehaved,
               entry->counts.bad_requests, entry->counts.gone, entry->counts.waiting);
}

void faces_write_status(const struct faces *faces, struct buf *out) {
    size_t written = 0;
    BUF_ADD_LIT(out, "[");
    for (size_t i = 0; i < COUNT_OF(faces->slots); i++) {
        if (!faces->slots[i])
            continue;
        if (written++ > 0)
            BUF_ADD_LIT(out, ",");
        write_entry(faces->slots[i], out);
    }
    BUF_ADD_LIT(out, "]");
}
