/*
 * How much memory this process and its children may take, as the kernel tells it.
 *
 * The smallest of what limits the process's control group and every group above it that can be seen: of
 * cgroup v2 memory.max and memory.high, of v1 memory.limit_in_bytes and the hierarchical limit in
 * memory.stat. Where nothing limits it, the machine's memory. Swap is not memory.
 *
 * Which group it is in says /proc/self/cgroup, where groups are mounted /proc/self/mountinfo; a container
 * often sees its own group as the root of the mount (cgroups(7), "Cgroup namespaces"). Files that are missing
 * or hold nonsense limit nothing.
 */
#ifndef SLIMBID_BUDGET_CONTAINER_MEMORY_H
#define SLIMBID_BUDGET_CONTAINER_MEMORY_H

#include <stdint.h>

#define CONTAINER_MEMORY_NONE UINT64_MAX /* nothing limits it, and the machine's memory is not known */

enum memory_source {
    MEMORY_SOURCE_NONE,
    MEMORY_SOURCE_MACHINE,
    MEMORY_SOURCE_CGROUP1,
    MEMORY_SOURCE_CGROUP2,
    MEMORY_SOURCE_CONFIG, /* memory.budget_mib is smaller than all of these */
    MEMORY_SOURCES
};

/* As in logs and metrics. */
const char *memory_source_name(enum memory_source source);

struct container_memory {
    uint64_t limit; /* bytes */
    enum memory_source source;
    char directory[512]; /* of the group whose limit it is; "" for the machine's */
};

/* root is put before every path that is read: "" but in tests. */
void container_memory_read(const char *root, struct container_memory *memory);

#endif
