/* Texts into tables and requests; see text_table.h. */
#include "text_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/match_table.h"
#include "random_texts.h"

/* ---- into a table ---- */

static void hash_texts(struct hash_list *list, enum target target, const struct texts *texts, bool parents) {
    const char *all[HASHES_ROOM];
    int n = 0;
    for (int i = 0; i < texts->count; i++) {
        if (parents)
            n = with_parents(target, texts->items[i], all, n, HASHES_ROOM);
        else
            all[n++] = texts->items[i];
    }
    for (int i = 0; i < n; i++)
        list->items[i] = target_hash(target, str_from(all[i]));
    list->count = (uint32_t)n;
}

static void fill_record(struct table_record *record, const struct text_ad *ad) {
    *record = (struct table_record){.price = ad->price,
                                    .z = ad->z,
                                    .campaign = (uint32_t)ad->campaign,
                                    .campaign_key = (uint32_t)reference_campaign(ad->campaign),
                                    .starts = (uint32_t)ad->starts,
                                    .ends = (uint32_t)ad->ends,
                                    .attr = ad->attr,
                                    .positions = ad->positions,
                                    .connections = ad->connections,
                                    .media = TABLE_BANNER,
                                    .cattax = ad->own.count > 0 ? ad->cattax : 0};
    record->flags = (uint8_t)((ad->by_click ? TABLE_BY_CLICK : 0) | (ad->secure ? TABLE_SECURE : 0) |
                              (ad->secure_only ? TABLE_SECURE_ONLY : 0));
    record->zone = random_zone_number(ad->zone);
}

/* Patterns of hours are few: the ad says its own by their first equal one. */
static uint16_t hours_number(struct table_hours *hours, uint32_t *count, const struct text_ad *ad) {
    struct table_hours own = {{0}};
    if (ad->all_hours)
        return 0;
    for (int i = 0; i < 168; i++)
        own.words[i / 64] |= (uint64_t)ad->hours[i] << i % 64;
    for (uint32_t i = 0; i < *count; i++)
        if (memcmp(&hours[i], &own, sizeof own) == 0)
            return (uint16_t)(i + 1);
    hours[*count] = own;
    return (uint16_t)++ * count;
}

static int add(struct table_index *index, const struct text_ad *ad, struct table_hours *hours,
               uint32_t *hours_count) {
    static struct hash_list lists[TABLE_LISTS_MOST], domains;
    static const uint32_t numbers[REFERENCE_TEXTS];
    struct table_index_ad raw = {.size_numbers = numbers};
    struct texts domain = {{ad->domain}, ad->domain ? 1 : 0};
    fill_record(&raw.record, ad);
    raw.record.hours = hours_number(hours, hours_count, ad);
    for (int i = 0; i < TARGET_INDEXED; i++)
        hash_texts(&lists[i], (enum target)i, &ad->in[i], false);
    hash_texts(&lists[TABLE_LIST_NOT_CATEGORY], TARGET_CATEGORY, &ad->not_category, false);
    hash_texts(&lists[TABLE_LIST_NOT_INVENTORY], TARGET_INVENTORY, &ad->not_inventory, false);
    hash_texts(&lists[TABLE_LIST_NOT_SEGMENT], TARGET_SEGMENT, &ad->not_segment, false);
    hash_texts(&lists[TABLE_LIST_OWN_CATEGORY], TARGET_CATEGORY, &ad->own, true);
    hash_texts(&domains, TARGET_ADVERTISER, &domain, true);
    for (int i = 0; i < TABLE_LISTS_MOST; i++) {
        raw.values[i] = lists[i].items;
        raw.value_counts[i] = lists[i].count;
    }
    raw.advertiser = domains.items;
    raw.advertiser_count = domains.count;
    raw.creative = ad->crid ? target_hash(TARGET_CREATIVE, str_from(ad->crid)) : 0;
    raw.language = ad->language ? target_hash(TARGET_LANGUAGE, str_from(ad->language)) : 0;
    return table_index_add(index, &raw);
}

/* What stands in the cold sections. */
struct cold {
    struct table_ad *ads;
    struct table_campaign campaigns[RANDOM_CAMPAIGNS];
    char *strings;
};

