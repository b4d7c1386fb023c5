/* /proc/PID/smaps, line by line; see process_memory.h. */
#include "stats/process_memory.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define LINE_BYTES 4608 /* a path and what stands before it */

/*
 * "7f00-7f01 r--s 00000000 08:01 1234   /data/ads.tbl": what is mapped shared, for reading only, from a file
 * that has a path. Nothing else here is, but glibc's cache of character sets.
 */
static bool is_table(const char *line) {
    const char *rights = strchr(line, ' ');
    const char *path = strchr(line, '/');
    return rights && strncmp(rights, " r--s ", 6) == 0 && path && strncmp(path, "/memfd:", 7) != 0 &&
           strncmp(path, "/dev/", 5) != 0 && !strstr(path, "gconv-modules.cache");
}

/* Mappings begin with an address in small hexadecimal, their figures with a capital. */
static bool is_mapping(const char *line) {
    return isdigit((unsigned char)line[0]) || islower((unsigned char)line[0]);
}

#define MEMORY(field) offsetof(struct process_memory, field)
#define NOT_KEPT      SIZE_MAX

static const struct figure {
    const char *name;
    size_t offset;       /* where it is added up */
    size_t table_offset; /* where a table's mapping adds it */
} figures[] = {
    {"Rss:", MEMORY(resident), MEMORY(table_resident)},
    {"Pss:", MEMORY(proportional), MEMORY(table_proportional)},
    {"Private_Clean:", MEMORY(private_bytes), NOT_KEPT},
    {"Private_Dirty:", MEMORY(private_bytes), NOT_KEPT},
    {"Shared_Clean:", MEMORY(shared_bytes), NOT_KEPT},
    {"Shared_Dirty:", MEMORY(shared_bytes), NOT_KEPT},
};

static void add(struct process_memory *memory, size_t offset, uint64_t bytes) {
    if (offset != NOT_KEPT)
        *(uint64_t *)((char *)memory + offset) += bytes;
}

static void add_figure(struct process_memory *memory, const char *line, bool table) {
    for (size_t i = 0; i < COUNT_OF(figures); i++) {
        const struct figure *figure = &figures[i];
        size_t n = strlen(figure->name);
        if (strncmp(line, figure->name, n) != 0)
            continue;
        uint64_t bytes = strtoull(line + n, NULL, 10) * 1024;
        if (!table || figure->table_offset != NOT_KEPT)
            add(memory, figure->offset, bytes);
        if (table)
            add(memory, figure->table_offset, bytes);
        return;
    }
}

int process_memory_read(pid_t pid, struct process_memory *memory) {
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "/proc/%d/smaps", (int)pid);
    memset(memory, 0, sizeof *memory);
    FILE *smaps = fopen(line, "re");
    if (!smaps)
        return -1;
    bool table = false;
    while (fgets(line, sizeof line, smaps)) {
        if (is_mapping(line))
            table = is_table(line);
        else
            add_figure(memory, line, table);
    }
    int result = ferror(smaps) ? -1 : 0;
    fclose(smaps);
    return result;
}
