/* SIGBUS in a guarded range is survived, again and again; any other ends the process. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"

#define BYTES (4 * 4096)

struct reading {
    const volatile char *p;
    int sum;
    int finished;
};

static void read_all(void *ctx) {
    struct reading *reading = ctx;
    for (size_t i = 0; i < BYTES; i += 64)
        reading->sum += reading->p[i];
    reading->finished = 1;
}

/* A mapping whose file has lost its second half. */
static void *cut_mapping(void) {
    char name[] = "/tmp/slimbid-fault-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(ftruncate(fd, BYTES), 0);
    void *p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    assert_int_equal(ftruncate(fd, BYTES / 2), 0);
    close(fd);
    return p;
}

static void a_missing_page_is_survived(void **state) {
    (void)state;
    assert_int_equal(fault_install(), 0);
    void *p = cut_mapping();
    static char whole[BYTES];
    for (int round = 0; round < 1000; round++) {
        struct reading reading = {.p = p};
        assert_int_equal(fault_run(p, BYTES, read_all, &reading), -1);
        assert_false(reading.finished);
        reading = (struct reading){.p = p};
        assert_int_equal(fault_run(NULL, 0, read_all, &reading), -1);
        reading = (struct reading){.p = whole};
        assert_int_equal(fault_run(whole, BYTES, read_all, &reading), 0);
        assert_true(reading.finished);
    }
    munmap(p, BYTES);
}

/* Runs it in a process of its own and tells the signal that ended it. */
static int signal_that_ends(void (*fn)(void *p), void *p) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (fault_install() != 0)
            _exit(1);
        fn(p);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch_unguarded(void *p) {
    struct reading reading = {.p = p};
    read_all(&reading);
}

static void touch_outside(void *p) {
    struct reading reading = {.p = p};
    static char elsewhere[64];
    (void)!fault_run(elsewhere, sizeof elsewhere, read_all, &reading);
}

static void raise_inside(void *ctx) {
    (void)ctx;
    raise(SIGBUS);
}

static void be_sent_one(void *p) {
    (void)!fault_run(p, BYTES, raise_inside, p);
}

static void any_other_is_deadly(void **state) {
    (void)state;
    void *p = cut_mapping();
    assert_int_equal(signal_that_ends(touch_unguarded, p), SIGBUS);
    assert_int_equal(signal_that_ends(touch_outside, p), SIGBUS);
    assert_int_equal(signal_that_ends(be_sent_one, p), SIGBUS);
    munmap(p, BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_page_is_survived),
        cmocka_unit_test(any_other_is_deadly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
