/* fanout: messages to subscribers in rooms, at a rate or as fast as it goes. */
#include "load_client.h"

int run_fanout(void) {
    static const char *const transports[] = {"sse", "ws", "poll"};
    subscribers_make(options.subscribers);
    subscriber_delivered = measure_delivery;
    /* A long-poll opens no room, and is answered at once where there is none. */
    if (options.transport == POLL && options.poll_by == BY_SEQ) publishers_open_rooms();
    subscribers_open();
    publishers_open();
    measure(options.warm_up, options.seconds, options.window ? work_in_window : work_at_rate);
    measure_finish();
    report_text("transport", transports[options.transport]);
    report_count("rooms", (uint64_t)options.rooms);
    report_count("subscribers", (uint64_t)options.subscribers);
    report_text("mode", options.window ? "window" : "rate");
    report_number(options.window ? "window" : "rate", options.window ? (double)options.window : options.rate);
    measure_report();
    return report_end();
}
