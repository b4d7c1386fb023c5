/* The container's limit, read from made-up trees of /proc and /sys/fs/cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "budget/container_memory.h"

#define MIB       (UINT64_C(1) << 20)
#define MEMINFO   "MemTotal:       24684092 kB\nMemFree:        1 kB\n"
#define MACHINE   (UINT64_C(24684092) * 1024)
#define MOUNT_V2  "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_CPU "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
#define MOUNT_V1  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"

static char root[64];

static int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/slimbid-cgroup-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_root(void **state) {
    (void)state;
    return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root, its directories too. */
static void put(const char *path, const char *text) {
    char full[1024];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_limit(uint64_t limit, enum memory_source source, const char *directory) {
    struct container_memory memory;
    container_memory_read(root, &memory);
    assert_int_equal(memory.limit, limit);
    assert_string_equal(memory_source_name(memory.source), memory_source_name(source));
    assert_string_equal(memory.directory, directory);
}

static void put_v2(const char *group) {
    char line[256];
    snprintf(line, sizeof line, "0::%s\n", group);
    put("/proc/self/cgroup", line);
    put("/proc/self/mountinfo", MOUNT_V2);
    put("/proc/meminfo", MEMINFO);
}

static void nothing_readable_is_no_limit(void **state) {
    (void)state;
    assert_limit(CONTAINER_MEMORY_NONE, MEMORY_SOURCE_NONE, "");
}

static void without_groups_the_machine_is_the_limit(void **state) {
    (void)state;
    put("/proc/meminfo", MEMINFO);
    assert_limit(MACHINE, MEMORY_SOURCE_MACHINE, "");
}

static void v2_in_a_namespace(void **state) {
    (void)state;
    put_v2("/");
    put("/sys/fs/cgroup/memory.max", "67108864\n");
    assert_limit(64 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup");
}

static void v2_takes_the_smallest_of_all_levels(void **state) {
    (void)state;
    put_v2("/pods/pod1/main");
    put("/sys/fs/cgroup/pods/memory.max", "1073741824\n");
    put("/sys/fs/cgroup/pods/pod1/memory.max", "134217728\n");
    put("/sys/fs/cgroup/pods/pod1/main/memory.max", "max\n");
    assert_limit(128 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup/pods/pod1");
    put("/sys/fs/cgroup/pods/pod1/main/memory.max", "536870912\n");
    assert_limit(128 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup/pods/pod1");
    put("/sys/fs/cgroup/pods/memory.max", "33554432\n");
    assert_limit(32 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup/pods");
}

static void v2_high_counts_too(void **state) {
    (void)state;
    put_v2("/a");
    put("/sys/fs/cgroup/a/memory.max", "134217728\n");
    put("/sys/fs/cgroup/a/memory.high", "104857600\n");
    assert_limit(100 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup/a");
}

static void v1_of_a_container_is_the_root_of_its_mount(void **state) {
    (void)state;
    put("/proc/meminfo", MEMINFO);
    put("/proc/self/cgroup", "5:devices:/docker/c0ffee\n4:memory:/docker/c0ffee\n");
    put("/proc/self/mountinfo", MOUNT_CPU
        "35 31 0:32 /docker/c0ffee /sys/fs/cgroup/memory ro,nosuid master:9 - cgroup cgroup rw,memory\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
    assert_limit(64 * MIB, MEMORY_SOURCE_CGROUP1, "/sys/fs/cgroup/memory");
}

static void v1_levels_and_the_hierarchical_limit(void **state) {
    (void)state;
    put("/proc/meminfo", MEMINFO);
    put("/proc/self/cgroup", "4:cpu,memory:/jobs/a\n");
    put("/proc/self/mountinfo", MOUNT_CPU MOUNT_V1);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "268435456\n");
    put("/sys/fs/cgroup/memory/jobs/a/memory.limit_in_bytes", "9223372036854771712\n");
    assert_limit(256 * MIB, MEMORY_SOURCE_CGROUP1, "/sys/fs/cgroup/memory/jobs");
    put("/sys/fs/cgroup/memory/jobs/a/memory.stat",
        "cache 0\nhierarchical_memory_limit 50331648\nhierarchical_memsw_limit 9223372036854771712\n");
    assert_limit(48 * MIB, MEMORY_SOURCE_CGROUP1, "/sys/fs/cgroup/memory/jobs/a");
}

/* v1 has the memory controller, v2 is mounted beside it. */
static void hybrid(void **state) {
    (void)state;
    put("/proc/meminfo", MEMINFO);
    put("/proc/self/cgroup", "4:memory:/m\n0::/unified\n");
    put("/proc/self/mountinfo",
        MOUNT_V1 "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
    put("/sys/fs/cgroup/unified/unified/cgroup.procs", "1\n");
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "33554432\n");
    assert_limit(32 * MIB, MEMORY_SOURCE_CGROUP1, "/sys/fs/cgroup/memory/m");
}

/* The namespace's root is above the mount, or the path is of another world. */
static void a_group_outside_of_the_mount_takes_the_mount(void **state) {
    (void)state;
    put_v2("/../other");
    put("/sys/fs/cgroup/memory.max", "67108864\n");
    assert_limit(64 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup");
    put("/proc/self/mountinfo", "30 23 0:26 /pods /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    put("/proc/self/cgroup", "0::/podsome/x\n");
    assert_limit(64 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup");
}

static void a_mount_point_with_a_blank(void **state) {
    (void)state;
    put_v2("/x");
    put("/proc/self/mountinfo", "30 23 0:26 / /sys/my\\040groups rw - cgroup2 cgroup2 rw\n");
    put("/sys/my groups/x/memory.max", "67108864\n");
    assert_limit(64 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/my groups/x");
}

/* What is no number limits nothing, and never becomes a small one. */
static void hostile_numbers(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "\n",
                                      "max\n",
                                      "-1\n",
                                      " 5\n",
                                      "12abc\n",
                                      "0x10\n",
                                      "1e6\n",
                                      "+7\n",
                                      "99999999999999999999999999\n",
                                      "18446744073709551616\n",
                                      "\xff\xfe\n"};
    put_v2("/a");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put("/sys/fs/cgroup/a/memory.max", bad[i]);
        assert_limit(MACHINE, MEMORY_SOURCE_MACHINE, "");
    }
    put("/sys/fs/cgroup/a/memory.max", "0");
    assert_limit(0, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup/a");
}

static void broken_tables_are_passed_over(void **state) {
    (void)state;
    put("/proc/meminfo", "MemFree: 3 kB\nMemTotal: lots\n");
    put("/proc/self/cgroup", "\nnonsense\n0:\n:::\n0::\n");
    put("/proc/self/mountinfo", "\n - \n1 2 3 - cgroup2\n1 2 3 4 5 - cgroup2 x\n - cgroup2 a b\n");
    assert_limit(CONTAINER_MEMORY_NONE, MEMORY_SOURCE_NONE, "");
    char *longest = malloc(20000);
    assert_non_null(longest);
    memset(longest, 'a', 19999);
    longest[19999] = '\0';
    memcpy(longest, "0::/", 4);
    put("/proc/self/cgroup", longest);
    put("/proc/self/mountinfo", MOUNT_V2);
    put("/sys/fs/cgroup/memory.max", "67108864\n");
    assert_limit(64 * MIB, MEMORY_SOURCE_CGROUP2, "/sys/fs/cgroup");
    free(longest);
}

#define ON_A_TREE(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_A_TREE(nothing_readable_is_no_limit),
        ON_A_TREE(without_groups_the_machine_is_the_limit),
        ON_A_TREE(v2_in_a_namespace),
        ON_A_TREE(v2_takes_the_smallest_of_all_levels),
        ON_A_TREE(v2_high_counts_too),
        ON_A_TREE(v1_of_a_container_is_the_root_of_its_mount),
        ON_A_TREE(v1_levels_and_the_hierarchical_limit),
        ON_A_TREE(hybrid),
        ON_A_TREE(a_group_outside_of_the_mount_takes_the_mount),
        ON_A_TREE(a_mount_point_with_a_blank),
        ON_A_TREE(hostile_numbers),
        ON_A_TREE(broken_tables_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
