/* Control groups' limits; see container_memory.h. */
#include "budget/container_memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define LINE_BYTES  8192
#define MOST_LEVELS 64                  /* of groups above each other */
#define V1_NO_LIMIT 0x7fffffffffff0000u /* what v1 says where there is none: the last page of 2^63 */

const char *memory_source_name(enum memory_source source) {
    static const char *const names[MEMORY_SOURCES] = {
        [MEMORY_SOURCE_NONE] = "none",       [MEMORY_SOURCE_MACHINE] = "machine",
        [MEMORY_SOURCE_CGROUP1] = "cgroup1", [MEMORY_SOURCE_CGROUP2] = "cgroup2",
        [MEMORY_SOURCE_CONFIG] = "config",
    };
    return names[source];
}

/* A hierarchy of groups, v1 or v2: where it is mounted, and where in it this process is. */
struct hierarchy {
    enum memory_source source;
    char path[PATH_MAX];  /* of the group, from the hierarchy's root; "" when there is none */
    char root[PATH_MAX];  /* of the mount, from the hierarchy's root */
    char mount[PATH_MAX]; /* where it is mounted; "" when it is not */
};

static FILE *open_below(const char *root, const char *directory, const char *file) {
    char path[3 * PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s%s", root, directory, file);
    return n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
}

/* Whether the comma-separated list holds the word. */
static bool list_has(const char *list, const char *word) {
    size_t n = strlen(word);
    for (const char *p = list; *p; p += *p == ',') {
        size_t item = strcspn(p, ",");
        if (item == n && memcmp(p, word, n) == 0)
            return true;
        p += item;
    }
    return false;
}

/* ---- /proc/self/cgroup: "4:memory:/docker/abc", v2: "0::/abc" ---- */

static void copy_text(char *to, size_t size, const char *from) {
    if (strlen(from) < size)
        memcpy(to, from, strlen(from) + 1);
}

static void read_paths(const char *root, struct hierarchy *v1, struct hierarchy *v2) {
    char line[LINE_BYTES];
    FILE *file = open_below(root, "", "/proc/self/cgroup");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *controllers++ = '\0';
        *path++ = '\0';
        if (strcmp(line, "0") == 0 && *controllers == '\0')
            copy_text(v2->path, sizeof v2->path, path);
        else if (list_has(controllers, "memory"))
            copy_text(v1->path, sizeof v1->path, path);
    }
    fclose(file);
}

/* ---- /proc/self/mountinfo ---- */

/* Blanks in paths are written \040 (proc(5)). */
static void unescape(char *text) {
    char *to = text;
    for (const char *p = text; *p; to++) {
        bool octal = p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
                     p[3] >= '0' && p[3] <= '7';
        *to = octal ? (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0')) : *p;
        p += octal ? 4 : 1;
    }
    *to = '\0';
}

/* "31 23 0:28 ROOT MOUNT options [more] - TYPE SOURCE OPTIONS" */
static void read_mount(char *line, struct hierarchy *v1, struct hierarchy *v2) {
    char *fields[5], *save = NULL;
    char *rest = strstr(line, " - ");
    if (!rest)
        return;
    *rest = '\0';
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        fields[i] = strtok_r(i ? NULL : line, " ", &save);
        if (!fields[i])
            return;
    }
    char *type = strtok_r(rest + 3, " ", &save);
    char *source = type ? strtok_r(NULL, " ", &save) : NULL;
    char *options = source ? strtok_r(NULL, " \n", &save) : NULL;
    struct hierarchy *hierarchy = NULL;
    if (options && strcmp(type, "cgroup2") == 0)
        hierarchy = v2;
    else if (options && strcmp(type, "cgroup") == 0 && list_has(options, "memory"))
        hierarchy = v1;
    if (!hierarchy || hierarchy->mount[0])
        return; /* the first mount will do */
    unescape(fields[3]);
    unescape(fields[4]);
    copy_text(hierarchy->root, sizeof hierarchy->root, fields[3]);
    copy_text(hierarchy->mount, sizeof hierarchy->mount, fields[4]);
}

static void read_mounts(const char *root, struct hierarchy *v1, struct hierarchy *v2) {
    char line[LINE_BYTES];
    FILE *file = open_below(root, "", "/proc/self/mountinfo");
    if (!file)
        return;
    while (fgets(line, sizeof line, file))
        read_mount(line, v1, v2);
    fclose(file);
}

/* ---- the groups' own files ---- */

