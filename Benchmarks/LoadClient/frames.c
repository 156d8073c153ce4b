/* Walks over the frames that a server sends (RFC 6455, section 5.2) and answers its pings. */
#include "load_client.h"

#include <string.h>

static void answer(struct connection *connection, const uint8_t *payload, uint8_t size) {
    char frame[6 + 125] = {(char)0x8a, (char)(0x80 | size)}; /* a pong; masked, with a mask of zeroes */
    memcpy(frame + 6, payload, size);
    connection_send(connection, frame, 6u + size);
}

static unsigned head_length(const struct frames *frames) {
    if (frames->head_size < 2) return 2;
    unsigned length = frames->head[1] & 0x7f;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static uint64_t payload_length(const struct frames *frames) {
    unsigned length = frames->head[1] & 0x7f, size = length == 126 ? 2 : length == 127 ? 8 : 0;
    uint64_t value = size ? 0 : length;
    for (unsigned i = 0; i < size; i++) value = value << 8 | frames->head[2 + i];
    return value;
}

void frames_take(struct frames *frames, struct connection *connection, const char *bytes, size_t size) {
    while (size) {
        if (frames->head_size < head_length(frames)) {
            frames->head[frames->head_size++] = (uint8_t)*bytes++;
            size--;
            if (frames->head_size < 2 || frames->head_size < head_length(frames)) continue;
            frames->left = payload_length(frames);
            frames->ping_size = 0;
        }
        bool is_ping = (frames->head[0] & 0x0f) == 9;
        size_t part = frames->left < size ? (size_t)frames->left : size;
        if (is_ping && frames->ping_size + part <= sizeof frames->ping) {
            memcpy(frames->ping + frames->ping_size, bytes, part);
            frames->ping_size += (uint8_t)part;
        }
        bytes += part;
        size -= part;
        frames->left -= part;
        if (frames->left) return;
        if (is_ping) answer(connection, frames->ping, frames->ping_size);
        frames->head_size = 0;
    }
}
