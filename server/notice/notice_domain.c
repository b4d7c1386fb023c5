/* See notice_domain.h. */
#include "notice/notice_domain.h"

#include <ctype.h>
#include <libpsl.h>
#include <string.h>

#define HOST_BYTES 253

struct str notice_domain(struct str host) {
    const struct str none = {NULL, 0};
    const psl_ctx_t *list = psl_builtin();
    char name[HOST_BYTES + 1];
    if (!list || host.n == 0 || host.n > HOST_BYTES || !memchr(host.p, '.', host.n))
        return none;
    for (size_t i = 0; i < host.n; i++)
        name[i] = (char)tolower((unsigned char)host.p[i]);
    name[host.n] = '\0';
    const char *domain = psl_registrable_domain(list, name);
    if (!domain)
        return none;
    size_t at = (size_t)(domain - name);
    return (struct str){host.p + at, host.n - at};
}
