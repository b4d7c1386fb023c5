/* What the keeper's threads have in common: no signals, a small stack, a clock for their pauses. */
#ifndef SLIMBID_KEEPER_KEEPER_THREAD_H
#define SLIMBID_KEEPER_KEEPER_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/macros.h"

/* 0, or the error. */
int keeper_thread_start(pthread_t *thread, void *(*run)(void *ctx), void *ctx) CHECK_RESULT;
/* A condition whose timed waits are by the clock of the two below. */
void keeper_thread_condition(pthread_cond_t *condition);
struct timespec keeper_thread_after(uint32_t ms);
bool keeper_thread_due(const struct timespec *at);

#endif
