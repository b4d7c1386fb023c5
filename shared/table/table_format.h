/*
 * The ad table as it lies in its file, ads.tbl: one immutable file that every worker maps read-only.
 *
 * Header, then sections, each at a multiple of TABLE_ALIGN, ordered by heat: what matching reads comes first
 * (about 200 bytes an ad), what only winners need comes last. Little-endian, offsets and no pointers,
 * fixed-size records; each section has a CRC-32C (Castagnoli; RFC 3720 appendix B.4). Nothing is trusted
 * before table_verify() has checked it once; after that all indices and offsets are known to be inside.
 *
 * Ads stand in descending order of their rank: what they are worth to the average request (see struct
 * table_block); within some blocks those of a kind stand together (table_index_order.c), which readers do not
 * rely on. The place of an ad in this order is its record number; everything refers to ads by it.
 */
#ifndef SLIMBID_TABLE_TABLE_FORMAT_H
#define SLIMBID_TABLE_TABLE_FORMAT_H

#include <assert.h>
#include <stdint.h>

#include "table/target.h"

#define TABLE_MAGIC         "slimbtbl"
#define TABLE_VERSION       2u
#define TABLE_ALIGN         4096u
#define TABLE_NONE          UINT32_MAX
#define TABLE_BLOCK_ADS     8192u /* ads whose bits are looked at together: 1 KiB of a bitmap */
#define TABLE_MOST_ADS      (1u << 27)
#define TABLE_ID_BYTES      256u   /* the longest id, domain, crid, category */
#define TABLE_ADM_BYTES     65535u /* the longest markup */
#define TABLE_MOST_BITS     28u    /* of weight_bits and cross_bits; at least 1 */
#define TABLE_MOST_Z        100.0f /* |z|, and any weight: further out a probability is 0 or 1 to any reader */
#define TABLE_MOST_PRICE    1e9    /* of a record */
#define TABLE_OWN_SHARED    31u /* the bit of table_record.own for all values that have none of their own */
#define TABLE_OWN_NONE      32u /* the number of a category that no ad is about */
#define TABLE_EXCLUDED_BITS 24u

enum table_section {
    /* hot */
    TABLE_BLOCKS,  /* struct table_block, one for each TABLE_BLOCK_ADS ads */
    TABLE_RECORDS, /* struct table_record, one an ad, in order */
    TABLE_LISTS,   /* uint32_t words: lists of values; see table_record.lists */
    TABLE_VALUES,  /* struct table_value */
    TABLE_SLOTS,   /* uint32_t: open addressing over the values' hashes, from slot hash & (slots - 1) upwards;
                      a power of two, at most half full */
    TABLE_BITMAPS, /* uint64_t: flat bitmaps of table_header.bitmap_words each */
    TABLE_POSTINGS, /* uint32_t record numbers, ascending within a value */
    TABLE_HOURS,    /* struct table_hours; [0] is every hour */
    TABLE_ZONES,    /* struct table_zone; [0] is UTC */
    TABLE_WEIGHTS,  /* float: the request's, then those of each cross; see table_header */
    /* cold */
    TABLE_LIST_AT,   /* uint32_t: where in TABLE_LISTS each set of lists begins, ascending, and the end; empty
                        without ads */
    TABLE_ADS,       /* struct table_ad, one an ad, in order */
    TABLE_CAMPAIGNS, /* struct table_campaign */
    TABLE_NAMES,     /* struct table_text, one a value: its text in the normal form */
    TABLE_IDS,       /* struct table_id: ads by the hash of their id, ascending */
    TABLE_STRINGS,   /* bytes: texts of ads and campaigns, equal ones once */
    TABLE_MARKUP,    /* bytes: creatives, equal ones once */
    TABLE_SECTIONS
};

struct table_extent {
    uint64_t offset; /* from the file's beginning */
    uint64_t bytes;
    uint32_t crc32c;
    uint32_t zero;
};
static_assert(sizeof(struct table_extent) == 24, "table_extent");

