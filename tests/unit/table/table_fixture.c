/* Tables for tests; see table_fixture.h. */
#include "table_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "builder/table_build.h"

static void write_file(const char *path, const char *text, size_t n) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static struct table_image read_file(const char *path) {
    struct table_image image = {NULL, 0};
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    image.n = (size_t)ftell(file);
    rewind(file);
    image.p = malloc(image.n);
    assert_non_null(image.p);
    assert_int_equal(fread(image.p, 1, image.n, file), image.n);
    assert_int_equal(fclose(file), 0);
    return image;
}

struct table_image table_image_build(const char *text) {
    char directory[] = "./table-XXXXXX", input[64], output[64], error[TABLE_BUILD_ERROR_BYTES] = "";
    struct table_build_result result;
    assert_non_null(mkdtemp(directory));
    snprintf(input, sizeof input, "%s/ads.ndjson", directory);
    snprintf(output, sizeof output, "%s/ads.tbl", directory);
    write_file(input, text, strlen(text));
    struct table_build_options options = {.input = input,
                                          .output = output,
                                          .currency = "USD",
                                          .weight_bits = 4,
                                          .cross_bits = 4,
                                          .strict = true,
                                          .quiet = true};
    if (table_build(&options, &result, error, sizeof error) != 0)
        fail_msg("%s", error);
    struct table_image image = read_file(output);
    unlink(input);
    unlink(output);
    rmdir(directory);
    return image;
}

struct table_image table_image_full(void) {
    struct buf text;
    buf_init(&text, 1u << 20);
    for (int i = 0; i < 300; i++)
        buf_printf(&text,
                   "{\"id\":\"a%d\",\"campaign\":\"c%d\",\"media\":\"%s\",%s\"adm\":\"<p>\xc3\xa9%d</p>\","
                   "\"price\":%d.5,\"bid\":\"%s\",\"adomain\":\"www.shop%d.example.com\",\"crid\":\"cr%d\","
                   "\"cat\":[\"IAB1-%d\"],\"language\":\"en\",\"deals\":[\"d%d\"],%s\"targeting\":{"
                   "\"countries\":[\"DEU\"],\"keywords\":[\"k%d\"],\"segments\":[\"s1\",\"s2\"],"
                   "\"not_segments\":[\"s3\"],\"not_categories\":[\"IAB25\"],\"not_domains\":[\"a.example\"],"
                   "\"time_zone\":\"%s\",\"hours\":[{\"from\":%d}]}}\n",
                   i, i % 7, i % 3 ? "banner" : "video", i % 3 ? "\"sizes\":[\"300x250\",\"728x90\"]," : "",
                   i % 50, i % 9 + 1, i % 2 ? "cpc" : "cpm", i % 3, i % 11, i % 5 + 1, i % 2,
                   i % 7 == 1 ? "\"daily_budget\":10,\"frequency_cap\":{\"views\":3,\"hours\":24}," : "", i,
                   i % 2 ? "Europe/Berlin" : "UTC", i % 3 + 1);
    buf_add_char(&text, '\0');
    assert_false(text.failed);
    struct table_image image = table_image_build(text.p);
    buf_cleanup(&text);
    return image;
}

void table_image_free(struct table_image *image) {
    free(image->p);
    image->p = NULL;
}

void table_image_seal(struct table_image *image) {
    struct table_header header;
    memcpy(&header, image->p, sizeof header);
    for (int i = 0; i < TABLE_SECTIONS; i++) {
        struct table_extent *extent = &header.sections[i];
        if (extent->offset <= image->n && extent->bytes <= image->n - extent->offset)
            extent->crc32c = crc32c(0, image->p + extent->offset, extent->bytes);
    }
    header.header_crc32c = 0;
    header.header_crc32c = crc32c(0, &header, sizeof header);
    memcpy(image->p, &header, sizeof header);
}

int table_image_map(const struct table_image *image, struct table *table, char *error, size_t error_size) {
    int fd = memfd_create("table", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->p, image->n), (ssize_t)image->n);
    int result = table_map(table, fd, error, error_size);
    close(fd);
    return result;
}

void table_image_map_good(const struct table_image *image, struct table *table) {
    char error[TABLE_ERROR_BYTES] = "";
    if (table_image_map(image, table, error, sizeof error) != 0 ||
        table_verify(table, error, sizeof error) != 0)
        fail_msg("%s", error);
}
