/* A server's processes, found by their names and parents; see memory_report.h. */
#include "memory_report.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats/process_memory.h"
#include "stats/processes.h"

#define MOST_PROCESSES (2 + PROCESSES_MOST_FRONT_ENDS + PROCESSES_MOST_WORKERS)
#define NAME_BYTES     32

struct process {
    pid_t pid, parent;
    char name[NAME_BYTES];
};

struct family {
    struct process members[MOST_PROCESSES]; /* the supervisor first */
    size_t count;
};

/* ---- finding them ---- */

/* "1234 (slimbid) S 1 ...": the name may hold anything, so the last parenthesis counts. */
static bool read_process(pid_t pid, struct process *process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close[1] == '\0')
        return false;
    *close = '\0';
    snprintf(process->name, sizeof process->name, "%s", open + 1);
    process->pid = pid;
    char *state = close + 2;
    process->parent = (pid_t)strtol(state + 1, NULL, 10);
    return true;
}

/* Calls fn with every process; ends early when it says false. */
static void each_process(bool (*fn)(void *ctx, const struct process *process), void *ctx) {
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    struct dirent *entry;
    struct process process;
    while ((entry = readdir(proc)))
        if (isdigit((unsigned char)entry->d_name[0]) &&
            read_process((pid_t)strtol(entry->d_name, NULL, 10), &process) && !fn(ctx, &process))
            break;
    closedir(proc);
}

static bool is_slimbid(const struct process *process) {
    return strcmp(process->name, "slimbid") == 0;
}

struct search {
    pid_t found;
    unsigned count;
};

/* A supervisor is a slimbid whose parent is none; this very process is one too, and left out. */
static bool look_for_supervisor(void *ctx, const struct process *process) {
    struct search *search = ctx;
    struct process parent;
    if (!is_slimbid(process) || process->pid == getpid() ||
        (read_process(process->parent, &parent) && is_slimbid(&parent)))
        return true;
    search->found = process->pid;
    search->count++;
    return true;
}

static bool add_child(void *ctx, const struct process *process) {
    struct family *family = ctx;
    if (process->parent == family->members[0].pid && family->count < MOST_PROCESSES)
        family->members[family->count++] = *process;
    return true;
}

static int by_name_and_pid(const void *a, const void *b) {
    const struct process *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

/* ---- printing ---- */

static const char *role_of(const struct process *process, size_t at) {
    if (at == 0)
        return "supervisor";
    if (is_slimbid(process))
        return "front end";
    if (strcmp(process->name, "slimbid-keeper") == 0)
        return "keeper";
    return strcmp(process->name, "slimbid-worker") == 0 ? "worker" : process->name;
}

static void print_line(const char *role, const char *pid, const struct process_memory *memory) {
    const uint64_t bytes[] = {memory->resident,     memory->proportional,   memory->private_bytes,
                              memory->shared_bytes, memory->table_resident, memory->table_proportional};
    printf("%-12s %8s", role, pid);
    for (size_t i = 0; i < COUNT_OF(bytes); i++)
        printf(" %12.2f", (double)bytes[i] / 1048576);
    putchar('\n');
}

static void add_up(struct process_memory *sum, const struct process_memory *memory) {
    sum->resident += memory->resident;
    sum->proportional += memory->proportional;
    sum->private_bytes += memory->private_bytes;
    sum->shared_bytes += memory->shared_bytes;
    sum->table_resident += memory->table_resident;
    sum->table_proportional += memory->table_proportional;
}

static int print_family(const struct family *family) {
    struct process_memory memory, sum = {0};
    char pid[16];
    printf("%-12s %8s %12s %12s %12s %12s %12s %12s   MiB\n", "process", "pid", "resident", "pss", "private",
           "shared", "table", "table pss");
    for (size_t i = 0; i < family->count; i++) {
        if (process_memory_read(family->members[i].pid, &memory) != 0) {
            fprintf(stderr, "slimbid memory: pid %d: %s\n", (int)family->members[i].pid, strerror(errno));
            return 1;
        }
        snprintf(pid, sizeof pid, "%d", (int)family->members[i].pid);
        print_line(role_of(&family->members[i], i), pid, &memory);
        add_up(&sum, &memory);
    }
    print_line("together", "", &sum);
    puts("pss counts what several processes share once; private and shared leave the table out.");
    return 0;
}

static int usage(int status) {
    fputs("usage: slimbid memory [--pid SUPERVISOR]\n", status ? stderr : stdout);
    return status;
}

int memory_report(int argc, char **argv) {
    static const struct option options[] = {
        {"pid", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct search search = {0};
    int c;
    while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
        if (c != 'p')
            return usage(c == 'h' ? 0 : 2);
        search.found = (pid_t)strtol(optarg, NULL, 10);
        search.count = 1;
    }
    if (optind < argc)
        return usage(2);
    if (!search.count)
        each_process(look_for_supervisor, &search);
    if (search.count != 1) {
        fprintf(stderr, "slimbid memory: %u servers run here; --pid names one\n", search.count);
        return 1;
    }
    static struct family family;
    if (search.found <= 0 || !read_process(search.found, &family.members[0])) {
        fprintf(stderr, "slimbid memory: there is no process %d\n", (int)search.found);
        return 1;
    }
    family.count = 1;
    each_process(add_child, &family);
    qsort(&family.members[1], family.count - 1, sizeof family.members[0], by_name_and_pid);
    return print_family(&family);
}
