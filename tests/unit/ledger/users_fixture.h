/* A table of users for tests, in memory that forked processes share. */
#ifndef TEST_USERS_FIXTURE_H
#define TEST_USERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "ledger/users.h"

#define NOW INT64_C(1790000000) /* some second of 2026 */

static inline void *users_fixture_memory(uint32_t users) {
    void *memory = mmap(NULL, users_bytes(users), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    users_format(memory, users);
    return memory;
}

static inline struct users *users_fixture_attach(void *memory, uint32_t users) {
    char error[128];
    struct users *attached = users_attach(memory, users_bytes(users), error, sizeof(error));
    assert_non_null(attached);
    return attached;
}

#endif
