/* idle: many streams on which nothing happens, and what memory the server has for them. */
#include "load_client.h"

int run_idle(void) {
    if (options.transport == POLL) fail("idle opens streams: --transport sse or ws");
    struct memory before = server_memory();
    subscribers_make(options.connections);
    subscribers_open();
    loop_for(options.hold);
    struct memory open = server_memory();
    long live = subscribers_live;
    if (live < options.connections) invalid("%ld streams ended while they were held", options.connections - live);
    for (long i = 0; i < subscriber_count; i++) subscriber_leave(subscribers + i);
    loop_for(2);
    report_text("transport", options.transport == SSE ? "sse" : "ws");
    report_count("connections", (uint64_t)options.connections);
    report_count("rooms", (uint64_t)options.rooms);
    report_text("named", options.is_named ? "yes" : "no");
    report_count("live", (uint64_t)live);
    memory_report("before", before);
    memory_report("open", open);
    memory_report("closed", server_memory());
    double connections = (double)options.connections;
    report_number("resident_bytes_each", ((double)open.resident - (double)before.resident) / connections);
    report_number("anonymous_bytes_each", ((double)open.anonymous - (double)before.anonymous) / connections);
    return report_end();
}
