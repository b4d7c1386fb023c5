/* Made-up creatives; see made_creative.h. */
#include "generate/made_creative.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"

#define SHARED_OF_CAMPAIGN 4u /* creatives of a campaign that several ads show */
#define SHARED_CHANCE      0.42

const char *const made_media_names[] = {"banner", "video", "native"};

/* Words of a headline, each with a capital. */
static void put_headline(struct prng *prng, char *out, size_t room) {
    size_t n = 0;
    for (uint32_t i = 0, words = world_between(prng, 3, 6); i < words && n + WORLD_TEXT_BYTES < room; i++) {
        char word[WORLD_TEXT_BYTES];
        world_word(prng_next(prng), 4, word);
        word[0] = (char)(word[0] - 'a' + 'A');
        n += (size_t)snprintf(out + n, room - n, "%s%s", n ? " " : "", word);
    }
}

static void put_sizes(struct prng *prng, struct made_creative *creative) {
    static const float counts[MADE_CREATIVE_SIZES] = {70, 22, 8};
    uint32_t wanted = 1 + world_pick(prng, counts, MADE_CREATIVE_SIZES);
    creative->size_count = world_sizes(prng, creative->handheld, wanted, creative->sizes);
}

static uint32_t draw_attr(struct prng *prng, enum made_media media) {
    /* auto-play audio, expandable, in-banner video, pop, text only, user interaction, animation */
    static const uint8_t seen[] = {1, 3, 4, 6, 7, 8, 9, 11, 13, 16, 17};
    uint32_t attr = 0;
    if (media == MADE_NATIVE || !world_chance(prng, 0.35))
        return 0;
    for (uint32_t i = world_between(prng, 1, 2); i > 0; i--)
        attr |= 1u << seen[world_between(prng, 0, COUNT_OF(seen) - 1)];
    return attr;
}

/* ---- markup: 300 to 400 bytes, with macros ---- */

static void put_banner(const struct world_campaign *campaign, const char *scheme, const char *headline,
                       struct made_creative *c) {
    const struct world_size *size = &c->sizes[0];
    snprintf(c->markup, sizeof c->markup,
             "<a href=\"${CLICK:https://click.%s/c?cr=%s&auction=${AUCTION_ID}&price=${AUCTION_PRICE}}\" "
             "target=\"_blank\" "
             "rel=\"noopener\"><img src=\"%s://cdn.%s/%s.jpg\" width=\"%u\" height=\"%u\" alt=\"%s\"></a>"
             "<img src=\"%s://px.%s/v?cr=%s&auction=${AUCTION_ID}&price=${AUCTION_PRICE}\" width=\"1\" "
             "height=\"1\" alt=\"\">",
             campaign->domain, c->crid, scheme, campaign->domain, c->crid, size->w, size->h, headline, scheme,
             campaign->domain, c->crid);
}

static void put_vast(struct prng *prng, const struct world_campaign *campaign, const char *scheme,
                     const char *headline, struct made_creative *c) {
    static const uint8_t seconds[] = {6, 15, 15, 15, 20, 30, 30};
    snprintf(c->markup, sizeof c->markup,
             "<VAST version=\"3.0\"><Ad "
             "id=\"%s\"><InLine><AdSystem>demo</AdSystem><AdTitle>%s</AdTitle><Impression>"
             "<![CDATA[%s://px.%s/v?auction=${AUCTION_ID}&price=${AUCTION_PRICE}]]></Impression><Creatives>"
             "<Creative><Linear><Duration>00:00:%02u</Duration><VideoClicks><ClickThrough>"
             "<![CDATA[https://click.%s/c?cr=%s]]></ClickThrough></VideoClicks><MediaFiles>"
             "<MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"640\" height=\"360\">"
             "<![CDATA[%s://cdn.%s/%s.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></"
             "InLine></Ad>"
             "</VAST>",
             c->crid, headline, scheme, campaign->domain,
             seconds[world_between(prng, 0, COUNT_OF(seconds) - 1)], campaign->domain, c->crid, scheme,
             campaign->domain, c->crid);
}

static void put_native(const struct world_campaign *campaign, const char *scheme, const char *headline,
                       struct made_creative *c) {
    snprintf(
        c->markup, sizeof c->markup,
        "{\"native\":{\"ver\":\"1.2\",\"link\":{\"url\":\"https://click.%s/c?cr=%s&auction=${AUCTION_ID}\"},"
        "\"imptrackers\":[\"%s://px.%s/v?auction=${AUCTION_ID}&price=${AUCTION_PRICE}\"],\"assets\":["
        "{\"id\":1,\"title\":{\"text\":\"%.80s\"}},{\"id\":2,\"img\":{\"url\":\"%s://cdn.%s/%s.jpg\","
        "\"w\":1200,\"h\":627}},{\"id\":3,\"data\":{\"value\":\"%s\"}}]}}",
        campaign->domain, c->crid, scheme, campaign->domain, headline, scheme, campaign->domain, c->crid,
        campaign->domain);
}

static void fill(struct prng *prng, const struct world_campaign *campaign, struct made_creative *c) {
    static const float media_shares[] = {80, 8, 12}; /* by enum made_media */
    char headline[112];
    c->media = (enum made_media)world_pick(prng, media_shares, COUNT_OF(media_shares));
    c->handheld = world_chance(prng, 0.6);
    c->size_count = 0;
    if (c->media == MADE_BANNER)
        put_sizes(prng, c);
    c->attr = draw_attr(prng, c->media);
    c->secure = world_chance(prng, 0.96);
    const char *scheme = c->secure ? "https" : "http";
    put_headline(prng, headline, sizeof headline);
    switch (c->media) {
    case MADE_BANNER:
        put_banner(campaign, scheme, headline, c);
        break;
    case MADE_VIDEO:
        put_vast(prng, campaign, scheme, headline, c);
        break;
    case MADE_NATIVE:
        put_native(campaign, scheme, headline, c);
        break;
    }
}

void made_creative(const struct world *world, const struct world_campaign *campaign, uint64_t ad,
                   struct prng *prng, struct made_creative *creative) {
    struct prng own;
    if (world_chance(prng, SHARED_CHANCE)) {
        uint32_t which = world_between(prng, 0, SHARED_OF_CAMPAIGN - 1);
        world_seed(world, WORLD_CREATIVE, (uint64_t)campaign->number * SHARED_OF_CAMPAIGN + which, &own);
        snprintf(creative->crid, sizeof creative->crid, "cr%u-%u", campaign->number + 1, which + 1);
    } else {
        world_seed(world, WORLD_CREATIVE, ad + (UINT64_C(1) << 40), &own);
        snprintf(creative->crid, sizeof creative->crid, "cr%llu", (unsigned long long)ad + 1);
    }
    fill(&own, campaign, creative);
}
