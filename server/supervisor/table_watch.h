/*
 * The ad table: opened, verified by a process of its own, spread to the workers, asked for by the front ends.
 *
 * A reload opens the configured file anew. While a verifier reads it, and while workers map it, the old table
 * goes on; when every worker that lives has the new one, front ends are told its generation, and the old one
 * goes with its last job. A file that is refused changes nothing but the log and a counter. Reloads that are
 * asked for meanwhile become one, afterwards. The supervisor never maps a table and never waits for one.
 *
 * Without a table (none was there at the start, or the one in use was cut short under its mappings) auctions
 * go without own campaigns; the file is tried again when it has changed, and on each reload.
 */
#ifndef SLIMBID_SUPERVISOR_TABLE_WATCH_H
#define SLIMBID_SUPERVISOR_TABLE_WATCH_H

#include "supervisor/state.h"

void table_watch_init(struct supervisor *sv);
/* Somebody asks for the file to be read again; who says it for the log. */
void table_watch_reload(struct supervisor *sv, const char *who);
/* Milliseconds until it wants to be called, -1 for never; does what is due. */
int64_t table_watch_tick(struct supervisor *sv);
/* The verifier says something; its end. */
void table_watch_listen(struct supervisor *sv);
bool table_watch_reap(struct supervisor *sv, pid_t pid, int wait_status);
/* A worker could not map that generation, or found it damaged. */
void table_watch_refused(struct supervisor *sv, uint32_t w, uint32_t generation);
void table_watch_fault(struct supervisor *sv, uint32_t w, uint32_t generation);
/* Whether all workers have the table under way by now: then it is taken into use. */
void table_watch_check(struct supervisor *sv);
/* Tells a new front end which generation to ask for. */
void table_watch_tell(struct supervisor *sv, uint32_t slot);
void table_watch_stop(struct supervisor *sv);
/* In a front end's process, right after its fork. */
void table_watch_close_inherited(const struct supervisor *sv);

#endif
