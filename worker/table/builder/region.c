/* Memory that grows in place; see region.h. */
#include "builder/region.h"

#include <string.h>
#include <sys/mman.h>

#define STEP_BYTES ((size_t)1 << 20)

int region_init(struct region *region, size_t most_bytes) {
    memset(region, 0, sizeof *region);
    void *p = mmap(NULL, most_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return -1;
    region->p = p;
    region->reserved = most_bytes;
    return 0;
}

void region_cleanup(struct region *region) {
    if (region->p)
        munmap(region->p, region->reserved);
    memset(region, 0, sizeof *region);
}

int region_reserve(struct region *region, size_t n) {
    if (n <= region->open - region->n)
        return 0;
    if (n > region->reserved - region->n)
        return -1;
    size_t open = (region->n + n + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    if (open > region->reserved)
        open = region->reserved;
    if (mprotect(region->p, open, PROT_READ | PROT_WRITE) != 0)
        return -1;
    region->open = open;
    return 0;
}

int region_add(struct region *region, const void *p, size_t n) {
    if (region_reserve(region, n) != 0)
        return -1;
    if (n > 0)
        memcpy(region->p + region->n, p, n);
    region->n += n;
    return 0;
}
