/* Checks a table in full, part 2: what only winners need; see table.h. */
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "table/table_check.h"

/* A section of text: the whole is known to be UTF-8. */
struct section {
    const char *p;
    uint64_t bytes;
    const uint64_t *pages;
};

static struct section strings_of(const struct table_check *check) {
    return (struct section){check->table->strings, check->table->header->sections[TABLE_STRINGS].bytes,
                            check->strings_pages};
}

static struct section markup_of(const struct table_check *check) {
    return (struct section){check->table->markup, check->table->header->sections[TABLE_MARKUP].bytes,
                            check->markup_pages};
}

/* Whether a character begins there, or the section ends. Looks at the byte only where it must. */
static bool begins_character(const struct section *section, uint64_t at) {
    uint64_t page = at >> TABLE_CHECK_PAGE_SHIFT;
    if (at == section->bytes || !(section->pages[page / 64] >> page % 64 & 1))
        return true;
    return ((unsigned char)section->p[at] & 0xC0) != 0x80;
}

/* Whether the bytes lie inside, and neither end cuts a character. */
static bool text_inside(const struct section *section, uint64_t at, uint64_t n) {
    if (at > section->bytes || n > section->bytes - at)
        return false;
    return n == 0 || (begins_character(section, at) && begins_character(section, at + n));
}

static bool text_fits(const struct section *strings, struct table_text text, uint32_t most) {
    return text.n <= most && text_inside(strings, text.at, text.n);
}

static bool currency_fits(const char currency[4]) {
    for (int i = 0; i < 3; i++)
        if (currency[i] < 'A' || currency[i] > 'Z')
            return false;
    return currency[3] == 0;
}

static int check_text(const struct table_check *check, const char *name, struct section section) {
    uint64_t any = 0;
    for (uint64_t i = 0; i <= (section.bytes >> TABLE_CHECK_PAGE_SHIFT) / 64; i++)
        any |= section.pages[i];
    if (!any)
        return 0;
    size_t bad = utf8_first_bad((struct str){section.p, section.bytes}, 0);
    return bad == UTF8_GOOD ? 0 : table_check_fail(check, "%s: not UTF-8 at byte %zu", name, bad);
}

/* ---- ads ---- */

static const char *wrong_in_ad(const struct section *strings, const struct section *markup,
                               const struct table_ad *ad) {
    if (ad->id.n == 0 || !text_fits(strings, ad->id, TABLE_ID_BYTES))
        return "id";
    if (!text_fits(strings, ad->crid, TABLE_ID_BYTES))
        return "crid";
    if (!text_fits(strings, ad->adomain, TABLE_ID_BYTES))
        return "adomain";
    if (!text_fits(strings, ad->language, TABLE_ID_BYTES))
        return "language";
    if (!text_fits(strings, ad->cats, UINT32_MAX))
        return "cats";
    if (!text_fits(strings, ad->deals, UINT32_MAX))
        return "deals";
    if (ad->markup_bytes > TABLE_ADM_BYTES || !text_inside(markup, ad->markup_at, ad->markup_bytes))
        return "markup_at";
    if (!(ad->price > 0) || !isfinite(ad->price))
        return "price";
    if (!currency_fits(ad->currency))
        return "currency";
    return ad->zero != 0 ? "zero" : NULL;
}

static int check_ads(const struct table_check *check) {
    const struct table *t = check->table;
    const struct section strings = strings_of(check), markup = markup_of(check);
    for (uint32_t i = 0; i < t->ad_count; i++) {
        const char *wrong = wrong_in_ad(&strings, &markup, &t->ads[i]);
        if (wrong)
            return table_check_fail(check, "ads[%u].%s: out of its range", i, wrong);
    }
    return 0;
}

/* ---- ids: after the ads' texts are known to be inside ---- */

static void look_ahead(const struct table *t, uint32_t i) {
    if (i + 2 * TABLE_CHECK_AHEAD >= t->ad_count)
        return;
    uint32_t record = t->ids[i + 2 * TABLE_CHECK_AHEAD].record;
    __builtin_prefetch(&t->ads[record < t->ad_count ? record : 0]);
    record = t->ids[i + TABLE_CHECK_AHEAD].record;
    __builtin_prefetch(t->strings + t->ads[record < t->ad_count ? record : 0].id.at);
}

