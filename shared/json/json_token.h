/* Tokens of RFC 8259: where strings and numbers end, and what escapes stand for. */
#ifndef SLIMBID_JSON_TOKEN_H
#define SLIMBID_JSON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

static inline bool json_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *json_skip_space(const char *p, const char *end) {
    while (p < end && UNLIKELY(json_is_space(*p)))
        p++;
    return p;
}

struct json_string {
    const char *end; /* its closing quote; with `why`, the byte at fault, or the end of the text */
    const char *why; /* NULL, or why it is none (a static text) */
    bool escaped;
};

/* The string whose first byte behind the quote is at p. The form of its escapes is checked, what they stand
 * for is not (json_text.h), nor is its UTF-8. */
struct json_string json_string_read(const char *p, const char *end);

/* Writes what raw, the bytes between the quotes of a good string, stands for to out (raw.n bytes suffice);
 * returns how many bytes that is. out may be NULL: it only counts. Half a surrogate pair becomes U+FFFD. */
size_t json_unescape(struct str raw, char *out);

/* The end of the number that begins at p; NULL when none does. What follows it is not looked at. */
const char *json_number_end(const char *p, const char *end);

/* The code unit of the \uXXXX at p, -1 when there is none. */
int json_code_unit(const char *p, const char *end);

#endif
