/*
 * What it takes to hold ads as most servers do: every line of the file parsed by jansson into a dictionary by
 * id, in memory of this process alone. Says "ads=N" when it has them, and stays until standard input ends.
 * loadtest/memory measures it.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take_line(json_t *ads, const char *line, size_t n, unsigned long number) {
    json_error_t error;
    json_t *ad = json_loadb(line, n, 0, &error);
    const char *id = json_string_value(json_object_get(ad, "id"));
    if (id && json_object_set(ads, id, ad) == 0) {
        json_decref(ad);
        return 0;
    }
    fprintf(stderr, "ads-dictionary: line %lu: %s\n", number, ad ? "no id" : error.text);
    json_decref(ad);
    return -1;
}

static int read_all(json_t *ads, FILE *file, unsigned long most) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int result = 0;
    for (unsigned long number = 1; result == 0 && number <= most; number++) {
        n = getline(&line, &room, file);
        if (n < 0)
            break;
        result = take_line(ads, line, (size_t)n, number);
    }
    free(line);
    return result;
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fputs("usage: ads-dictionary ADS.ndjson [MOST-LINES]\n", stderr);
        return 2;
    }
    FILE *file = fopen(argv[1], "re");
    json_t *ads = json_object();
    int status = 1;
    if (!file || !ads) {
        perror(argv[1]);
    } else if (read_all(ads, file, argc == 3 ? strtoul(argv[2], NULL, 10) : (unsigned long)-1) == 0) {
        printf("ads=%zu\n", json_object_size(ads));
        fflush(stdout);
        while (getchar() != EOF)
            continue;
        status = 0;
    }
    json_decref(ads);
    if (file)
        fclose(file);
    return status;
}
