/* CRC-32C (Castagnoli), as iSCSI and SSE4.2 have it: RFC 3720 appendix B.4. Not for secrets. */
#ifndef SLIMBID_BASE_CRC32C_H
#define SLIMBID_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of the bytes whose CRC is `crc` (0: none yet), continued by n more. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
/* The same without the processor's instruction, for tests; crc32c() takes it where there is none. */
uint32_t crc32c_portable(uint32_t crc, const void *p, size_t n);

#endif
