/* `slimbid-table generate`: made-up ads, requests and weights, the same for the same seed. */
#ifndef SLIMBID_WORKER_TABLE_GENERATE_H
#define SLIMBID_WORKER_TABLE_GENERATE_H

/* argv[0] is "generate". The exit status: 0, 1 (failed, told on standard error), 2 (wrong options). */
int table_generate_run(int argc, char **argv);

#endif
