/* What fan-outs of all kinds have in common: when messages are due, and what became of them. */
#include "load_client.h"

uint64_t measure_from = UINT64_MAX, measure_to = UINT64_MAX, measured_deliveries;
struct latency delivery_latency;
struct usage measured_from, measured_to;
static uint64_t next_due, expected, lost, doubled, bytes_before, bytes_measured;

void measure(double warm_up, double seconds, uint64_t (*work)(void)) {
    bool has_begun = false;
    measure_from = now() + (uint64_t)(warm_up * 1e9);
    measure_to = measure_from + (uint64_t)(seconds * 1e9);
    say("%g s of warming up, then %g s", warm_up, seconds);
    for (uint64_t time; (time = now()) < measure_to;) {
        if (!has_begun && time >= measure_from) {
            has_begun = true;
            measured_from = usage_now();
            bytes_before = bytes_received;
        }
        uint64_t next = work();
        loop_turn(next < measure_to ? next : measure_to);
    }
    measured_to = usage_now();
    bytes_measured = bytes_received - bytes_before;
}

/* Rooms take turns. */
static void add(uint64_t due) { message_add(message_count % (uint32_t)options.rooms, due, (uint32_t)options.size); }

uint64_t work_at_rate(void) {
    uint64_t gap = (uint64_t)(1e9 / options.rate), time = now();
    if (!next_due) next_due = time;
    for (; next_due <= time; next_due += gap) add(next_due);
    publishers_work();
    return next_due;
}

uint64_t work_in_window(void) {
    /* Due when it is posted. */
    while (outstanding < (uint32_t)options.window) add(0);
    publishers_work();
    return now() + 100000000;
}

void measure_delivery(struct subscriber *subscriber, struct message *message, uint64_t when) {
    (void)subscriber;
    if (message->due >= measure_from && message->due < measure_to)
        latency_add(&delivery_latency, when > message->due ? when - message->due : 0);
    if (when >= measure_from && when < measure_to) measured_deliveries++;
}

void measure_finish(void) {
    publishers_finish();
    loop_until_quiet(.3, 10);
    for (long i = 0; i < subscriber_count; i++) {
        const struct subscriber *subscriber = subscribers + i;
        if (subscriber->is_stalled) continue;
        uint64_t wanted = rooms[subscriber->room].posted;
        expected += wanted;
        if (subscriber->seen < wanted) lost += wanted - subscriber->seen;
        if (subscriber->seen > wanted) doubled += subscriber->seen - wanted;
    }
    if (lost) invalid("%llu of %llu deliveries were lost", (unsigned long long)lost, (unsigned long long)expected);
    if (doubled) invalid("%llu deliveries came twice", (unsigned long long)doubled);
}

void measure_report(void) {
    double seconds = (double)(measured_to.time - measured_from.time) / 1e9;
    report_number("seconds", seconds);
    report_count("message_bytes", (uint64_t)options.size);
    report_number("deliveries_per_second", (double)measured_deliveries / seconds);
    report_count("expected", expected);
    report_count("got", expected - lost + doubled);
    report_count("lost", lost);
    report_count("doubled", doubled);
    report_count("unknown", unknown_deliveries);
    report_count("dead", (uint64_t)subscribers_dead);
    report_number("received_bytes_per_second", (double)bytes_measured / seconds);
    publishers_report();
    latency_report("latency_us", &delivery_latency);
    usage_report(&measured_from, &measured_to, "us_per_delivery", measured_deliveries);
}
