/* A table checked in full; see verify.h. */
#include "verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "fault.h"
#include "table/table.h"

#define BEHIND 15 /* nice */

struct verification {
    int fd;
    int result;
    struct table table;
    char error[TABLE_ERROR_BYTES];
};

static void verify(void *ctx) {
    struct verification *v = ctx;
    v->result = table_map(&v->table, v->fd, v->error, sizeof v->error);
    if (v->result == 0)
        v->result = table_verify(&v->table, v->error, sizeof v->error);
}

int verify_run(int fd) {
    static struct verification v;
    v.fd = fd;
    (void)setpriority(PRIO_PROCESS, 0, BEHIND); /* whoever serves goes first; no harm where it is refused */
    if (fault_install() != 0) {
        fprintf(stderr, "sigaction: %s\n", strerror(errno));
        return 1;
    }
    if (fault_run(NULL, 0, verify, &v) != 0) {
        fputs("cut short while it was read, or not readable\n", stderr);
        return 1;
    }
    if (v.result != 0) {
        fprintf(stderr, "%s\n", v.error);
        return 1;
    }
    printf("ads=%u bytes=%zu hot_bytes=%llu\n", v.table.ad_count, v.table.mapped_bytes,
           (unsigned long long)table_hot_bytes(&v.table));
    table_unmap(&v.table);
    return fflush(stdout) == 0 ? 0 : 1;
}
