/* agents: what many copies of the SDK do. Each has a stream under its name and posts a sign of life every so often,
 * spread over the time; messages go through their rooms meanwhile. */
#include "load_client.h"

#include <stdio.h>

enum { CONNECTIONS = 4 };

static struct requester *hearts;
static struct latency beats;
static uint64_t beaten, late;

/* Signs of life that are due, as far as a connection is free. */
static uint64_t beat(void) {
    static uint64_t next;
    uint64_t gap = (uint64_t)(options.heartbeat * 1e9 / (double)subscriber_count), time = now();
    if (!next) next = time;
    for (int i = 0; i < CONNECTIONS && next <= time; i++) {
        if (hearts[i].is_busy) continue;
        const struct subscriber *agent = subscribers + beaten++ % (uint64_t)subscriber_count;
        char path[512], body[128];
        fill_path(path, sizeof path, "/api/rooms/{room}/listening", agent->room);
        snprintf(body, sizeof body, "{\"name\":\"%.60s%u\"}", options.name ? options.name : "agent-", agent->number);
        size_t size;
        const char *request = body_request(path, body, &size);
        requester_send(hearts + i, request, size);
        if (time - next > 100000000) late++;
        next += gap;
    }
    return next > time ? next : time + 1000000;
}

static uint64_t work(void) {
    uint64_t message = work_at_rate(), sign = beat();
    return message < sign ? message : sign;
}

int run_agents(void) {
    options.is_named = true;
    subscribers_make(options.subscribers);
    subscriber_delivered = measure_delivery;
    subscribers_open();
    publishers_open();
    hearts = requesters_open(CONNECTIONS, NULL, &beats);
    measure(options.warm_up, options.seconds, work);
    requesters_finish(hearts, CONNECTIONS);
    measure_finish();
    report_count("agents", (uint64_t)options.subscribers);
    report_count("rooms", (uint64_t)options.rooms);
    report_count("signs_of_life", beaten);
    report_count("late_signs", late);
    latency_report("sign_latency_us", &beats);
    measure_report();
    return report_end();
}
