/* Counts durations in 128 buckets an octave: percentiles of any number of them in memory that doesn't grow. */
#include "load_client.h"

enum { STEPS = 128, STEP_BITS = 7 };

static unsigned bucket(uint64_t value) {
    if (value < STEPS) return (unsigned)value;
    unsigned octave = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
    return (octave + 1) * STEPS + (unsigned)((value >> octave) - STEPS);
}

/* The middle of a bucket. */
static double value_of(unsigned bucket) {
    if (bucket < STEPS) return bucket;
    unsigned octave = bucket / STEPS - 1;
    uint64_t width = 1ull << octave;
    return (double)((uint64_t)(bucket % STEPS + STEPS) * width) + (double)width / 2;
}

void latency_add(struct latency *latency, uint64_t nanoseconds) {
    latency->counts[bucket(nanoseconds)]++;
    latency->total++;
    if (nanoseconds > latency->largest) latency->largest = nanoseconds;
}

static double percentile(const struct latency *latency, double share) {
    uint64_t wanted = (uint64_t)(share * (double)latency->total), passed = 0;
    for (unsigned i = 0; i < 64 * STEPS; i++) {
        passed += latency->counts[i];
        if (passed > wanted) {
            double found = value_of(i);
            return found < (double)latency->largest ? found : (double)latency->largest;
        }
    }
    return (double)latency->largest;
}

void latency_report(const char *name, const struct latency *latency) {
    report_open(name, '{');
    report_number("p50", percentile(latency, .5) / 1e3);
    report_number("p90", percentile(latency, .9) / 1e3);
    report_number("p99", percentile(latency, .99) / 1e3);
    report_number("p999", percentile(latency, .999) / 1e3);
    report_number("max", (double)latency->largest / 1e3);
    report_count("count", latency->total);
    report_close('}');
}
