/*
 * slimbid-worker --verify: a table is checked in full by a process of its own, so that neither a hostile file
 * nor one that shrinks under the reader can hurt anybody else. A second process takes half of the work.
 */
#ifndef SLIMBID_WORKER_VERIFY_H
#define SLIMBID_WORKER_VERIFY_H

/* Checks the table behind fd. 0 and a line "ads=N bytes=N hot_bytes=N" on standard output, or 1 and the
 * reason on standard error. */
int verify_run(int fd);

#endif
