/*
 * The supervisor: opens the listening sockets, spawns the workers, forks the front ends before any library
 * starts a thread, starts a dead one again, has tables verified and spread. It serves no traffic itself.
 * SIGTERM or SIGINT has the front ends drain; a second one kills them. SIGHUP has the ad table read again.
 */
#ifndef SLIMBID_SUPERVISOR_SUPERVISOR_H
#define SLIMBID_SUPERVISOR_SUPERVISOR_H

#include "config/config.h"

struct supervisor;

/* Serves until SIGTERM or SIGINT; returns the program's exit status. */
int supervisor_run(const struct config *config);
/* For its parts: the first time, the front ends drain; the second time, somebody is impatient. */
void supervisor_stop(struct supervisor *sv);

#endif
