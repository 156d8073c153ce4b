/* Reads HTTP/1.1 responses: bodies with a length, in chunks, or without an end. */
#define _GNU_SOURCE
#include "load_client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_ROOM = 8192 };

void response_again(struct response *response) {
    response->part = HEAD;
    response->head_size = 0;
    response->status = 0;
    response->is_broken = false;
}

bool response_header(const struct response *response, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    for (const char *line = strstr(response->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) || line[length] != ':') continue;
        line += length + 1;
        while (*line == ' ') line++;
        size_t end = strcspn(line, "\r");
        if (end >= size) return false;
        memcpy(value, line, end);
        value[end] = 0;
        return true;
    }
    return false;
}

/* The head is whole: what follows? */
static void head_read(struct response *response, bool is_stream, bool *is_done) {
    char value[64];
    response->status = atoi(response->head + 9);
    response->left = 0;
    if (is_stream && (response->status == 200 || response->status == 101)) {
        response->part = STREAM;
        free(response->head);
        response->head = NULL;
        *is_done = true;
    } else if (response->status == 204 || response->status == 304) {
        *is_done = true;
    } else if (response_header(response, "content-length", value, sizeof value)) {
        response->left = strtoull(value, NULL, 10);
        response->part = BODY;
        *is_done = response->left == 0;
    } else if (response_header(response, "transfer-encoding", value, sizeof value)) {
        response->part = CHUNK_SIZE;
    } else {
        response->is_broken = true; /* a body until the end of the connection can't be kept alive */
        *is_done = true;
    }
}

static size_t take_head(struct response *response, const char *bytes, size_t size, bool is_stream, bool *is_done) {
    if (!response->head && !(response->head = malloc(HEAD_ROOM))) fail("out of memory");
    size_t before = response->head_size, room = HEAD_ROOM - 1 - before, copied = size < room ? size : room;
    memcpy(response->head + before, bytes, copied);
    response->head_size += copied;
    size_t from = before > 3 ? before - 3 : 0;
    char *end = memmem(response->head + from, response->head_size - from, "\r\n\r\n", 4);
    if (!end) {
        if (copied == room) response->is_broken = *is_done = true;
        return copied;
    }
    size_t taken = (size_t)(end + 4 - response->head) - before;
    end[4] = 0;
    head_read(response, is_stream, is_done);
    return taken;
}

static size_t take_chunked(struct response *response, char byte, bool *is_done) {
    switch (response->part) {
    case CHUNK_SIZE:
        if (isxdigit((unsigned char)byte))
            response->left = response->left * 16
                             + (uint64_t)(isdigit((unsigned char)byte) ? byte - '0' : (byte | 32) - 'a' + 10);
        else if (byte == '\n')
            response->part = response->left ? CHUNK : TRAILER;
        break;
    case CHUNK_END:
        if (byte == '\n') response->part = CHUNK_SIZE;
        break;
    default: /* TRAILER: an empty line ends it; `left` counts the line's bytes */
        if (byte == '\n') {
            *is_done = response->left == 0;
            response->left = 0;
        } else if (byte != '\r') {
            response->left++;
        }
    }
    return 1;
}

size_t response_take(struct response *response, const char *bytes, size_t size, bool is_stream, bool *is_done) {
    size_t taken = 0;
    *is_done = false;
    while (taken < size && !*is_done) {
        size_t left = size - taken;
        if (response->part == HEAD) {
            taken += take_head(response, bytes + taken, left, is_stream, is_done);
        } else if (response->part == BODY || response->part == CHUNK) {
            size_t part = response->left < left ? (size_t)response->left : left;
            taken += part;
            response->left -= part;
            if (response->left) continue;
            if (response->part == BODY) *is_done = true;
            response->part = response->part == CHUNK ? CHUNK_END : response->part;
        } else {
            taken += take_chunked(response, bytes[taken], is_done);
        }
    }
    return taken;
}