/* Texts at 64 bytes each: crids of ads, then ids of campaigns. */
static void fill_cold(const struct text_ad *texts, uint32_t count, struct cold *cold) {
    struct table_ad *ads = cold->ads;
    char *strings = cold->strings;
    for (uint32_t i = 0; i < count; i++) {
        const char *crid = texts[i].crid;
        ads[i] = (struct table_ad){.crid = {64 * i, crid ? (uint32_t)strlen(crid) : 0}, .line = i + 1};
        if (crid)
            memcpy(strings + (size_t)64 * i, crid, strlen(crid));
        cold->campaigns[texts[i].campaign].frequency = texts[i].frequency;
        cold->campaigns[texts[i].campaign].frequency_hours = texts[i].frequency > 0 ? 24 : 0;
    }
    for (uint32_t i = 0; i < RANDOM_CAMPAIGNS; i++) {
        uint32_t at = 64 * (count + i);
        int n = snprintf(strings + at, 64, "campaign%u", i);
        cold->campaigns[i].id = (struct table_text){at, (uint32_t)n};
    }
}

int text_table(const struct text_ad *texts, uint32_t count, const struct text_weights *weights,
               struct table *table) {
    struct table_index *index = table_index_create();
    struct table_hours *hours = calloc((size_t)count + 1, sizeof *hours);
    struct cold cold = {.ads = calloc((size_t)count + 1, sizeof *cold.ads),
                        .strings = calloc((size_t)count + RANDOM_CAMPAIGNS, 64)};
    char error[TABLE_ERROR_BYTES] = "no memory";
    struct match_table_parts parts = {.ads = cold.ads,
                                      .strings = cold.strings,
                                      .string_bytes = (size_t)64 * (count + RANDOM_CAMPAIGNS),
                                      .hours = hours,
                                      .zones = random_zones(),
                                      .zone_count = RANDOM_ZONES,
                                      .campaigns = cold.campaigns,
                                      .campaign_count = RANDOM_CAMPAIGNS,
                                      .weights = weights ? weights->own : NULL,
                                      .weight_bits = weights ? WEIGHT_BITS : 0,
                                      .cross_bits = CROSS_BITS};
    int result = index && hours && cold.ads && cold.strings ? 0 : -1;
    for (uint32_t i = 0; result == 0 && i < count; i++)
        result = add(index, &texts[i], hours, &parts.hours_count);
    if (result == 0) {
        fill_cold(texts, count, &cold);
        result = match_table_map(index, &parts, table, error, sizeof error);
    } else {
        table_index_destroy(index);
    }
    if (result != 0)
        printf("table: %s\n", error);
    free(hours);
    free(cold.ads);
    free(cold.strings);
    return result;
}

/* ---- into a request ---- */

static struct match_hashes view(const struct hash_list *list) {
    return (struct match_hashes){list->items, list->count};
}

void text_hash_request(struct text_hashed *hashed, const struct text_request *text) {
    struct match_request *request = &hashed->request;
    struct match_imp *imp = &hashed->imp;
    memset(hashed, 0, sizeof *hashed);
    for (int i = 0; i < TARGETS; i++) {
        hash_texts(&hashed->is[i], (enum target)i, &text->is[i], true);
        request->values[i] = view(&hashed->is[i]);
    }
    hash_texts(&hashed->badv, TARGET_ADVERTISER, &text->badv, false);
    hash_texts(&hashed->bcat, TARGET_CATEGORY, &text->bcat, false);
    hash_texts(&hashed->bcrid, TARGET_CREATIVE, &text->bcrid, false);
    hash_texts(&hashed->wlang, TARGET_LANGUAGE, &text->wlang, false);
    hash_texts(&hashed->sizes, TARGET_SIZE, &text->sizes, false);
    hash_texts(&hashed->deals, TARGET_DEAL, &text->deals, false);
    request->badv = view(&hashed->badv);
    request->bcat = view(&hashed->bcat);
    request->bcrid = view(&hashed->bcrid);
    request->wlang = view(&hashed->wlang);
    request->cattax = text->cattax;
    request->connection = text->connection;
    request->utc_offset = (int16_t)text->utc_offset;
    request->now = text->now;
    request->least_pctr = text->least_pctr;
    request->salt = text->salt;
    request->caps = hashed->caps;
    request->cap_count = (uint32_t)text->cap_count;
    for (int i = 0; i < text->cap_count; i++) {
        uint64_t other = text->caps[i].other ? UINT64_C(1) << 32 : 0;
        hashed->caps[i] =
            (struct match_cap){reference_campaign(text->caps[i].campaign) ^ other, text->caps[i].views};
    }
    *imp = (struct match_imp){.sizes = view(&hashed->sizes),
                              .deals = view(&hashed->deals),
                              .deal_floors = text->deal_floors,
                              .floor = text->floor,
                              .slot = text->slot ? target_hash(TARGET_SLOT, str_from(text->slot)) : 0,
                              .battr = text->battr,
                              .position = text->position,
                              .secure = text->secure,
                              .private_auction = text->private_auction};
}
