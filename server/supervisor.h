/*
 * The supervisor: opens the listening sockets, forks the front ends before any library starts a
 * thread, starts a dead one again. It serves no traffic itself. SIGTERM or SIGINT has the front ends drain; a
 * second one kills them.
 */
#ifndef SLIMBID_SUPERVISOR_H
#define SLIMBID_SUPERVISOR_H

#include "config/config.h"

/* Serves until SIGTERM or SIGINT; returns the program's exit status. */
int supervisor_run(const struct config *config);

#endif
