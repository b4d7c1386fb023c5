/* slimbid-table info, verify, get, dump: what only reads a table. Each verifies it first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "builder/table_commands.h"
#include "builder/table_print.h"
#include "table/table.h"

#define LINE_BYTES ((size_t)1 << 30)

static int fail(const char *what, const char *reason) {
    fprintf(stderr, "slimbid-table: %s: %s\n", what, reason);
    return TABLE_FAILED;
}

/* 0 with the table mapped and verified, or TABLE_FAILED. */
static int open_table(const char *path, struct table *table) {
    char error[TABLE_ERROR_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(path, strerror(errno));
    int result = table_map(table, fd, error, sizeof error);
    close(fd);
    if (result == 0 && table_verify(table, error, sizeof error) != 0) {
        table_unmap(table);
        result = -1;
    }
    return result == 0 ? 0 : fail(path, error);
}

/* What is written to standard output has arrived, or TABLE_FAILED. */
static int finish_output(void) {
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("standard output", strerror(errno));
    return 0;
}

/* Whether the arguments are TABLE and `more` others at least; else *status is the exit status. */
static bool arguments_fit(int argc, char **argv, bool more, const char *usage, int *status) {
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    bool fit = more ? argc >= 3 : argc == 2;
    *status = help ? 0 : TABLE_USAGE;
    if (help || !fit || argv[1][0] == '-')
        fprintf(help ? stdout : stderr, "usage: slimbid-table %s\n", usage);
    return !help && fit && argv[1][0] != '-';
}

/* ---- info ---- */

static void print_section(const struct table *table, enum table_section section) {
    uint64_t bytes = table->header->sections[section].bytes;
    printf("  %-10s %14llu bytes", table_section_name(section), (unsigned long long)bytes);
    if (table->ad_count > 0)
        printf(" %9.2f an ad", (double)bytes / table->ad_count);
    putchar('\n');
}

static void print_counts(const struct table *table) {
    const struct table_header *header = table->header;
    uint32_t advertisers = 0, with_bitmap = 0;
    for (uint32_t i = 0; i < table->value_count; i++) {
        advertisers += table->values[i].target == TARGET_ADVERTISER;
        with_bitmap += table->values[i].bitmap != TABLE_NONE;
    }
    printf("ads %u, campaigns %u, prices in %s\n", table->ad_count, table->campaign_count, header->currency);
    printf("values %u: %u with a bitmap, %u with postings, %u advertisers' domains\n", table->value_count,
           with_bitmap, table->value_count - with_bitmap - advertisers, advertisers);
    printf("sets of lists %u, hours %u, time zones %u\n", table->list_set_count, table->hours_count,
           table->zone_count);
    printf("weights 2^%u of requests, 2^%u of each cross, at most %g, %g and %g\n", header->weight_bits,
           header->cross_bits, (double)header->cross_max[TABLE_CROSS_INVENTORY],
           (double)header->cross_max[TABLE_CROSS_DEVICE_TYPE], (double)header->cross_max[TABLE_CROSS_HOUR]);
}

static void print_info(const struct table *table) {
    const struct table_header *header = table->header;
    uint64_t hot = table_hot_bytes(table);
    double ads = table->ad_count ? table->ad_count : 1;
    printf("version %u, created %llu, %llu bytes\n", header->version,
           (unsigned long long)header->created_unix, (unsigned long long)header->file_bytes);
    print_counts(table);
    printf("hot: what matching reads\n");
    for (int i = TABLE_BLOCKS; i <= TABLE_WEIGHTS; i++)
        print_section(table, (enum table_section)i);
    printf("cold: what winners need\n");
    for (int i = TABLE_WEIGHTS + 1; i < TABLE_SECTIONS; i++)
        print_section(table, (enum table_section)i);
    printf("an ad: %.1f bytes hot, %.1f cold, %.1f together\n", (double)hot / ads,
           (double)(header->file_bytes - hot) / ads, (double)header->file_bytes / ads);
}

int table_info_run(int argc, char **argv) {
    struct table table;
    int status = 0;
    if (!arguments_fit(argc, argv, false, "info TABLE", &status))
        return status;
    if (open_table(argv[1], &table) != 0)
        return TABLE_FAILED;
    print_info(&table);
    table_unmap(&table);
    return finish_output();
}

/* ---- verify ---- */

int table_verify_run(int argc, char **argv) {
    struct table table;
    int status = 0;
    if (!arguments_fit(argc, argv, false, "verify TABLE", &status))
        return status;
    if (open_table(argv[1], &table) != 0)
        return TABLE_FAILED;
    printf("%s: good, %u ads\n", argv[1], table.ad_count);
    table_unmap(&table);
    return finish_output();
}

/* ---- get and dump ---- */

/* 0 or TABLE_FAILED. */
static int print_ad(const struct table *table, uint32_t record, struct buf *line) {
    buf_clear(line, SIZE_MAX);
    table_print_ad(table, record, line);
    buf_add_char(line, '\n');
    if (line->failed)
        return fail("an ad", "out of memory");
    return fwrite(line->p, 1, line->n, stdout) == line->n ? 0 : finish_output();
}

int table_get_run(int argc, char **argv) {
    struct table table;
    struct buf line;
    int status = 0;
    if (!arguments_fit(argc, argv, true, "get TABLE ID...", &status))
        return status;
    if (open_table(argv[1], &table) != 0)
        return TABLE_FAILED;
    buf_init(&line, LINE_BYTES);
    status = 0;
    for (int i = 2; i < argc; i++) {
        uint32_t record = table_find_ad(&table, str_from(argv[i]));
        if ((record == TABLE_NONE ? fail(argv[i], "no such ad") : print_ad(&table, record, &line)) != 0)
            status = TABLE_FAILED;
    }
    buf_cleanup(&line);
    table_unmap(&table);
    return finish_output() != 0 ? TABLE_FAILED : status;
}

int table_dump_run(int argc, char **argv) {
    struct table table;
    struct buf line;
    int status = 0;
    if (!arguments_fit(argc, argv, false, "dump TABLE", &status))
        return status;
    if (open_table(argv[1], &table) != 0)
        return TABLE_FAILED;
    buf_init(&line, LINE_BYTES);
    status = 0;
    for (uint32_t i = 0; i < table.ad_count && status == 0; i++)
        status = print_ad(&table, i, &line);
    buf_cleanup(&line);
    table_unmap(&table);
    return status != 0 ? status : finish_output();
}
