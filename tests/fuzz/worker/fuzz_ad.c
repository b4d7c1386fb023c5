/*
 * Bytes as lines of ads. Whatever comes in: no crash, an error that says where and rules no terminal, and of
 * what is taken every text and number within the limits that the table's verifier knows.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ad.h"

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "does not hold: %s\n", #condition);                                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static void check_id(struct str s) {
    MUST(s.n <= TABLE_ID_BYTES);
    for (size_t i = 0; i < s.n; i++)
        MUST((unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f);
}

static void check_values(const struct ad_values *values) {
    for (uint32_t i = 0; i < values->count; i++) {
        MUST(values->texts[i].n > 0 && values->hashes[i] != 0);
        check_id((struct str){values->texts[i].p, values->texts[i].n - (values->texts[i].n > 256 ? 7 : 0)});
    }
}

static void check_ad(const struct ad *ad) {
    MUST(ad->id.n > 0 && ad->campaign.n > 0 && ad->adm.n > 0 && ad->adm.n <= TABLE_ADM_BYTES);
    check_id(ad->id);
    check_id(ad->campaign);
    check_id(ad->crid);
    check_id(ad->adomain);
    check_id(ad->language);
    for (int list = 0; list < TABLE_LISTS_MOST; list++)
        check_values(&ad->lists[list]);
    check_values(&ad->domains);
    MUST(ad->lists[TABLE_LIST_IN + TARGET_SIZE].count > 0);
    MUST(ad->media >= TABLE_BANNER && ad->media <= TABLE_NATIVE && ad->starts < ad->ends && !(ad->attr & 1));
    MUST(ad->price > 0 && isfinite(ad->price) && ad->daily_budget >= 0 && isfinite(ad->daily_budget));
    MUST((ad->frequency > 0) == (ad->frequency_hours > 0) && (ad->cattax > 0) == (ad->cats.count > 0));
    MUST(ad->hours.words[2] >> 40 == 0 &&
         (ad->hours.words[0] | ad->hours.words[1] | ad->hours.words[2]) != 0);
    MUST(ad->time_zone.n > 0 && ad->time_zone.n < sizeof(struct table_zone));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct ad_reader *reader;
    char error[AD_ERROR_BYTES] = "";
    struct ad ad;
    if (!reader)
        reader = ad_reader_create();
    MUST(reader);
    struct str line = {(const char *)data, size};
    if (ad_read(reader, line, &ad, error, sizeof error) == 0) {
        check_ad(&ad);
        return 0;
    }
    MUST(strstr(error, ": "));
    for (const char *p = error; *p; p++)
        MUST((unsigned char)*p >= ' ' && *p != 0x7f);
    return 0;
}
