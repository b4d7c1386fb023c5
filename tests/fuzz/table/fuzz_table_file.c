/*
 * A table's file with changes, through map and verify, and when it passes, everything that readers do.
 *
 * The input is a list of changes to a good table, 6 bytes each (place, new byte, kind), or with a first byte
 * of 0xff a file of its own; a kind makes the CRCs right again, so that what lies behind them is reached.
 * Whatever comes in: no crash, no endless walk, and what passes can be read in full.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/utf8.h"
#include "builder/table_build.h"
#include "builder/table_print.h"
#include "table/table.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#define CHANGE_BYTES 6
#define MOST_BYTES   (1u << 20)

static const char ads[] =
    "{\"id\":\"a\",\"campaign\":\"c\",\"media\":\"banner\",\"sizes\":[\"300x250\"],\"adm\":\"<p>1</"
    "p>\",\"price\":1}\n"
    "{\"id\":\"b\",\"campaign\":\"d\",\"media\":\"video\",\"adm\":\"<VAST\xc3\xa9/"
    ">\",\"price\":2,\"bid\":\"cpc\","
    "\"adomain\":\"shop.a.example\",\"crid\":\"x\",\"cat\":[\"IAB1-1\"],\"language\":\"en\",\"deals\":["
    "\"d1\"],"
    "\"daily_budget\":5,\"targeting\":{\"countries\":[\"DEU\",\"USA\"],\"domains\":[\"x.example\"],"
    "\"not_segments\":[\"s\"],\"hours\":[{\"from\":3}],\"time_zone\":\"Europe/Berlin\"}}\n";

static char good[MOST_BYTES];
static size_t good_bytes;

/* Builds the good table once. */
static void make_good(void) {
    char directory[] = "/tmp/slimbid-fuzz-XXXXXX", input[64], output[64], error[TABLE_BUILD_ERROR_BYTES] = "";
    struct table_build_result result;
    MUST(mkdtemp(directory));
    snprintf(input, sizeof input, "%s/ads", directory);
    snprintf(output, sizeof output, "%s/tbl", directory);
    FILE *file = fopen(input, "we");
    MUST(file && fputs(ads, file) >= 0 && fclose(file) == 0);
    struct table_build_options options = {.input = input,
                                          .output = output,
                                          .currency = "USD",
                                          .weight_bits = 1,
                                          .cross_bits = 1,
                                          .quiet = true};
    MUST(table_build(&options, &result, error, sizeof error) == 0 && result.ads == 2);
    file = fopen(output, "re");
    MUST(file);
    good_bytes = fread(good, 1, sizeof good, file);
    fclose(file);
    MUST(good_bytes == result.bytes);
    unlink(input);
    unlink(output);
    rmdir(directory);
}

static void seal(char *p, size_t n) {
    struct table_header header;
    if (n < sizeof header)
        return;
    memcpy(&header, p, sizeof header);
    for (int i = 0; i < TABLE_SECTIONS; i++) {
        struct table_extent *extent = &header.sections[i];
        if (extent->offset <= n && extent->bytes <= n - extent->offset)
            extent->crc32c = crc32c(0, p + extent->offset, extent->bytes);
    }
    header.header_crc32c = 0;
    header.header_crc32c = crc32c(0, &header, sizeof header);
    memcpy(p, &header, sizeof header);
}

/* The file that the input stands for. */
static size_t make_file(const uint8_t *data, size_t size, char *p) {
    if (size > 1 && data[0] == 0xff) {
        size_t n = size - 2 < MOST_BYTES ? size - 2 : MOST_BYTES;
        memcpy(p, data + 2, n);
        if (data[1] & 1)
            seal(p, n);
        return n;
    }
    size_t n = good_bytes;
    bool sealed = true;
    memcpy(p, good, n);
    for (; size >= CHANGE_BYTES; data += CHANGE_BYTES, size -= CHANGE_BYTES) {
        uint32_t place = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16;
        switch (data[5] % 4) {
        case 0:
            p[place % n] = (char)data[3];
            break;
        case 1: /* a whole word, as indices are */
            memcpy(p + place % (n - 4) / 4 * 4, &(uint32_t){data[3] | (uint32_t)data[4] << 8}, 4);
            break;
        case 2:
            memcpy(p + place % (n - 4) / 4 * 4, &(uint32_t){UINT32_MAX - data[3]}, 4);
            break;
        default:
            sealed = data[3] & 1;
            n = data[4] == 7 ? n - place % n / 2 : n;
            n = n < 8 ? 8 : n;
        }
    }
    if (sealed)
        seal(p, n);
    return n;
}

static void read_value(const struct table *table, uint32_t i) {
    const struct table_value *value = &table->values[i];
    uint32_t steps = 0;
    MUST(table_find(table, value->hash) == i);
    for (uint32_t k = 0; k < value->postings; k++)
        MUST(table->postings[value->posting + k] < table->ad_count);
    if (value->target == TARGET_ADVERTISER)
        for (uint32_t up = i; up != TABLE_NONE; up = table->values[up].number)
            MUST(steps++ < table->value_count);
    if (value->bitmap != TABLE_NONE) {
        const uint64_t *words = table->bitmaps + (size_t)value->bitmap * table->header->bitmap_words;
        for (uint32_t bit = 0; bit < table->header->bitmap_words * 64; bit++)
            MUST(!(words[bit / 64] >> bit % 64 & 1) || bit < table->ad_count);
    }
}

static void read_record(const struct table *table, uint32_t i, struct buf *line) {
    const struct table_record *record = &table->records[i];
    const uint32_t *p = table->lists + record->lists;
    MUST(*p++ == record->held);
    for (uint32_t list = 0; list < TABLE_LISTS_MOST; list++) {
        if (!(record->held >> list & 1))
            continue;
        for (uint32_t n = *p++; n > 0; n--, p++)
            MUST(*p < table->value_count);
    }
    buf_clear(line, SIZE_MAX);
    table_print_ad(table, i, line);
    MUST(!line->failed && utf8_first_bad(buf_view(line), 0) == UTF8_GOOD);
    MUST(table_find_ad(table, table_text(table, table->ads[i].id)) == i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char bytes[MOST_BYTES];
    static int fd = -1;
    char error[TABLE_ERROR_BYTES];
    struct table table;
    struct buf line;
    if (fd < 0) {
        make_good();
        fd = memfd_create("table", MFD_CLOEXEC);
        MUST(fd >= 0);
    }
    size_t n = make_file(data, size, bytes);
    MUST(ftruncate(fd, (off_t)n) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
    if (table_map(&table, fd, error, sizeof error) != 0)
        return 0;
    buf_init(&line, 1u << 24);
    if (table_verify(&table, error, sizeof error) == 0) {
        for (uint32_t i = 0; i < table.value_count; i++)
            read_value(&table, i);
        for (uint32_t i = 0; i < table.ad_count; i++)
            read_record(&table, i, &line);
    }
    buf_cleanup(&line);
    table_unmap(&table);
    return 0;
}
