/* A made-up creative: what is shown. Some of a campaign's ads share one. */
#ifndef SLIMBID_WORKER_TABLE_MADE_CREATIVE_H
#define SLIMBID_WORKER_TABLE_MADE_CREATIVE_H

#include "base/buf.h"
#include "generate/world.h"

enum made_media { MADE_BANNER, MADE_VIDEO, MADE_NATIVE };

#define MADE_CREATIVE_SIZES 3

struct made_creative {
    char crid[WORLD_TEXT_BYTES];
    enum made_media media;
    bool handheld; /* made for handhelds; else for other screens */
    struct world_size sizes[MADE_CREATIVE_SIZES];
    uint32_t size_count; /* 0 unless it is a banner */
    uint32_t attr;       /* bit n: AdCOM creative attribute n */
    bool secure;
    char markup[1280];
};

extern const char *const made_media_names[]; /* by enum made_media */

/* The creative of an ad of this campaign; prng is the ad's. */
void made_creative(const struct world *world, const struct world_campaign *campaign, uint64_t ad,
                   struct prng *prng, struct made_creative *creative);

#endif
