/* The keeper (keeper/keeper.h): forked where there is something to keep, replaced when it dies, the last to
 * end. */
#ifndef SLIMBID_SUPERVISOR_KEEPER_CHILD_H
#define SLIMBID_SUPERVISOR_KEEPER_CHILD_H

#include "supervisor/state.h"

/* Makes the pipe whose end tells the keeper that nobody else lives, and forks it. Before front ends, which
 * inherit the pipe. 0, or -1 with the reason in the log. Does nothing when there is nothing to keep. */
int keeper_child_start(struct supervisor *sv) CHECK_RESULT;
int64_t keeper_child_restart(struct supervisor *sv); /* as front_ends_restart() */
bool keeper_child_reap(struct supervisor *sv, pid_t pid, int wait_status);
bool keeper_child_alive(const struct supervisor *sv);
/* All front ends have ended: once the supervisor's end of the pipe is closed the keeper drains and ends. One
 * that does not is killed. Milliseconds until this wants to be called again. */
int64_t keeper_child_end(struct supervisor *sv);
/* In a front end's process, right after its fork: the end of the pipe that is the keeper's. */
void keeper_child_close_inherited(const struct supervisor *sv);

#endif
