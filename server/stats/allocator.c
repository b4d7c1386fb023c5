/* jemalloc's settings and figures; see allocator.h. */
#include "stats/allocator.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"

/* One arena and no background thread: a front end is one thread. Freed pages go back after a second. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,background_thread:false,dirty_decay_ms:1000,muzzy_decay_ms:0,tcache_max:"
                          "4096,metadata_thp:disabled";

extern int mallctl(const char *name, void *old_value, size_t *old_size, void *new_value, size_t new_size)
    __attribute__((weak));

static uint64_t read_size(const char *name) {
    size_t value = 0;
    size_t size = sizeof value;
    if (!mallctl || mallctl(name, &value, &size, NULL, 0) != 0)
        return 0;
    return value;
}

void allocator_stats(struct allocator_stats *stats) {
    uint64_t epoch = 1;
    if (mallctl)
        mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    stats->allocated = read_size("stats.allocated");
    stats->active = read_size("stats.active");
    stats->resident = read_size("stats.resident");
    stats->retained = read_size("stats.retained");
    stats->requested = read_size("thread.allocated");
}

/* "arena.4096" stands for all arenas (MALLCTL_ARENAS_ALL). */
void allocator_decay(void) {
    if (mallctl)
        mallctl("arena.4096.decay", NULL, NULL, NULL, 0);
}

void allocator_purge(void) {
    if (mallctl)
        mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
}

/* Resident pages, and those that are of files or shared. */
static int read_statm(unsigned long long *resident, unsigned long long *shared) {
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    unsigned long long size = 0;
    return sscanf(text, "%llu %llu %llu", &size, resident, shared) == 3 ? 0 : -1;
}

uint64_t allocator_process_resident(void) {
    unsigned long long resident = 0, shared = 0;
    return read_statm(&resident, &shared) == 0 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t allocator_process_anonymous(void) {
    unsigned long long resident = 0, shared = 0;
    if (!mallctl || read_statm(&resident, &shared) != 0 || resident < shared)
        return 0;
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}
