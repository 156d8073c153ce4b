/* Kept-alive connections with one request at a time on each. */
#define _GNU_SOURCE
#include "load_client.h"

#include <stdlib.h>
#include <string.h>

uint64_t requests_refused, requests_accepted;
static long ready;

static void opened(struct connection *connection) {
    ((struct requester *)connection)->is_ready = true;
    ready++;
}

static void received(struct connection *connection, const char *bytes, size_t size) {
    struct requester *requester = (struct requester *)connection;
    bool is_done;
    size_t taken = response_take(&requester->response, bytes, size, false, &is_done);
    if (!is_done) return;
    if (taken < size || requester->response.is_broken || !requester->is_busy)
        fail("the server sent something that is no answer to one request");
    requester->is_busy = false;
    int status = requester->response.status;
    const char *seq = memmem(bytes, size, "\"seq\":", 6);
    requester->seq = seq ? strtoull(seq + 6, NULL, 10) : 0; /* a bracket ends it, so this stays within the bytes */
    if (requester->latency && requester->sent >= measure_from && last_received < measure_to)
        latency_add(requester->latency, last_received - requester->sent);
    if (status / 100 == 2) {
        requests_accepted++;
    } else {
        requests_refused++;
        invalid("a request was answered with %d: %.300s", status, requester->response.head);
    }
    response_again(&requester->response);
    if (requester->answered) requester->answered(requester, status);
}

static void ended(struct connection *connection, const char *why) {
    struct requester *requester = (struct requester *)connection;
    if (requester->is_busy) requests_refused++;
    requester->is_busy = requester->is_ready = false;
    fail("a connection for requests ended (%s): is the server still running?", why);
}

struct requester *requesters_open(long count, void (*answered)(struct requester *, int), struct latency *latency) {
    struct requester *made = calloc((size_t)count, sizeof *made);
    if (!made) fail("out of memory");
    uint64_t end = now() + (uint64_t)(options.longest_wait * 1e9);
    ready = 0;
    for (long i = 0; i < count; i++) {
        made[i].answered = answered;
        made[i].latency = latency;
        made[i].connection.opened = opened;
        made[i].connection.received = received;
        made[i].connection.ended = ended;
        connection_open(&made[i].connection, 0);
    }
    while (ready < count) {
        if (now() > end) fail("only %ld of %ld connections could be made in %g s", ready, count, options.longest_wait);
        loop_turn(end);
    }
    return made;
}

void requester_send(struct requester *requester, const char *bytes, size_t size) {
    requester->is_busy = true;
    requester->sent = now();
    connection_send(&requester->connection, bytes, size);
}

void requesters_finish(struct requester *requesters, long count) {
    uint64_t end = now() + 5000000000ull;
    for (long i = 0; i < count; i++)
        while (requesters[i].is_busy) {
            if (now() > end) {
                invalid("a request had no answer after 5 s");
                return;
            }
            loop_turn(end);
        }
}