/* Requests' values that have weights together with the ad's campaign. */
enum table_cross { TABLE_CROSS_INVENTORY, TABLE_CROSS_DEVICE_TYPE, TABLE_CROSS_HOUR, TABLE_CROSSES };

struct table_header {
    char magic[8];
    uint32_t version;
    uint32_t header_crc32c; /* of the header with this field 0 */
    uint64_t file_bytes;
    uint64_t created_unix; /* seconds; 0 when the builder was told to leave it out */
    uint32_t ad_count;
    uint32_t block_count;
    uint32_t bitmap_words;               /* 64-bit words of one bitmap: block_count * TABLE_BLOCK_ADS / 64 */
    uint32_t any_bitmap[TARGET_INDEXED]; /* number of the bitmap of ads that the attribute does not restrict;
                                            TABLE_NONE: no ad */
    uint32_t weight_bits; /* request weights: 2^weight_bits, by the upper bits of the value's hash */
    uint32_t cross_bits;  /* each cross: 2^cross_bits, by the upper bits of target_cross() */
    float cross_max[TABLE_CROSSES]; /* the largest weight of each, at least 0 */
    char currency[4];               /* of all prices here, "USD" */
    struct table_extent sections[TABLE_SECTIONS];
};
static_assert(sizeof(struct table_header) == 8 + 4 + 4 + 8 + 8 + 4 * 3 + 4 * TARGET_INDEXED + 8 +
                                                 4 * TABLE_CROSSES + 4 + 24 * TABLE_SECTIONS,
              "table_header has no holes");
static_assert(sizeof(struct table_header) <= TABLE_ALIGN, "table_header fits before the first section");

/*
 * Bounds for the ads of this block and of all later ones; so they fall from block to block. With c the
 * largest sum of crosses and z the request's part, no ad from here on has a score above max(min(click * exp(z
 * + c), click_price), view).
 */
struct table_block {
    double click;       /* the largest price * exp(record.z) of ads paid by click */
    double click_price; /* the largest price of these */
    double view;        /* the largest price of ads paid by view */
};
static_assert(sizeof(struct table_block) == 24, "table_block");

enum { TABLE_BANNER = 1, TABLE_VIDEO, TABLE_NATIVE }; /* table_record.media */

enum {
    TABLE_BY_CLICK = 1,    /* price is per click, else per view (a thousandth of the CPM) */
    TABLE_SECURE = 2,      /* the markup loads nothing over plain http */
    TABLE_SECURE_ONLY = 4, /* wants imps with secure = 1 only */
};

/* What matching and scoring read of an ad: one cache line. */
struct table_record {
    double price;          /* in table_header.currency, per click or per view; finite, > 0 */
    float z;               /* log-odds of a click: the ad's own part, bias included; finite */
    uint32_t lists;        /* where its set of lists begins in TABLE_LISTS: one of TABLE_LIST_AT */
    uint32_t campaign;     /* index into TABLE_CAMPAIGNS */
    uint32_t campaign_key; /* the hash of its id for target_cross() */
    uint32_t
        advertiser; /* value of TARGET_ADVERTISER, or TABLE_NONE; table_value.number is the parent domain's */
    uint32_t excluded : 24; /* table_marks() of its lists of NOT */
    uint32_t
        creative : 8;  /* the lowest bits of its crid's target_hash(): whom it meets reads table_ad.crid */
    uint32_t language; /* value of TARGET_LANGUAGE: the creative's; or TABLE_NONE */
    uint32_t starts, ends; /* unix seconds, [starts, ends) */
    uint32_t attr;         /* bit n: creative attribute n (AdCOM, 1 to 31) */
    uint16_t hours;        /* index into TABLE_HOURS */
    uint16_t zone;         /* index into TABLE_ZONES: the campaign's time, for users whose own is not known */
    uint16_t positions;    /* bit n: AdCOM placement position n; 0: any */
    uint16_t connections;  /* bit n: AdCOM connection type n; 0: any */
    uint16_t held;         /* which lists its set has: the bits that TABLE_LISTS has there */
    uint8_t flags : 4;
    uint8_t media : 4; /* TABLE_BANNER ... */
    uint8_t cattax;    /* the taxonomy of its own categories; 0: it has none */
    uint32_t own;      /* table_marks() of what it is about */
};
static_assert(sizeof(struct table_record) == 64, "table_record is one cache line");

