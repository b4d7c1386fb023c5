/* Members of a line, as all kinds write them: each with its comma, and none for what is not known. */
#ifndef SLIMBID_EVENT_LOG_EVENT_FIELDS_H
#define SLIMBID_EVENT_LOG_EVENT_FIELDS_H

#include <stdint.h>

#include "base/buf.h"

#define EVENT_TEXT_BYTES 256u /* longer texts are cut there, at a character's end */

/* ,"name":"value"; nothing when it is absent. What is behind the first byte that is no UTF-8 is cut off. */
void event_field_text(struct buf *line, const char *name, struct str value);
/* ,"name":"00a1..." of 16 digits: numbers of 64 bits that JSON's readers would round. Nothing when it is 0.
 */
void event_field_hex(struct buf *line, const char *name, uint64_t value);
/* ,"name":-5 */
void event_field_int(struct buf *line, const char *name, int64_t value);

#endif
