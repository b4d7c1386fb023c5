/* The listening sockets: opened once, handed to every front end, closed when the service stops. */
#ifndef SLIMBID_SUPERVISOR_SOCKETS_H
#define SLIMBID_SUPERVISOR_SOCKETS_H

#include "supervisor/state.h"

/* All of them. 0, or -1 with the reason in the log. */
int sockets_open(struct supervisor *sv) CHECK_RESULT;
/* Closes the public ones of all front ends but `kept`'s; front_ends for none. One that is shared stays with
 * it.
 */
void sockets_close(const struct supervisor *sv, uint32_t kept);
/* In a process that serves nobody: those, and the admin ones. */
void sockets_close_all(const struct supervisor *sv);
void sockets_unlink(const struct str_list *addresses);

#endif
