/* requests: one request after the other on each of many kept-alive connections. */
#include "load_client.h"

#include <stdlib.h>
#include <string.h>

static struct {
    char *bytes;
    size_t size;
} *requests;
static uint32_t kinds, next;
static uint64_t answers;
static struct latency latency;

static void send_next(struct requester *requester) {
    requester_send(requester, requests[next].bytes, requests[next].size);
    next = (next + 1) % kinds;
}

static void answered(struct requester *requester, int status) {
    (void)status;
    if (last_received >= measure_from && last_received < measure_to) answers++;
    if (last_received < measure_to) send_next(requester);
}

static void keep(const char *bytes, size_t size) {
    requests[kinds].bytes = malloc(size);
    requests[kinds].size = size;
    if (!requests[kinds].bytes) fail("out of memory");
    memcpy(requests[kinds++].bytes, bytes, size);
}

static uint64_t work(void) { return now() + 100000000; }

int run_requests(void) {
    size_t size;
    requests = calloc((size_t)options.rooms, sizeof *requests);
    if (!requests) fail("out of memory");
    if (options.post) options.publish = options.post;
    /* Made beforehand: what is measured is the server, not this program's formatting. */
    for (uint32_t room = 0; options.post && room < (uint32_t)options.rooms; room++) {
        uint32_t number = message_add(room, 0, (uint32_t)options.size);
        const char *bytes = message_request(number, &size);
        keep(bytes, size);
    }
    if (!options.post) {
        const char *bytes = get_request(options.get, &size);
        keep(bytes, size);
    }
    struct requester *requesters = requesters_open(options.connections, answered, &latency);
    measure_to = UINT64_MAX;
    for (long i = 0; i < options.connections; i++) send_next(requesters + i);
    measure(options.warm_up, options.seconds, work);
    requesters_finish(requesters, options.connections);
    double seconds = (double)(measured_to.time - measured_from.time) / 1e9;
    report_text("method", options.post ? "POST" : "GET");
    report_count("connections", (uint64_t)options.connections);
    report_count("rooms", (uint64_t)options.rooms);
    report_number("seconds", seconds);
    report_number("requests_per_second", (double)answers / seconds);
    report_count("answered", requests_accepted);
    report_count("refused", requests_refused);
    latency_report("latency_us", &latency);
    usage_report(&measured_from, &measured_to, "us_per_request", answers);
    return report_end();
}