/* Each ad once: pairs of hash and record ascend strictly, and each hash is that of its record's id. */
static int check_ids(const struct table_check *check) {
    const struct table *t = check->table;
    for (uint32_t i = 0; i < t->ad_count; i++) {
        const struct table_id *id = &t->ids[i], *last = i > 0 ? id - 1 : NULL;
        look_ahead(t, i);
        if (id->record >= t->ad_count || id->zero != 0)
            return table_check_fail(check, "ids[%u].record: %u of %u", i, id->record, t->ad_count);
        struct str text = table_text(t, t->ads[id->record].id);
        if (id->hash != hash_bytes(text, 0))
            return table_check_fail(check, "ids[%u].hash: not that of ad %u", i, id->record);
        if (!last || last->hash < id->hash)
            continue;
        if (last->hash > id->hash || last->record >= id->record)
            return table_check_fail(check, "ids[%u]: not ascending", i);
        if (str_eq(table_text(t, t->ads[last->record].id), text))
            return table_check_fail(check, "ids[%u]: an id twice", i);
    }
    return 0;
}

/* ---- names: of values, which are checked ---- */

static int check_names(const struct table_check *check) {
    const struct table *t = check->table;
    const struct section strings = strings_of(check);
    for (uint32_t i = 0; i < t->value_count; i++) {
        if (i + TABLE_CHECK_AHEAD < t->value_count)
            __builtin_prefetch((const void *)((uintptr_t)t->strings + t->names[i + TABLE_CHECK_AHEAD].at));
        if (t->names[i].n == 0 || !text_fits(&strings, t->names[i], UINT32_MAX))
            return table_check_fail(check, "names[%u]: out of its range", i);
        if (t->values[i].hash != target_hash(t->values[i].target, table_text(t, t->names[i])))
            return table_check_fail(check, "names[%u]: not the value's", i);
    }
    return 0;
}

/* ---- campaigns ---- */

static const char *wrong_in_campaign(const struct section *strings, const struct table_campaign *campaign) {
    static const char none[4];
    bool limited = campaign->given_budget > 0;
    if (campaign->id.n == 0 || !text_fits(strings, campaign->id, TABLE_ID_BYTES))
        return "id";
    if (!(campaign->given_budget >= 0) || !isfinite(campaign->given_budget))
        return "given_budget";
    if (!(campaign->daily_budget >= 0) || !isfinite(campaign->daily_budget) ||
        (campaign->daily_budget > 0) != limited)
        return "daily_budget";
    if (limited ? !currency_fits(campaign->given_currency)
                : memcmp(campaign->given_currency, none, sizeof none) != 0)
        return "given_currency";
    if ((campaign->frequency > 0) != (campaign->frequency_hours > 0))
        return "frequency";
    return campaign->zero != 0 ? "zero" : NULL;
}

/* keys: room for one a campaign. */
static int check_campaign_keys(const struct table_check *check, uint32_t *keys) {
    const struct table *t = check->table;
    const struct section strings = strings_of(check);
    for (uint32_t i = 0; i < t->campaign_count; i++) {
        const char *wrong = wrong_in_campaign(&strings, &t->campaigns[i]);
        if (wrong)
            return table_check_fail(check, "campaigns[%u].%s: out of its range", i, wrong);
        keys[i] = (uint32_t)hash_bytes(table_text(t, t->campaigns[i].id), 0);
    }
    for (uint32_t i = 0; i < t->ad_count; i++)
        if (t->records[i].campaign >= t->campaign_count ||
            t->records[i].campaign_key != keys[t->records[i].campaign])
            return table_check_fail(check, "records[%u].campaign_key: not that of campaign %u", i,
                                    t->records[i].campaign);
    return 0;
}

static int check_campaigns(const struct table_check *check) {
    uint32_t *keys = malloc((size_t)check->table->campaign_count * sizeof *keys + 1);
    if (!keys)
        return table_check_fail(check, "out of memory");
    int result = check_campaign_keys(check, keys);
    free(keys);
    return result;
}

int table_check_cold(const struct table_check *check) {
    if (check_text(check, "strings", strings_of(check)) != 0 ||
        check_text(check, "markup", markup_of(check)) != 0)
        return -1;
    if (check_ads(check) != 0 || check_ids(check) != 0 || check_names(check) != 0)
        return -1;
    return check_campaigns(check);
}
