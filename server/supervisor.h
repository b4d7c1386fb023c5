/*
 * The supervisor: opens the listening sockets, forks the front ends before any library starts a
 * thread, starts a dead one again, passes SIGTERM on. It serves no traffic itself.
 */
#ifndef SLIMBID_SUPERVISOR_H
#define SLIMBID_SUPERVISOR_H

#include "config/config.h"

/* Serves until SIGTERM or SIGINT; returns the program's exit status. */
int supervisor_run(const struct config *config);

#endif
