/* `slimbid memory`: what each process of a running server takes, read from /proc without the server's help.
 */
#ifndef SLIMBID_MEMORY_REPORT_H
#define SLIMBID_MEMORY_REPORT_H

/* argv[0] is "memory". Prints a table; returns the program's exit status. */
int memory_report(int argc, char **argv);

#endif
