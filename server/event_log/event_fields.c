/* See event_fields.h. */
#include "event_log/event_fields.h"

#include <string.h>

#include "base/utf8.h"

static void add_name(struct buf *line, const char *name) {
    BUF_ADD_LIT(line, ",\"");
    buf_add(line, name, strlen(name));
    BUF_ADD_LIT(line, "\":");
}

void event_field_text(struct buf *line, const char *name, struct str value) {
    if (!str_present(value))
        return;
    if (value.n > EVENT_TEXT_BYTES)
        value.n = EVENT_TEXT_BYTES;
    size_t bad = utf8_first_bad(value, 0);
    if (bad != UTF8_GOOD)
        value.n = bad;
    add_name(line, name);
    buf_add_json_string(line, value);
}

void event_field_hex(struct buf *line, const char *name, uint64_t value) {
    if (!value)
        return;
    char digits[16];
    for (int i = 15; i >= 0; i--, value >>= 4)
        digits[i] = "0123456789abcdef"[value & 15];
    add_name(line, name);
    buf_add_char(line, '"');
    buf_add(line, digits, sizeof digits);
    buf_add_char(line, '"');
}

void event_field_int(struct buf *line, const char *name, int64_t value) {
    add_name(line, name);
    buf_add_int(line, value);
}
