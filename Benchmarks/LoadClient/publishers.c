/* Posts messages in their order, over a few connections. */
#include "load_client.h"

uint32_t unposted;
struct latency post_latency;
static struct requester *publishers;

static void answered(struct requester *publisher, int status) {
    (void)status;
    const struct message *message = messages + publisher->number;
    struct room *room = rooms + message->room;
    if (room->accepted++ == 0) room->seq = publisher->seq - message->nth;
    publishers_work(); /* at once: in a closed loop every moment counts */
}

void publishers_open(void) { publishers = requesters_open(options.publishers, answered, &post_latency); }

void publishers_open_rooms(void) {
    struct requester *openers = requesters_open(1, NULL, NULL);
    for (uint32_t room = 0; room < (uint32_t)options.rooms; room++) {
        size_t size;
        const char *request = opening_request(room, &size);
        requester_send(openers, request, size);
        requesters_finish(openers, 1);
    }
    connection_close(&openers->connection);
}

void publishers_work(void) {
    /* In turn: a connection on which nothing is ever asked is closed by the server after a while. */
    static long turn;
    for (long i = 0; i < options.publishers && unposted < message_count; i++) {
        struct requester *publisher = publishers + turn;
        turn = (turn + 1) % options.publishers;
        if (publisher->is_busy || !publisher->is_ready) continue;
        struct message *message = messages + unposted;
        size_t size;
        const char *request = message_request(unposted, &size);
        publisher->number = unposted++;
        /* In a closed loop no message waits for its time. */
        if (message->due == 0) message->due = now();
        requester_send(publisher, request, size);
    }
}

void publishers_finish(void) {
    uint64_t end = now() + 10000000000ull;
    while (unposted < message_count && now() < end) {
        publishers_work();
        loop_turn(now() + 10000000);
    }
    if (unposted < message_count) invalid("%u messages couldn't be posted in time", message_count - unposted);
    requesters_finish(publishers, options.publishers);
}

void publishers_report(void) {
    report_count("posted", unposted);
    report_count("refused", requests_refused);
    latency_report("post_latency_us", &post_latency);
}
