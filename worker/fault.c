/* A signal handler and a jump back; see fault.h. */
#include "fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

static struct {
    sigjmp_buf back;
    volatile uintptr_t p;
    volatile size_t n;
    volatile sig_atomic_t armed;
} guard;

static bool is_ours(const siginfo_t *info) {
    /* Codes of the kernel's own are positive; kill() has 0 and below. */
    return guard.armed && info->si_code > 0 && (guard.p == 0 || (uintptr_t)info->si_addr - guard.p < guard.n);
}

static void on_bus(int signum, siginfo_t *info, void *context) {
    (void)context;
    if (is_ours(info)) {
        guard.armed = 0;
        siglongjmp(guard.back, 1);
    }
    signal(signum, SIG_DFL);
    raise(signum);
}

/* NODEFER: the jump out of the handler restores no mask, and a second fault must find the signal unblocked.
 * So a job pays no system call for being guarded. */
int fault_install(void) {
    struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL);
}

int fault_run(const void *p, size_t n, void (*fn)(void *ctx), void *ctx) {
    guard.p = (uintptr_t)p;
    guard.n = n;
    if (sigsetjmp(guard.back, 0) != 0)
        return -1;
    guard.armed = 1;
    atomic_signal_fence(memory_order_seq_cst); /* no read of the range moves out of the guard */
    fn(ctx);
    atomic_signal_fence(memory_order_seq_cst);
    guard.armed = 0;
    return 0;
}
