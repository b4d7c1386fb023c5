/* Front ends: forked, replaced when they die, told to drain. */
#ifndef SLIMBID_SUPERVISOR_FRONT_ENDS_H
#define SLIMBID_SUPERVISOR_FRONT_ENDS_H

#include "supervisor/state.h"

struct control_message;

/* Forks one. 0, or -1 with the reason in the log. The child does not come back. */
int front_ends_start(struct supervisor *sv, uint32_t slot) CHECK_RESULT;
/* Starts those whose time has come; returns the milliseconds until the next one's, -1 for none. */
int64_t front_ends_restart(struct supervisor *sv);
/* True when pid was one of them. */
bool front_ends_reap(struct supervisor *sv, pid_t pid, int wait_status);
uint32_t front_ends_alive(const struct supervisor *sv);
void front_ends_signal(const struct supervisor *sv, int signum);
/* Sends a message to one that lives; one that does not read its line is killed. */
void front_ends_tell(struct supervisor *sv, uint32_t slot, const struct control_message *message);
/* In a child's process, right after its fork: what is the supervisor's or another child's. */
void front_ends_close_inherited(struct supervisor *sv);
/* Its line is readable. */
void front_ends_listen(struct supervisor *sv, uint32_t slot);

#endif
