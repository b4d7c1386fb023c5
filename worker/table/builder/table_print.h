/* An ad of a table as the line of JSON that it was built from: docs/ads.md. */
#ifndef SLIMBID_TABLE_TABLE_PRINT_H
#define SLIMBID_TABLE_TABLE_PRINT_H

#include "base/buf.h"
#include "table/table.h"

/* Appends the line, without its end. The table is verified. Values that the table keeps as a set come in the
 * order of their texts. */
void table_print_ad(const struct table *table, uint32_t record, struct buf *out);

#endif
