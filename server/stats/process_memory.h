/* What a process takes of the memory, as /proc/PID/smaps tells it; the ad table's mapping apart. */
#ifndef SLIMBID_STATS_PROCESS_MEMORY_H
#define SLIMBID_STATS_PROCESS_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

struct process_memory {              /* bytes */
    uint64_t resident, proportional; /* of all mappings */
    uint64_t private_bytes;          /* resident and mapped by nobody else; the table's mapping left out */
    uint64_t shared_bytes;           /* resident and mapped by others too; the table's mapping left out */
    uint64_t table_resident;         /* of the table's mapping alone */
    uint64_t table_proportional;
};

/* 0, or -1 when the process is gone or not to be looked at; all zero then. Costs as much as the process has
 * pages mapped: some milliseconds a gigabyte. Blocks nobody but the caller. */
int process_memory_read(pid_t pid, struct process_memory *memory) CHECK_RESULT;

#endif
