/* A day's spend against its plan, as SVG. */
#include "day/day_plot.h"

#include <errno.h>
#include <stdio.h>

#define COLUMNS 2u
#define WIDTH   560
#define HEIGHT  250
#define LEFT    46
#define TOP     34
#define INNER_W (WIDTH - LEFT - 20)
#define INNER_H (HEIGHT - TOP - 36)
#define HEAD    54

static double x_of(uint32_t sample) {
    return LEFT + (double)sample * INNER_W / (DAY_SAMPLES - 1);
}
static double y_of(double share) {
    return TOP + INNER_H * (1 - share);
}

enum line { PLAN, WON, SPENT, RATE };

static double value_of(const struct day_sample *sample, enum line line) {
    switch (line) {
    case PLAN:
        return sample->plan;
    case WON:
        return sample->won;
    case SPENT:
        return sample->spent;
    case RATE:
        return sample->rate;
    }
    return 0;
}

/* From where the campaign begins. */
static void draw_line(FILE *file, const struct day *day, uint32_t c, enum line line) {
    static const char *const styles[] = {"plan", "won", "spent", "rate"};
    uint32_t first = (uint32_t)(day->campaigns[c].begins * (DAY_SAMPLES - 1) / DAY_SECONDS);
    fprintf(file, "<polyline class='%s' points='", styles[line]);
    for (uint32_t i = first; i < DAY_SAMPLES; i++)
        fprintf(file, "%.1f,%.1f ", x_of(i), y_of(value_of(day->courses[c].samples + i, line)));
    fprintf(file, "'/>\n");
}

static void draw_grid(FILE *file) {
    for (int percent = 0; percent <= 100; percent += 25) {
        double y = y_of(percent / 100.0);
        fprintf(file, "<line class='grid' x1='%d' x2='%d' y1='%.1f' y2='%.1f'/>", LEFT, LEFT + INNER_W, y, y);
        fprintf(file, "<text class='tick' text-anchor='end' x='%d' y='%.1f'>%d %%</text>\n", LEFT - 5, y + 4,
                percent);
    }
    for (int hour = 0; hour <= 24; hour += 4)
        fprintf(file, "<text class='tick' text-anchor='middle' x='%.1f' y='%d'>%02d:00</text>\n",
                x_of((uint32_t)hour * 12), TOP + INNER_H + 16, hour);
}

static void draw_panel(FILE *file, const struct day *day, uint32_t c) {
    const struct day_course *course = day->courses + c;
    fprintf(file, "<g transform='translate(%u,%u)'>\n", c % COLUMNS * WIDTH, HEAD + c / COLUMNS * HEIGHT);
    fprintf(file,
            "<text class='name' x='%d' y='20'>%s <tspan class='tick'>%llu wins, %llu views; largest gap "
            "%.2f %%</tspan></text>\n",
            LEFT, day->campaigns[c].name, (unsigned long long)course->wins, (unsigned long long)course->views,
            100 * (course->won_gap > course->spent_gap ? course->won_gap : course->spent_gap));
    draw_grid(file);
    draw_line(file, day, c, RATE);
    draw_line(file, day, c, PLAN);
    draw_line(file, day, c, WON);
    draw_line(file, day, c, SPENT);
    fprintf(file, "</g>\n");
}

int day_plot(const struct day *day, const char *path) {
    uint32_t rows = (day->options.campaigns + COLUMNS - 1) / COLUMNS;
    FILE *file = fopen(path, "we");
    if (!file)
        return -1;
    fprintf(
        file,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%u' height='%u' font-family='sans-serif'>\n"
        "<style>polyline{fill:none}.plan{stroke:#999;stroke-width:3;stroke-dasharray:6 4}"
        ".won{stroke:#5aa9e6;stroke-width:1.2}.spent{stroke:#123;stroke-width:1.2}"
        ".rate{stroke:#f4a259;stroke-width:1}.grid{stroke:#ddd}.tick{font-size:11px;fill:#666;"
        "font-weight:normal}.name{font-size:14px;font-weight:bold}</style>\n"
        "<rect width='100%%' height='100%%' fill='#fff'/>\n"
        "<text x='%d' y='30' font-size='18'>Spend against plan, shares of the daily budget "
        "<tspan class='tick'>dashed: plan; blue: won (spent and held); black: spent; orange: rate, the share "
        "of auctions</tspan></text>\n",
        COLUMNS * WIDTH, HEAD + rows * HEIGHT, LEFT);
    for (uint32_t c = 0; c < day->options.campaigns; c++)
        draw_panel(file, day, c);
    fprintf(file, "</svg>\n");
    int failed = ferror(file);
    if (fclose(file) != 0 || failed) {
        errno = errno ? errno : EIO;
        return -1;
    }
    return 0;
}
