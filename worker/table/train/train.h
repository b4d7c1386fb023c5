/* `slimbid-table train`: learns the weights of pCTR from a click log. */
#ifndef SLIMBID_WORKER_TABLE_TRAIN_H
#define SLIMBID_WORKER_TABLE_TRAIN_H

/* argv[0] is "train". The exit status: 0, 1 (failed, told on standard error), 2 (wrong options). */
int table_train_run(int argc, char **argv);

#endif
