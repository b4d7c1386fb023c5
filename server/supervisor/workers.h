/*
 * Workers: spawned, given tables and queues, replaced when they die.
 *
 * A worker serves from its first CONTROL_READY on: then it gets a queue to every front end. A death costs all
 * its queues; its successor and each front end get fresh ones. One that dies again and again is started ever
 * less often, and the service goes on without it.
 */
#ifndef SLIMBID_SUPERVISOR_WORKERS_H
#define SLIMBID_SUPERVISOR_WORKERS_H

#include "supervisor/state.h"

/* Finds the program, makes the pages of statistics and starts all. 0, or -1 with the reason in the log. Does
 * nothing when no table is configured. */
int workers_start(struct supervisor *sv) CHECK_RESULT;
int64_t workers_restart(struct supervisor *sv); /* as front_ends_restart() */
bool workers_reap(struct supervisor *sv, pid_t pid, int wait_status);
uint32_t workers_alive(const struct supervisor *sv);
void workers_signal(const struct supervisor *sv, int signum);
/* Closes their lines, upon which they end. */
void workers_dismiss(struct supervisor *sv);
/* In a front end's process, right after its fork. */
void workers_close_inherited(struct supervisor *sv);

/* Hands the table's file of that generation to a worker, or to all that live. */
void workers_spread_table(struct supervisor *sv, uint32_t generation, int fd);
/* Whether all that live have mapped that generation. */
bool workers_have(const struct supervisor *sv, uint32_t generation);
/* Kills those that have not. */
void workers_kill_without(struct supervisor *sv, uint32_t generation);

/* Gives a new front end queues to all workers that serve. */
void workers_connect_front_end(struct supervisor *sv, uint32_t slot);
/* Its line is readable. */
void workers_listen(struct supervisor *sv, uint32_t w);

#endif
