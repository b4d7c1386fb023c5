/* See keeper_stats.h. */
#include "stats/keeper_stats.h"

#include <errno.h>

const char *keeper_trouble_name(enum keeper_trouble trouble) {
    static const char *const names[KEEPER_TROUBLES] = {
        [KEEPER_FINE] = "none",
        [KEEPER_NO_SPACE] = "no_space",
        [KEEPER_NO_ACCESS] = "no_access",
        [KEEPER_GONE] = "gone",
        [KEEPER_IO] = "io",
        [KEEPER_SLOW] = "slow",
    };
    return names[trouble];
}

enum keeper_trouble keeper_trouble_of(int error) {
    switch (error) {
    case 0:
        return KEEPER_FINE;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return KEEPER_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return KEEPER_NO_ACCESS;
    case ENOENT:
    case ENOTDIR:
        return KEEPER_GONE;
    default:
        return KEEPER_IO;
    }
}
