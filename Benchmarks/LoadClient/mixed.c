/* mixed: what a relay sees on an ordinary day, at once and for as long as one likes.
 *
 * Half of the subscribers have event streams, a quarter WebSockets, a quarter poll. Some leave all the time and come
 * back after a while with the number of their last message. A room has one post on its way at a time, so its
 * messages have the same order here as on the server, and each subscriber must see each one once, in that order. */
#include "load_client.h"

#include <stdlib.h>

enum { MOST_SECONDS = 24 * 3600 };

static uint64_t random_state = 0x9e3779b97f4a7c15;
static struct requester *checker;
static struct latency health;
static uint64_t *back_at, *memory;
static uint64_t checks, left, replayed, out_of_order;
static uint32_t seconds_seen;

/* xorshift64*; the same in every run. */
static uint64_t any(uint64_t below) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545f4914f6cdd1d >> 32) % below;
}

static void delivered(struct subscriber *subscriber, struct message *message, uint64_t when) {
    if (message->nth != subscriber->last_nth + 1) out_of_order++;
    if (message->nth > subscriber->last_nth) subscriber->last_nth = message->nth;
    /* Where a stream goes on after an absence. Polls have it from the page. */
    if (subscriber->transport != POLL) subscriber->after = rooms[message->room].seq + subscriber->last_nth;
    if (subscriber->phase != LIVE || message->due < subscriber->live_since)
        replayed++;
    else
        measure_delivery(subscriber, message, when);
}

static uint64_t post_some(uint64_t time) {
    static uint64_t next;
    if (!next) next = time;
    while (next <= time) {
        uint32_t room = (uint32_t)any((uint64_t)options.rooms), tried = 0;
        while (rooms[room].posted > rooms[room].accepted && ++tried < (uint32_t)options.rooms)
            room = (room + 1) % (uint32_t)options.rooms;
        if (rooms[room].posted > rooms[room].accepted) return time + 1000000;
        /* Small ones are more frequent: the size doubles as often as not. */
        uint64_t largest = 200;
        while (largest < (uint64_t)options.largest && any(3)) largest *= 2;
        if (largest > (uint64_t)options.largest) largest = (uint64_t)options.largest;
        message_add(room, next, (uint32_t)(200 + any(largest - 199)));
        publishers_work();
        next += (uint64_t)(1e9 / options.rate);
    }
    return next;
}

static uint64_t come_and_go(uint64_t time) {
    static uint64_t next;
    if (!next) next = time;
    if (options.churn > 0 && next <= time) {
        next += (uint64_t)(1e9 / options.churn);
        struct subscriber *one = subscribers + any((uint64_t)subscriber_count);
        /* While some of a page is under way it would be unknown which messages it had. */
        if (one->phase == LIVE && (one->transport != POLL || one->tail_size == 0)) {
            subscriber_leave(one);
            back_at[one->number] = time + 100000000 + any(3000) * 1000000;
            left++;
        }
    }
    for (long i = 0; i < subscriber_count; i++)
        if (back_at[i] && back_at[i] <= time) {
            back_at[i] = 0;
            subscriber_join(subscribers + i);
        }
    return time + 10000000;
}

static uint64_t look_after(uint64_t time) {
    static uint64_t next_check, next_second;
    if (options.health > 0 && time >= next_check && !checker->is_busy) {
        size_t size;
        const char *request = get_request(options.get, &size);
        requester_send(checker, request, size);
        checks++;
        next_check = time + (uint64_t)(1e9 / options.health);
    }
    if (time >= measure_from && time >= next_second && seconds_seen < MOST_SECONDS) {
        memory[seconds_seen++] = server_memory().resident;
        next_second = (next_second ? next_second : time) + 1000000000;
        if (seconds_seen % 30 == 0)
            say("%u s: %llu deliveries, the server has %llu MiB", seconds_seen, (unsigned long long)measured_deliveries,
                (unsigned long long)memory[seconds_seen - 1] >> 20);
    }
    return time + 10000000;
}

static uint64_t work(void) {
    uint64_t time = now(), next = post_some(time);
    uint64_t other = come_and_go(time);
    if (other < next) next = other;
    other = look_after(time);
    return other < next ? other : next;
}

/* Everybody comes back, and gets what is missing. */
static void gather(void) {
    for (long i = 0; i < subscriber_count; i++)
        if (back_at[i]) subscriber_join(subscribers + i);
    uint64_t end = now() + 10000000000ull;
    while (subscribers_live < subscriber_count - subscribers_dead && now() < end) loop_turn(end);
}

int run_mixed(void) {
    back_at = calloc((size_t)options.subscribers, sizeof *back_at);
    memory = calloc(MOST_SECONDS, sizeof *memory);
    if (!back_at || !memory) fail("out of memory");
    subscribers_make(options.subscribers);
    for (long i = 0; i < subscriber_count; i++) {
        long kind = i / options.rooms % 4;
        subscribers[i].transport = kind < 2 ? SSE : kind == 2 ? WEBSOCKET : POLL;
        subscribers[i].is_named = kind == 0;
    }
    subscriber_delivered = delivered;
    publishers_open();
    /* The first messages open the rooms, without which a long-poll is answered at once. */
    for (uint32_t room = 0; room < (uint32_t)options.rooms; room++) message_add(room, now(), 200);
    publishers_finish();
    subscribers_open();
    checker = requesters_open(1, NULL, &health);
    measure(options.warm_up, options.seconds, work);
    gather();
    requesters_finish(checker, 1);
    measure_finish();
    if (out_of_order) invalid("%llu deliveries weren't the next of their room", (unsigned long long)out_of_order);
    report_count("subscribers", (uint64_t)options.subscribers);
    report_count("rooms", (uint64_t)options.rooms);
    report_number("rate", options.rate);
    report_count("left", left);
    report_count("replayed", replayed);
    report_count("health_checks", checks);
    latency_report("health_latency_us", &health);
    measure_report();
    report_open("resident_bytes", '[');
    for (uint32_t i = 0; i < seconds_seen; i++) report_count(NULL, memory[i]);
    report_close(']');
    return report_end();
}
