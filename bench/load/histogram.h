/* A log-linear histogram of durations: 64 buckets per power of two, so a percentile is at most 1.6 % too high.
 * It must not know what is being measured.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB };

typedef struct {
    uint64_t counts[BUCKETS], total, max_ns;
} Histogram;

static void record_ns(Histogram *h, uint64_t ns) {
    int shift = 0;
    if (ns >= SUB) shift = 63 - __builtin_clzll(ns) - SUB_BITS + 1;
    /* Below SUB the buckets are exact; above, the top SUB_BITS bits behind the leading one choose the bucket. */
    h->counts[shift == 0 ? (int)ns : shift * SUB + (int)((ns >> (shift - 1)) - SUB)]++;
    h->total++;
    if (ns > h->max_ns) h->max_ns = ns;
}

/* The smallest bucket limit that `share` (0..1) of the durations do not exceed, in milliseconds; 0 without any. */
static double percentile_ms(const Histogram *h, double share) {
    uint64_t wanted = (uint64_t)(share * (double)h->total), seen = 0;
    if (h->total == 0) return 0;
    if (wanted >= h->total) wanted = h->total - 1;
    for (int i = 0; i < BUCKETS; i++) {
        seen += h->counts[i];
        if (seen <= wanted) continue;
        int shift = i / SUB;
        uint64_t limit = shift == 0 ? (uint64_t)i : ((uint64_t)(i % SUB + SUB + 1) << (shift - 1)) - 1;
        return (double)(limit < h->max_ns ? limit : h->max_ns) / 1e6;
    }
    return (double)h->max_ns / 1e6;
}

#endif
