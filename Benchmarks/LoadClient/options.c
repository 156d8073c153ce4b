/* The options of all commands, in one table that reads them and lists them. */
#define _GNU_SOURCE
#include "load_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options options = {
    .host = "127.0.0.1", .publish = "/api/rooms/{room}/messages", .room = "bench", .get = "/api/health",
    .rooms = 1, .subscribers = 500, .publishers = 4, .connections = 64, .size = 500, .largest = 8192,
    .stalled = 1000, .readers = 20, .rate = 50, .seconds = 3, .warm_up = 1, .hold = 2, .megabytes = 100,
    .heartbeat = 15, .churn = 5, .health = 10, .longest_wait = 60,
};

enum kind { TEXT, WHOLE, NUMBER, FLAG, TRANSPORT, POLL_BY };

/* `of` has the first letters of the commands that take it. */
static const struct row {
    const char *name, *value, *of;
    enum kind kind;
    void *into;
    const char *about;
} rows[] = {
    {"port", "PORT", "frisam", WHOLE, &options.port, "where the server listens; needed"},
    {"host", "ADDRESS", "frisam", TEXT, &options.host, "its IPv4 address (127.0.0.1)"},
    {"server-pid", "PID[,PID]", "frisam", TEXT, &options.server_pids, "processes whose time and memory are reported"},
    {"transport", "sse|ws|poll", "fi", TRANSPORT, &options.transport, "how subscribers listen (sse)"},
    {"subscribe", "PATH", "fisam", TEXT, &options.subscribe, "where; {room} is the room (/api/rooms/{room}/events, ws or wait)"},
    {"publish", "PATH", "frsam", TEXT, &options.publish, "where messages are posted (/api/rooms/{room}/messages)"},
    {"poll-by", "seq|tag", "f", POLL_BY, &options.poll_by, "long-polls go on by ?after=, or by Last-Modified and Etag (seq)"},
    {"pre-get", "PATH", "fi", TEXT, &options.pre_get, "an ordinary GET first on each subscriber's connection: nginx then sets TCP_NODELAY"},
    {"get", "PATH", "r", TEXT, &options.get, "what is asked for (/api/health)"},
    {"post", "PATH", "r", TEXT, &options.post, "post a message there instead, to one room after the other"},
    {"connections", "N", "ri", WHOLE, &options.connections, "connections at once (64)"},
    {"rooms", "N", "frisam", WHOLE, &options.rooms, "rooms, which everything goes round (1)"},
    {"subscribers", "N", "fm", WHOLE, &options.subscribers, "subscribers in all (500)"},
    {"publishers", "N", "fsam", WHOLE, &options.publishers, "connections that post, each one message at a time (4)"},
    {"agents", "N", "a", WHOLE, &options.subscribers, "named agents in all (500)"},
    {"stalled", "N", "s", WHOLE, &options.stalled, "readers that stop reading (1000)"},
    {"readers", "N", "s", WHOLE, &options.readers, "readers that go on (20)"},
    {"megabytes", "MB", "s", NUMBER, &options.megabytes, "how much passes through the room (100)"},
    {"rate", "N", "fsam", NUMBER, &options.rate, "messages a second; how late they are counts from when they were due (50)"},
    {"window", "N", "f", WHOLE, &options.window, "instead: as fast as it goes, with so many that not everybody has"},
    {"size", "BYTES", "frsa", WHOLE, &options.size, "a message's body (500)"},
    {"largest", "BYTES", "m", WHOLE, &options.largest, "the largest of the mixed bodies; the smallest has 200 (8192)"},
    {"named", NULL, "i", FLAG, &options.is_named, "each stream with a name of its own"},
    {"name", "TEXT", "ia", TEXT, &options.name, "what names start with (agent-)"},
    {"heartbeat", "SECONDS", "a", NUMBER, &options.heartbeat, "each agent's sign of life (15)"},
    {"churn", "N", "m", NUMBER, &options.churn, "subscribers a second that leave and come back (5)"},
    {"health", "N", "m", NUMBER, &options.health, "health checks a second (10)"},
    {"seconds", "SECONDS", "fram", NUMBER, &options.seconds, "how long is measured (3)"},
    {"warm-up", "SECONDS", "frsam", NUMBER, &options.warm_up, "how long isn't, before (1)"},
    {"hold", "SECONDS", "i", NUMBER, &options.hold, "how long the streams are left alone (2)"},
    {"longest-wait", "SECONDS", "frisam", NUMBER, &options.longest_wait, "for opening all connections (60)"},
    {"room", "TEXT", "frisam", TEXT, &options.room, "what room names start with (bench)"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void help(const char *command) {
    printf("usage: load_client %s --port PORT [OPTIONS]\n\n", command);
    for (int i = 0; i < ROWS; i++) {
        if (!strchr(rows[i].of, command[0])) continue;
        char left[64];
        snprintf(left, sizeof left, "--%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
        printf("  %-26s%s\n", left, rows[i].about);
    }
}

static void set(const struct row *row, const char *value) {
    char *end = "";
    switch (row->kind) {
    case TEXT: *(const char **)row->into = value; break;
    case FLAG: *(bool *)row->into = true; break;
    case WHOLE: *(long *)row->into = strtol(value, &end, 10); break;
    case NUMBER: *(double *)row->into = strtod(value, &end); break;
    case TRANSPORT:
        if (strcmp(value, "sse") && strcmp(value, "ws") && strcmp(value, "poll")) end = "?";
        options.transport = *value == 's' ? SSE : *value == 'w' ? WEBSOCKET : POLL;
        break;
    case POLL_BY:
        if (strcmp(value, "seq") && strcmp(value, "tag")) end = "?";
        options.poll_by = *value == 's' ? BY_SEQ : BY_TAG;
    }
    if (*end || !*value || *value == '-') fail("--%s takes %s, not '%s'", row->name, row->value, value);
}

void options_read(const char *command, int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--help") || !strcmp(words[i], "-h")) {
            help(command);
            exit(0);
        }
        const struct row *row = NULL;
        for (int r = 0; r < ROWS; r++)
            if (!strncmp(words[i], "--", 2) && !strcmp(words[i] + 2, rows[r].name) && strchr(rows[r].of, command[0]))
                row = rows + r;
        if (!row) fail("%s doesn't know %s; see load_client %s --help", command, words[i], command);
        if (row->kind == FLAG) {
            set(row, "on");
        } else {
            if (i + 1 == count) fail("%s takes %s", words[i], row->value);
            set(row, words[++i]);
        }
    }
    if (options.port < 1 || options.port > 65535) fail("give the server's --port, 1 to 65535");
    if (options.rooms < 1 || options.publishers < 1 || options.connections < 1 || options.subscribers < 1 || options.rate <= 0
        || options.stalled + options.readers < 1 || options.heartbeat <= 0)
        fail("rooms, connections, subscribers, publishers and the rate are at least 1");
    if (options.size < 150 || options.size > 100000 || options.largest < 200 || options.largest > 100000)
        fail("a message has 150 to 100000 bytes, a mixed one at least 200");
}

void fill_path(char *into, size_t size, const char *path, uint32_t room) {
    const char *at = strstr(path, "{room}");
    /* Its number keeps this run's rooms apart from another's. */
    unsigned run = (unsigned)getpid();
    int length = at ? snprintf(into, size, "%.*s%s-%x-%u%s", (int)(at - path), path, options.room, run, room, at + 6)
                    : snprintf(into, size, "%s", path);
    if (length >= (int)size) fail("the path %s is too long", path);
}
