/* Connections that don't block, and the one loop that they are all in. */
#define _GNU_SOURCE
#include "load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t bytes_received, last_received;
static int loop = -1;
static struct sockaddr_in server;

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

void net_prepare(void) {
    loop = epoll_create1(EPOLL_CLOEXEC);
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    if (loop < 0 || inet_pton(AF_INET, options.host, &server.sin_addr) != 1)
        fail("--host %s is no IPv4 address; give one, e.g. 127.0.0.1", options.host);
}

static void watch(struct connection *connection, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(loop, how, connection->fd, &event)) fail("epoll_ctl: %s", strerror(errno));
}

void connection_open(struct connection *connection, int receive_buffer) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) fail("no more sockets (%s): raise the limit of open files, ulimit -n", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* Only before the connection is made does it bound the window. */
    if (receive_buffer) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS)
        fail("can't connect to %s port %ld: %s", options.host, options.port, strerror(errno));
    connection->fd = fd;
    connection->is_connecting = true;
    connection->out_size = connection->out_sent = 0;
    connection->waits_to_write = true;
    watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

void connection_close(struct connection *connection) {
    if (connection->fd >= 0) close(connection->fd);
    connection->fd = -1;
    free(connection->out);
    connection->out = NULL;
    connection->out_size = connection->out_sent = connection->out_room = 0;
}

static void end(struct connection *connection, const char *why) {
    connection_close(connection);
    connection->ended(connection, why);
}

/* Without reading only the connection's death is told. */
void connection_read(struct connection *connection, bool is_reading) {
    watch(connection, is_reading ? EPOLLIN : 0, EPOLL_CTL_MOD);
}

static void write_out(struct connection *connection) {
    while (connection->out_sent < connection->out_size) {
        ssize_t written = send(connection->fd, connection->out + connection->out_sent,
                               connection->out_size - connection->out_sent, MSG_NOSIGNAL);
        if (written < 0 && errno == EAGAIN) {
            if (!connection->waits_to_write) watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            connection->waits_to_write = true;
            return;
        }
        if (written < 0) return; /* the next read tells the reason */
        connection->out_sent += (size_t)written;
    }
    if (connection->waits_to_write) watch(connection, EPOLLIN, EPOLL_CTL_MOD);
    connection->waits_to_write = false;
    connection->out_size = connection->out_sent = 0;
    /* Most of ten thousand streams never send again. */
    if (connection->out_room > 4096) {
        free(connection->out);
        connection->out = NULL;
        connection->out_room = 0;
    }
}

void connection_send(struct connection *connection, const char *bytes, size_t size) {
    if (connection->out_size == 0 && !connection->waits_to_write) {
        ssize_t written = send(connection->fd, bytes, size, MSG_NOSIGNAL);
        if (written == (ssize_t)size) return;
        if (written > 0) bytes += written, size -= (size_t)written;
    }
    if (connection->out_size + size > connection->out_room) {
        connection->out_room = connection->out_size + size;
        connection->out = realloc(connection->out, connection->out_room);
        if (!connection->out) fail("out of memory");
    }
    memcpy(connection->out + connection->out_size, bytes, size);
    connection->out_size += size;
    write_out(connection);
}

static void handle(struct connection *connection, uint32_t events) {
    static char bytes[1 << 18];
    if (connection->fd < 0) return; /* closed earlier in this turn */
    if (connection->is_connecting) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error)
            fail("can't connect to %s port %ld (%s): is the server running?", options.host, options.port, strerror(error));
        connection->is_connecting = false;
        connection->opened(connection);
        if (connection->fd >= 0) write_out(connection);
        return;
    }
    if (events & EPOLLOUT) write_out(connection);
    if (connection->fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    ssize_t size = read(connection->fd, bytes, sizeof bytes);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) return end(connection, strerror(errno));
    if (size == 0) return end(connection, "the server closed it");
    bytes_received += (uint64_t)size;
    last_received = now();
    connection->received(connection, bytes, (size_t)size);
}

void loop_turn(uint64_t until) {
    /* Few at a time, so that the next post isn't kept waiting by the reading of hundreds of answers. */
    struct epoll_event events[128];
    uint64_t time = now(), left = until > time ? until - time : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};
    int count = epoll_pwait2(loop, events, 128, &timeout, NULL);
    for (int i = 0; i < count; i++) handle(events[i].data.ptr, events[i].events);
}

void loop_for(double seconds) {
    for (uint64_t end = now() + (uint64_t)(seconds * 1e9); now() < end;) loop_turn(end);
}

void loop_until_quiet(double quiet, double longest) {
    uint64_t began = last_received = now(), for_ns = (uint64_t)(quiet * 1e9);
    while (now() - last_received < for_ns && now() - began < (uint64_t)(longest * 1e9)) loop_turn(now() + for_ns / 10);
}
