#include "fuzz_views.h"

#include <stdlib.h>

void fuzz_require(bool condition) {
    if (!condition)
        abort();
}

void fuzz_require_views(const struct json_members *members, struct str text) {
    const char *last = text.p;
    for (size_t i = 0; i < members->count; i++) {
        const struct json_member *member = &members->items[i];
        fuzz_require(member->text.p >= last && member->text.p[0] == '"');
        last = member->text.p + member->text.n;
        fuzz_require(last <= text.p + text.n);
        fuzz_require(member->value.n > 0 && member->value.p > member->text.p);
        fuzz_require(member->value.p + member->value.n == last);
        fuzz_require(member->key.p != NULL);
    }
}
