/* Subscribers by event stream, WebSocket and long-poll. */
#define _GNU_SOURCE
#include "load_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subscriber *subscribers;
long subscriber_count, subscribers_live, subscribers_dead;
void (*subscriber_delivered)(struct subscriber *, struct message *, uint64_t when);
bool may_end;

static void ask(struct subscriber *);

static const char *path_of(enum transport transport) {
    if (options.subscribe) return options.subscribe;
    if (transport == SSE) return "/api/rooms/{room}/events";
    return transport == WEBSOCKET ? "/api/rooms/{room}/ws" : "/api/rooms/{room}/wait";
}

static void became_live(struct subscriber *subscriber) {
    if (subscriber->phase == LIVE) return;
    subscriber->phase = LIVE;
    subscriber->live_since = now();
    subscribers_live++;
    /* A stalled reader has its stream and never looks at it again. */
    if (subscriber->is_stalled) connection_read(&subscriber->connection, false);
}

static void count_markers(struct subscriber *subscriber, const char *bytes, size_t size) {
    if (subscriber->is_stalled) return;
    const char *end = bytes + size;
    while ((bytes = marker_find(&subscriber->marker, bytes, end))) {
        struct message *message = message_marked(&subscriber->marker, subscriber->room);
        if (!message) continue;
        subscriber->seen++;
        if (++message->got == rooms[message->room].subscribers) outstanding--;
        if (subscriber_delivered) subscriber_delivered(subscriber, message, last_received);
    }
}

static void dead(struct subscriber *subscriber, const char *why) {
    bool was_live = subscriber->phase == LIVE;
    if (was_live) subscribers_live--;
    subscriber->phase = AWAY;
    subscribers_dead++;
    if (!(may_end && was_live)) invalid("subscriber %u: %.300s", subscriber->number, why);
}

static void ended(struct connection *connection, const char *why) { dead((struct subscriber *)connection, why); }

static void opened(struct connection *connection) {
    struct subscriber *subscriber = (struct subscriber *)connection;
    if (!options.pre_get) return ask(subscriber);
    subscriber->phase = PREPARING;
    size_t size;
    const char *request = get_request(options.pre_get, &size);
    connection_send(connection, request, size);
}

/* Asks for the stream, or for the next messages. */
static void ask(struct subscriber *subscriber) {
    char path[640], request[1500], more[256] = "";
    fill_path(path, 512, path_of(subscriber->transport), subscriber->room);
    char *query = path + strlen(path), mark = strchr(path, '?') ? '&' : '?';
    bool is_poll = subscriber->transport == POLL;
    if (is_poll && options.poll_by == BY_TAG)
        snprintf(more, sizeof more, "%s", subscriber->tags);
    else if (is_poll || subscriber->after)
        query += sprintf(query, "%cafter=%llu", mark, (unsigned long long)subscriber->after), mark = '&';
    if (subscriber->is_named)
        sprintf(query, "%cname=%.60s%u", mark, options.name ? options.name : "agent-", subscriber->number);
    if (subscriber->transport == WEBSOCKET)
        snprintf(more, sizeof more, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                    "Sec-WebSocket-Key: c2lnbmFsYm94IGxvYWQgYw==\r\n");
    else if (subscriber->transport == SSE)
        snprintf(more, sizeof more, "Accept: text/event-stream\r\n");
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%ld\r\n%s\r\n", path, options.host,
                        options.port, more);
    if (subscriber->phase != LIVE) subscriber->phase = JOINING;
    connection_send(&subscriber->connection, request, (size_t)size);
    /* A first poll by tags waits for the next message, so no answer says that it is there. */
    if (is_poll && options.poll_by == BY_TAG) became_live(subscriber);
}

/* The end of a page has its last number: {"messages":[…],"last_seq":7} */
static void keep_tail(struct subscriber *subscriber, const char *bytes, size_t size) {
    size_t room = sizeof subscriber->tail, kept = subscriber->tail_size;
    if (size >= room) {
        memcpy(subscriber->tail, bytes + size - room, room);
        subscriber->tail_size = (uint32_t)room;
        return;
    }
    size_t drop = kept + size > room ? kept + size - room : 0;
    memmove(subscriber->tail, subscriber->tail + drop, kept - drop);
    memcpy(subscriber->tail + kept - drop, bytes, size);
    subscriber->tail_size = (uint32_t)(kept - drop + size);
}

