/*
 * A request's question to own campaigns: an openrtb_request as a struct job.
 *
 * What a request says becomes hashes in the forms of table/target.h. Where OpenRTB leaves it open:
 * - Inventory: the app's bundle, then the channel's domain, else the host of the page, and its parents.
 * - Categories: cat, sectioncat and pagecat of site or app, and cat of its content, each in its taxonomy.
 * - Keywords: keywords and kwarray of channel, content and user. Language: the device's, else the client's.
 * - Region: an ISO 3166-2 code, or what stands behind its country ("US-CA" is "CA").
 * - Sizes: those of banner and format[]; of a flexible format the common ones that fit it; "banner" when
 *   there are none; "video", "native" for these media. Audio is not asked about.
 * - An imp whose media block different attributes, or stand at different positions, is asked about once for
 *   each of these; a deal that our seat can't have, or whose currency is not known, has an infinite floor.
 * - Segments: user.data[].segment[].id, and "interest:NAME" for what the ledger knows of the user's
 * interests.
 * - No job where wseat or bseat exclude our seat; no imp that names bidders and not our seat among them.
 * Values longer than the table can have are left out; so are those beyond the caps below, blocks last: what
 * is cut off there, the checks of the bids find.
 */
#ifndef SLIMBID_CAMPAIGN_CAMPAIGN_JOB_H
#define SLIMBID_CAMPAIGN_CAMPAIGN_JOB_H

#include "currency/currency.h"
#include "ledger/users.h"
#include "openrtb/openrtb_request.h"
#include "scoring/job.h"

#define CAMPAIGN_JOB_HASHES 1280u /* all lists of a job together */
#define CAMPAIGN_JOB_FLOORS 512u  /* deals of all imps together */
#define CAMPAIGN_JOB_LIST   256u  /* one list of the request but for its blocks */
#define CAMPAIGN_JOB_SIZES  64u   /* sizes, and deals, of one imp */

#define CAMPAIGN_CURRENCY STR("USD") /* table_header.currency */

struct campaign_job_input {
    const struct openrtb_request *request;
    const struct currency_rates *rates; /* may be NULL */
    struct str seat;
    struct str language; /* the client's; absent when not known */
    uint32_t bids_per_imp;
    double least_ctr;
    uint64_t deadline_us;
    int64_t now;                        /* unix seconds */
    uint64_t salt;                      /* of the auction: draws the campaigns that take part */
    const struct ledger *ledger;        /* NULL: nothing is known of users */
    const struct user_profile *profile; /* NULL: not of this one */
};

enum campaign_job_result {
    CAMPAIGN_JOB,       /* there is something to ask */
    CAMPAIGN_NOT_NAMED, /* every imp names other bidders */
    CAMPAIGN_UNFIT,     /* no medium that there are ads of, or seats that exclude ours */
};

/* A job and all it points to; about 20 KiB, used again and again. */
struct campaign_job {
    struct job job;                                /* but for id and generation */
    const struct openrtb_imp *imps[JOB_MOST_IMPS]; /* of each job.imps, the request's */
    uint64_t hashes[CAMPAIGN_JOB_HASHES];
    double floors[CAMPAIGN_JOB_FLOORS];
    struct match_cap caps[MATCH_MOST_CAPS];
    uint32_t hash_count, floor_count;
};

/* Allocates nothing; views stay those of the request. */
enum campaign_job_result campaign_job_make(struct campaign_job *made, const struct campaign_job_input *input);

#endif
