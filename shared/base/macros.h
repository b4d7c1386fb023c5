/* The few compiler words that every module uses. */
#ifndef SLIMBID_BASE_MACROS_H
#define SLIMBID_BASE_MACROS_H

#include <stddef.h>

#define CHECK_RESULT                         __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define COUNT_OF(array)                      (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(ptr, type, member)      ((type *)((char *)(ptr)-offsetof(type, member)))
#define LIKELY(x)                            __builtin_expect(!!(x), 1)
#define UNLIKELY(x)                          __builtin_expect(!!(x), 0)

#endif
