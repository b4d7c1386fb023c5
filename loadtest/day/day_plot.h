/* A day's spend against its plan as a drawing: one SVG file, a panel for each campaign. */
#ifndef SLIMBID_LOADTEST_DAY_PLOT_H
#define SLIMBID_LOADTEST_DAY_PLOT_H

#include "base/macros.h"
#include "day/day_run.h"

/* 0, or -1 with errno. */
int day_plot(const struct day *day, const char *path) CHECK_RESULT;

#endif