/* A whole number that ends its line; anything else, "max" among it, limits nothing. */
static uint64_t parse_limit(const char *text) {
    unsigned long long value = 0;
    if (*text < '0' || *text > '9')
        return CONTAINER_MEMORY_NONE;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (unsigned long long)(*text - '0'), &value))
            return CONTAINER_MEMORY_NONE;
    return *text == '\n' || *text == '\0' ? value : CONTAINER_MEMORY_NONE;
}

/* The number in the file's first line, or in that which begins with key and a blank. */
static uint64_t read_limit(const char *root, const char *directory, const char *name, const char *key) {
    char line[256];
    uint64_t limit = CONTAINER_MEMORY_NONE;
    FILE *file = open_below(root, directory, name);
    if (!file)
        return limit;
    size_t n = key ? strlen(key) : 0;
    while (fgets(line, sizeof line, file)) {
        if (key && (strncmp(line, key, n) != 0 || line[n] != ' '))
            continue;
        limit = parse_limit(line + (key ? n + 1 : 0));
        break;
    }
    fclose(file);
    return limit;
}

static void take_smaller(struct container_memory *memory, uint64_t limit, enum memory_source source,
                         const char *directory) {
    if (limit >= memory->limit)
        return;
    memory->limit = limit;
    memory->source = source;
    snprintf(memory->directory, sizeof memory->directory, "%s", directory);
}

static void read_group(const char *root, const char *directory, enum memory_source source,
                       struct container_memory *memory) {
    if (source == MEMORY_SOURCE_CGROUP2) {
        take_smaller(memory, read_limit(root, directory, "/memory.max", NULL), source, directory);
        take_smaller(memory, read_limit(root, directory, "/memory.high", NULL), source, directory);
        return;
    }
    uint64_t own = read_limit(root, directory, "/memory.limit_in_bytes", NULL);
    uint64_t all = read_limit(root, directory, "/memory.stat", "hierarchical_memory_limit");
    if (own < V1_NO_LIMIT)
        take_smaller(memory, own, source, directory);
    if (all < V1_NO_LIMIT)
        take_smaller(memory, all, source, directory);
}

/* ---- from the process's group up to the mount ---- */

/* The group's path below the mount: "" for the mount itself, also where the group lies outside of it. */
static const char *path_below_mount(const struct hierarchy *hierarchy) {
    size_t n = strlen(hierarchy->root);
    if (strcmp(hierarchy->root, "/") == 0)
        n = 0;
    if (strncmp(hierarchy->path, hierarchy->root, n) != 0)
        return "";
    const char *below = hierarchy->path + n;
    bool whole = *below == '\0' || *below == '/';
    bool outside = strcmp(below, "/..") == 0 || strstr(below, "/../");
    return whole && !outside && strcmp(below, "/") != 0 ? below : "";
}

static void read_hierarchy(const char *root, const struct hierarchy *hierarchy,
                           struct container_memory *memory) {
    char directory[2 * PATH_MAX];
    if (!hierarchy->mount[0])
        return;
    size_t mount = strlen(hierarchy->mount);
    snprintf(directory, sizeof directory, "%s%s", hierarchy->mount, path_below_mount(hierarchy));
    for (int level = 0; level < MOST_LEVELS; level++) {
        read_group(root, directory, hierarchy->source, memory);
        char *slash = strrchr(directory, '/');
        if (strlen(directory) <= mount || !slash)
            break;
        *slash = '\0';
        if (strlen(directory) < mount)
            break;
    }
}

/* "MemTotal:       24684092 kB" */
static uint64_t machine_memory(const char *root) {
    char line[256];
    unsigned long long kib = 0;
    FILE *file = open_below(root, "", "/proc/meminfo");
    if (!file)
        return CONTAINER_MEMORY_NONE;
    bool found = false;
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, "MemTotal: %llu kB", &kib) == 1;
    fclose(file);
    return found && kib > 0 && kib < UINT64_MAX / 1024 ? kib * 1024 : CONTAINER_MEMORY_NONE;
}

void container_memory_read(const char *root, struct container_memory *memory) {
    *memory = (struct container_memory){.limit = CONTAINER_MEMORY_NONE};
    take_smaller(memory, machine_memory(root), MEMORY_SOURCE_MACHINE, "");
    struct hierarchy *both = calloc(2, sizeof *both);
    if (!both)
        return;
    both[0].source = MEMORY_SOURCE_CGROUP1;
    both[1].source = MEMORY_SOURCE_CGROUP2;
    read_paths(root, &both[0], &both[1]);
    read_mounts(root, &both[0], &both[1]);
    read_hierarchy(root, &both[0], memory);
    read_hierarchy(root, &both[1], memory);
    free(both);
}
