/* Where users live; people in millions of internet users (ITU and World Bank, about 2023, rounded). */
#include <string.h>

#include "base/macros.h"
#include "generate/world.h"

#define NUMBERED "01 02 03 04 05 06 07 08 09 10 11 12"

const struct world_place world_places[] = {
    {"CHN", "zh", "Asia/Shanghai", 480, "GD SD HA JS SC HE HN AH HB ZJ GX YN JX LN FJ SN HL SX GZ CQ BJ SH"},
    {"IND", "hi", "Asia/Kolkata", 330, "UP MH BR WB MP TN RJ KA GJ AP OR TG KL JH AS PB CT HR DL"},
    {"USA", "en", "America/New_York", -300,
     "CA TX FL NY PA IL OH GA NC MI NJ VA WA AZ TN MA IN MD MO WI CO MN SC AL LA KY OR OK CT UT NV"},
    {"IDN", "id", "Asia/Jakarta", 420, "JB JI JT SU BT JK SN LA SS RI"},
    {"BRA", "pt", "America/Sao_Paulo", -180, "SP MG RJ BA PR RS PE CE PA SC GO MA AM ES PB RN MT"},
    {"RUS", "ru", "Europe/Moscow", 180, "MOW MOS KDA SPE SVE ROS BA TA TYU CHE SAM NIZ"},
    {"JPN", "ja", "Asia/Tokyo", 540, "13 14 27 23 11 12 28 40 01 22 34 26"},
    {"NGA", "en", "Africa/Lagos", 60, "LA KN OY KD RI FC OG AN"},
    {"MEX", "es", "America/Mexico_City", -360, "MEX CMX JAL VER PUE GUA CHP NLE MIC OAX"},
    {"PAK", "ur", "Asia/Karachi", 300, "PB SD KP BA IS"},
    {"PHL", "en", "Asia/Manila", 480, "00 40 03 07 05 06 01 11"},
    {"EGY", "ar", "Africa/Cairo", 120, "C GZ SHR DK BH MN ALX"},
    {"VNM", "vi", "Asia/Ho_Chi_Minh", 420, "SG HN 21 22 39 57 HP CT"},
    {"DEU", "de", "Europe/Berlin", 60, "NW BY BW NI HE SN RP BE SH BB ST TH HH MV SL HB"},
    {"BGD", "bn", "Asia/Dhaka", 360, "C B E D F A G H"},
    {"TUR", "tr", "Europe/Istanbul", 180, "34 06 35 16 07 42 01 63 27 41"},
    {"IRN", "fa", "Asia/Tehran", 210, "23 09 10 07 06 25 02"},
    {"GBR", "en", "Europe/London", 0, "ENG SCT WLS NIR"},
    {"FRA", "fr", "Europe/Paris", 60, "IDF ARA OCC NAQ HDF PAC GES PDL NOR BRE BFC CVL COR"},
    {"THA", "th", "Asia/Bangkok", 420, "10 30 34 12 40 50 11 90"},
    {"ITA", "it", "Europe/Rome", 60, "25 62 72 21 82 34 45 75 52 78"},
    {"KOR", "ko", "Asia/Seoul", 540, "41 11 26 48 28 47 27 44"},
    {"ESP", "es", "Europe/Madrid", 60, "AN CT MD VC GA CL PV CN CM MC"},
    {"ZAF", "en", "Africa/Johannesburg", 120, "GP KZN WC EC LP MP NW FS NC"},
    {"ARG", "es", "America/Argentina/Buenos_Aires", -180, "B X S C M T E A"},
    {"COL", "es", "America/Bogota", -300, "DC ANT VAC CUN ATL SAN BOL"},
    {"CAN", "en", "America/Toronto", -300, "ON QC BC AB MB SK NS NB NL"},
    {"SAU", "ar", "Asia/Riyadh", 180, "01 02 04 14 03 05"},
    {"POL", "pl", "Europe/Warsaw", 60, "14 24 30 12 02 10 22 06 18 04"},
    {"MYS", "ms", "Asia/Kuala_Lumpur", 480, "10 01 12 13 08 14 07"},
    {"UKR", "uk", "Europe/Kyiv", 120, "12 30 14 63 46 51 32"},
    {"MAR", "ar", "Africa/Casablanca", 60, NUMBERED},
    {"AUS", "en", "Australia/Sydney", 600, "NSW VIC QLD WA SA TAS ACT NT"},
    {"PER", "es", "America/Lima", -300, "LMA PIU LAL ARE CAJ JUN CUS"},
    {"TWN", "zh", "Asia/Taipei", 480, "NWT TXG KHH TPE TAO TNN"},
    {"KEN", "en", "Africa/Nairobi", 180, NUMBERED},
    {"CHL", "es", "America/Santiago", -240, "RM VS BI MA AR LL CO"},
    {"NLD", "nl", "Europe/Amsterdam", 60, "ZH NH NB GE UT OV LI FR GR DR FL ZE"},
    {"ROU", "ro", "Europe/Bucharest", 120, "B IS PH CJ CT TM BC DJ"},
    {"KAZ", "ru", "Asia/Almaty", 300, NUMBERED},
    {"BEL", "nl", "Europe/Brussels", 60, "VAN WHT VOV BRU VBR WLG"},
    {"SWE", "sv", "Europe/Stockholm", 60, "AB O M E C F"},
    {"CZE", "cs", "Europe/Prague", 60, "20 10 80 64 42 51"},
    {"PRT", "pt", "Europe/Lisbon", 0, "11 13 03 15 01 08"},
    {"GRC", "el", "Europe/Athens", 120, "I B H E G"},
    {"HUN", "hu", "Europe/Budapest", 60, "BU PE BZ HB GS"},
    {"AUT", "de", "Europe/Vienna", 60, "9 3 4 6 7 2 5 8 1"},
    {"CHE", "de", "Europe/Zurich", 60, "ZH BE VD AG SG GE LU TI"},
    {"ISR", "he", "Asia/Jerusalem", 120, "M TA HA Z D JM"},
    {"HKG", "zh", "Asia/Hong_Kong", 480, NUMBERED},
    {"DNK", "da", "Europe/Copenhagen", 60, "84 82 83 85 81"},
    {"SGP", "en", "Asia/Singapore", 480, "01 02 03 04 05"},
    {"NOR", "no", "Europe/Oslo", 60, "03 30 46 50 34 11"},
    {"FIN", "fi", "Europe/Helsinki", 120, "18 11 19 14 08"},
    {"IRL", "en", "Europe/Dublin", 0, "L M C U"},
    {"NZL", "en", "Pacific/Auckland", 720, "AUK CAN WGN WKO BOP"},
};
const size_t world_place_count = COUNT_OF(world_places);

static const float people[COUNT_OF(world_places)] = {
    1080, 880, 311, 215, 181, 130, 105, 100, 98, 90, 84, 82, 78, 78,   76,   72,   71, 66, 60,
    61,   51,  50,  46,  45,  41,  38,  36,  36, 33, 33, 31, 31, 24,   25,   21,   20, 18, 17,
    17,   18,  11,  10,  9,   9,   9,   9,   8,  8,  8,  7,  6,  5.6F, 5.4F, 5.2F, 5,  5,
};

const struct world_place *world_place(struct prng *prng) {
    return &world_places[world_pick(prng, people, COUNT_OF(people))];
}

void world_region(const struct world_place *place, struct prng *prng, char out[WORLD_TEXT_BYTES]) {
    size_t count = 1;
    for (const char *at = place->regions; *at; at++)
        count += *at == ' ';
    struct zipf zipf;
    zipf_init(&zipf, (uint32_t)count, 0.7);
    const char *at = place->regions;
    for (uint32_t skip = zipf_draw(&zipf, prng); skip > 0; skip--)
        at += strcspn(at, " ") + 1;
    size_t n = strcspn(at, " ");
    memcpy(out, at, n);
    out[n] = '\0';
}