static void page_read(struct subscriber *subscriber) {
    static const char name[] = "\"last_seq\":";
    if (options.poll_by == BY_TAG) {
        char changed[64], tag[64];
        if (response_header(&subscriber->response, "last-modified", changed, sizeof changed)
            && response_header(&subscriber->response, "etag", tag, sizeof tag))
            snprintf(subscriber->tags, sizeof subscriber->tags, "If-Modified-Since: %s\r\nIf-None-Match: %s\r\n", changed,
                     tag);
        return;
    }
    char *found = memmem(subscriber->tail, subscriber->tail_size, name, sizeof name - 1);
    if (!found) return dead(subscriber, "a page without last_seq");
    uint64_t last = 0;
    const char *end = subscriber->tail + subscriber->tail_size;
    for (const char *at = found + sizeof name - 1; at < end && *at >= '0' && *at <= '9'; at++)
        last = last * 10 + (uint64_t)(*at - '0');
    subscriber->after = last;
}

static void poll_received(struct subscriber *subscriber, const char *bytes, size_t size) {
    bool is_done;
    count_markers(subscriber, bytes, size);
    keep_tail(subscriber, bytes, size);
    response_take(&subscriber->response, bytes, size, false, &is_done);
    if (!is_done) return;
    int status = subscriber->response.status;
    /* Nothing came for long: 304 and 408 are nchan's words for that. */
    if (status != 200 && status != 304 && status != 408) {
        connection_close(&subscriber->connection);
        return dead(subscriber, subscriber->response.head ? subscriber->response.head : "no HTTP");
    }
    page_read(subscriber);
    subscriber->tail_size = 0;
    response_again(&subscriber->response);
    if (subscriber->connection.fd < 0) return;
    became_live(subscriber);
    ask(subscriber);
}

static void received(struct connection *connection, const char *bytes, size_t size) {
    struct subscriber *subscriber = (struct subscriber *)connection;
    bool is_done;
    if (subscriber->phase == PREPARING) {
        response_take(&subscriber->response, bytes, size, false, &is_done);
        if (!is_done) return;
        response_again(&subscriber->response);
        return ask(subscriber);
    }
    if (subscriber->transport == POLL) return poll_received(subscriber, bytes, size);
    if (subscriber->phase == JOINING) {
        size_t taken = response_take(&subscriber->response, bytes, size, true, &is_done);
        if (!is_done) return;
        if (subscriber->response.part != STREAM) {
            connection_close(connection);
            return dead(subscriber, subscriber->response.head);
        }
        became_live(subscriber);
        bytes += taken, size -= taken;
    }
    count_markers(subscriber, bytes, size);
    if (subscriber->transport == WEBSOCKET) frames_take(&subscriber->frames, connection, bytes, size);
}

void subscriber_join(struct subscriber *subscriber) {
    subscriber->connection.opened = opened;
    subscriber->connection.received = received;
    subscriber->connection.ended = ended;
    subscriber->marker.matched = 0;
    subscriber->frames = (struct frames){0};
    subscriber->tail_size = 0;
    response_again(&subscriber->response);
    subscriber->phase = JOINING;
    connection_open(&subscriber->connection, subscriber->is_stalled ? 4096 : 0);
}

void subscriber_leave(struct subscriber *subscriber) {
    if (subscriber->phase == LIVE) subscribers_live--;
    subscriber->phase = AWAY;
    connection_close(&subscriber->connection);
}

void subscribers_make(long count) {
    subscribers = calloc((size_t)count, sizeof *subscribers);
    if (!subscribers) fail("out of memory");
    subscriber_count = count;
    for (long i = 0; i < count; i++) {
        subscribers[i].connection.fd = -1;
        subscribers[i].number = (uint32_t)i;
        subscribers[i].transport = options.transport;
        subscribers[i].is_named = options.is_named;
        subscribers[i].room = (uint32_t)(i % options.rooms);
        rooms[subscribers[i].room].subscribers++;
    }
}

void subscribers_open(void) {
    enum { AT_ONCE = 64 };
    uint64_t began = now(), end = began + (uint64_t)(options.longest_wait * 1e9);
    for (long joined = 0; subscribers_live + subscribers_dead < subscriber_count;) {
        while (joined < subscriber_count && joined - subscribers_live - subscribers_dead < AT_ONCE)
            subscriber_join(subscribers + joined++);
        if (now() > end)
            fail("only %ld of %ld subscribers were let in within %g s", subscribers_live, subscriber_count, options.longest_wait);
        loop_turn(end);
    }
    if (subscribers_dead) fail("%ld of %ld subscribers weren't let in", subscribers_dead, subscriber_count);
    say("%ld subscribers in %.2f s", subscriber_count, (double)(now() - began) / 1e9);
    loop_until_quiet(.3, 10);
}