/*
 * A set of lists: one word of bits that tells which lists follow, in the order of enum table_list; then for
 * each the number of values and the values, ascending. Equal sets stand once. An ad passes
 * - a list of an attribute when the request has one of its values (TABLE_LIST_SIZE is always there);
 * - a list of NOT when the request has none of them.
 */
enum table_list {
    TABLE_LIST_IN, /* + enum target, for each target < TARGET_INDEXED */
    TABLE_LIST_NOT_CATEGORY = TARGET_INDEXED,
    TABLE_LIST_NOT_INVENTORY,
    TABLE_LIST_NOT_SEGMENT,
    TABLE_LIST_OWN_CATEGORY, /* what the ad is about, parents included (values of TARGET_CATEGORY): for bcat
                              */
    TABLE_LISTS_MOST
};

/* A value that some ad names. */
struct table_value {
    uint64_t hash;    /* target_hash() */
    uint32_t bitmap;  /* number of its bitmap, merged with the attribute's any_bitmap; TABLE_NONE: postings */
    uint32_t posting; /* where its ads begin in TABLE_POSTINGS: those that name it, 'any' not among them */
    uint32_t postings;
    uint32_t number; /* of a size: w << 16 | h, 0 of a medium; of an advertiser: the parent domain's value,
                        which is a lower one, or TABLE_NONE; of a category: its bit of table_record.own, for
                        one value each up to TABLE_OWN_SHARED, or TABLE_OWN_NONE; else 0 */
    uint32_t target; /* enum target */
    uint32_t ads;    /* how many name it; 0 of an advertiser */
};
static_assert(sizeof(struct table_value) == 32, "table_value");

struct table_hours { /* the hours of the week in which an ad runs: bit h % 64 of word h / 64, 0 is Monday 0:00
                      */
    uint64_t words[3];
};
static_assert(sizeof(struct table_hours) == 24, "table_hours");

struct table_zone {
    char name[48]; /* of the IANA time zone database, NUL-padded */
};

/* ---- cold ---- */

struct table_text {
    uint32_t at; /* in TABLE_STRINGS, units of 1 byte */
    uint32_t n;
};

struct table_ad {
    struct table_text id, crid, adomain, language, cats, deals; /* the last two: joined by '\n'; any but id
                                                                   may be empty */
    uint64_t markup_at;                                         /* in TABLE_MARKUP */
    uint32_t markup_bytes;
    uint32_t zero;
    double price;     /* as the ad gave it: per click, or CPM */
    char currency[4]; /* of that price */
    uint32_t line;    /* of the input */
};
static_assert(sizeof(struct table_ad) == 80, "table_ad");

struct table_campaign {
    struct table_text id;
    double daily_budget;      /* in table_header.currency; 0: no limit */
    double given_budget;      /* the same as the ads gave it */
    char given_currency[4];   /* of that; empty without one */
    uint32_t frequency;       /* views of a user ... */
    uint32_t frequency_hours; /* ... in so many hours; 0: no limit */
    uint32_t zero;
};
static_assert(sizeof(struct table_campaign) == 40, "table_campaign");

struct table_id {
    uint64_t hash; /* hash_bytes(id, 0) */
    uint32_t record;
    uint32_t zero;
};
static_assert(sizeof(struct table_id) == 16, "table_id");

#endif
