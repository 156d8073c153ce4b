/* The messages of a run, and how they are known again.
 *
 * Each message's ciphertext begins with a marker, `+SBX` and 16 hex digits: the run's number and the message's own.
 * That is base64, so a relay hands it on as it is, and the client needs not understand what is around it: chunks,
 * events, frames or JSON. */
#define _GNU_SOURCE
#include "load_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MARKER = 20, LARGEST = 100000, REQUEST_ROOM = LARGEST + 1024 };

struct message *messages;
struct room *rooms;
uint32_t message_count, outstanding;
uint64_t unknown_deliveries;
static uint32_t message_room, run;
static char filler[LARGEST];

void rooms_make(void) {
    rooms = calloc((size_t)options.rooms, sizeof *rooms);
    if (!rooms) fail("out of memory");
    memset(filler, 'A', sizeof filler);
    /* What another run left in a room mustn't count. */
    run = (uint32_t)(now() / 1000000) ^ (uint32_t)getpid() << 16;
}

uint32_t message_add(uint32_t room, uint64_t due, uint32_t size) {
    if (message_count == message_room) {
        message_room = message_room ? 2 * message_room : 65536;
        messages = realloc(messages, message_room * sizeof *messages);
        if (!messages) fail("out of memory");
    }
    messages[message_count] = (struct message){.due = due, .room = room, .size = size, .nth = ++rooms[room].posted};
    if (rooms[room].subscribers) outstanding++;
    return message_count++;
}

static const char *post(uint32_t room, const char *marker, uint32_t wanted, size_t *size) {
    static char request[REQUEST_ROOM];
    char path[512];
    fill_path(path, sizeof path, options.publish, room);
    static const char start[] = "{\"sender\":\"x\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"ciphertext\":\"";
    int around = (int)sizeof start - 1 + 2, text = ((int)wanted - around) & ~3; /* whole groups of base64 */
    int length = snprintf(request, sizeof request,
        "POST %s HTTP/1.1\r\nHost: %s:%ld\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s%s", path,
        options.host, options.port, around + text, start, marker);
    int fill = text - (int)strlen(marker);
    memcpy(request + length, filler, (size_t)fill);
    memcpy(request + length + fill, "\"}", 2);
    *size = (size_t)(length + fill + 2);
    return request;
}

const char *message_request(uint32_t number, size_t *size) {
    char marker[MARKER + 1];
    snprintf(marker, sizeof marker, "+SBX%08x%08x", run, number);
    return post(messages[number].room, marker, messages[number].size, size);
}

const char *opening_request(uint32_t room, size_t *size) { return post(room, "", 200, size); }

const char *body_request(const char *path, const char *body, size_t *size) {
    static char request[2048];
    int length = snprintf(request, sizeof request,
        "POST %s HTTP/1.1\r\nHost: %s:%ld\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", path,
        options.host, options.port, strlen(body), body);
    if (length >= (int)sizeof request) fail("the request to %s is too long", path);
    *size = (size_t)length;
    return request;
}

const char *get_request(const char *path, size_t *size) {
    static char request[1024];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%ld\r\n\r\n", path, options.host, options.port);
    if (length >= (int)sizeof request) fail("the path %s is too long", path);
    *size = (size_t)length;
    return request;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

const char *marker_find(struct marker *marker, const char *bytes, const char *end) {
    while (bytes < end) {
        if (marker->matched == 0) {
            bytes = memchr(bytes, '+', (size_t)(end - bytes));
            if (!bytes) return NULL;
            bytes++;
            marker->matched = 1;
            marker->value = 0;
            continue;
        }
        char byte = *bytes++;
        int value = marker->matched < 4 ? (byte == "+SBX"[marker->matched] ? 0 : -1) : digit(byte);
        if (value < 0) {
            marker->matched = 0;
            if (byte == '+') bytes--;
            continue;
        }
        marker->value = marker->value << 4 | (uint64_t)value;
        if (++marker->matched == MARKER) {
            marker->matched = 0;
            return bytes;
        }
    }
    return NULL;
}

struct message *message_marked(const struct marker *marker, uint32_t room) {
    uint32_t number = (uint32_t)marker->value;
    if (marker->value >> 32 != run || number >= message_count || messages[number].room != room) {
        unknown_deliveries++;
        return NULL;
    }
    return messages + number;
}
