/* What the parts of the load client know of each other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- options.c: what was asked for -------------------------------------------------------------------------- */

enum transport { SSE, WEBSOCKET, POLL };
enum poll_by { BY_SEQ, BY_TAG };

struct options {
    const char *host, *subscribe, *publish, *get, *post, *pre_get, *name, *room, *server_pids;
    long port, rooms, subscribers, publishers, connections, window, size, largest, stalled, readers;
    double rate, seconds, warm_up, hold, megabytes, heartbeat, churn, health, longest_wait;
    bool is_named;
    enum transport transport;
    enum poll_by poll_by;
};

extern struct options options;

/* Reads the command line of a command; ends the process where it asks for help or makes no sense. */
void options_read(const char *command, int count, char **words);
/* `path` with {room} filled in. */
void fill_path(char *into, size_t size, const char *path, uint32_t room);

/* --- report.c: what is said --------------------------------------------------------------------------------- */

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says what is wrong and ends the process: 2. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Notes why the run doesn't count; the first reasons are said at the end. */
void invalid(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_text(const char *name, const char *value);
void report_count(const char *name, uint64_t value);
void report_number(const char *name, double value);
void report_open(const char *name, char bracket);
void report_close(char bracket);
/* Prints the line; the exit code of the process. */
int report_end(void);

/* --- latency.c: durations in buckets less than 1 % wide ------------------------------------------------------ */

struct latency {
    uint64_t counts[64 * 128], total, largest;
};

void latency_add(struct latency *, uint64_t nanoseconds);
void latency_report(const char *name, const struct latency *);

/* --- usage.c: what the server, this program and the rest of the machine take ---------------------------------- */

struct usage {
    uint64_t time, server, own;
    double user, system, machine, stolen;
};

struct memory {
    uint64_t resident, anonymous;
};

struct usage usage_now(void);
void usage_report(const struct usage *from, const struct usage *to, const char *per, uint64_t count);
struct memory server_memory(void);
void memory_report(const char *name, struct memory);

/* --- net.c: connections and the one loop ---------------------------------------------------------------------- */

struct connection {
    int fd; /* -1 when there is none */
    bool is_connecting, waits_to_write;
    char *out;
    size_t out_size, out_sent, out_room;
    void (*opened)(struct connection *);
    void (*received)(struct connection *, const char *bytes, size_t size);
    /* The other side ended it; it is closed already. */
    void (*ended)(struct connection *, const char *why);
};

uint64_t now(void);
void net_prepare(void);
void connection_open(struct connection *, int receive_buffer);
void connection_send(struct connection *, const char *bytes, size_t size);
void connection_close(struct connection *);
void connection_read(struct connection *, bool is_reading);
/* Handles what has happened; waits for it until that time at most. */
void loop_turn(uint64_t until);
void loop_for(double seconds);
/* Until nothing was received for so long, or the longest time is over. */
void loop_until_quiet(double quiet, double longest);
extern uint64_t bytes_received, last_received;

/* --- http.c: one response after the other ----------------------------------------------------------------------- */

struct response {
    enum { HEAD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, STREAM } part;
    int status;
    uint64_t left;
    char *head;
    size_t head_size;
    bool is_broken;
};

/* Takes bytes of the response, as many as belong to it; returns how many. With `is_stream` the body has no end. */
size_t response_take(struct response *, const char *bytes, size_t size, bool is_stream, bool *is_done);
void response_again(struct response *);
/* The value of a header in the head just read. */
bool response_header(const struct response *, const char *name, char *value, size_t size);

/* --- frames.c: a WebSocket's frames, as far as pings and closes go ------------------------------------------------ */

struct frames {
    uint8_t head[10], head_size, ping[125], ping_size;
    uint64_t left;
};

void frames_take(struct frames *, struct connection *, const char *bytes, size_t size);

/* --- messages.c: every message, and who has to get it -------------------------------------------------------------- */

struct message {
    uint64_t due; /* when it should have been posted */
    uint32_t room, nth, got, size; /* the nth of its room */
};

struct room {
    uint32_t subscribers, posted, accepted;
    uint64_t seq; /* the server's number of the message before the first */
};

extern struct message *messages;
extern struct room *rooms;
extern uint32_t message_count, outstanding;
extern uint64_t unknown_deliveries;

void rooms_make(void);
uint32_t message_add(uint32_t room, uint64_t due, uint32_t size);
/* The request that posts it; valid until the next call. */
const char *message_request(uint32_t number, size_t *size);
/* A message without a marker, which opens a room. */
const char *opening_request(uint32_t room, size_t *size);
const char *body_request(const char *path, const char *body, size_t *size);
const char *get_request(const char *path, size_t *size);

struct marker {
    uint64_t value;
    uint8_t matched;
};

/* Finds the next whole marker in bytes that may be cut anywhere; returns what follows it, NULL without one. */
const char *marker_find(struct marker *, const char *bytes, const char *end);
/* The message that a marker names; NULL when it is none of this run's in that room. */
struct message *message_marked(const struct marker *, uint32_t room);

/* --- requesters.c: kept-alive connections with one request at a time ------------------------------------------------ */

struct requester {
    struct connection connection;
    struct response response;
    bool is_ready, is_busy;
    uint32_t number;
    uint64_t sent, seq; /* `seq` is what the last answer had, if any */
    struct latency *latency; /* of what is answered while it is measured */
    void (*answered)(struct requester *, int status);
};

struct requester *requesters_open(long count, void (*answered)(struct requester *, int status), struct latency *);
void requester_send(struct requester *, const char *bytes, size_t size);
/* Waits until none of them is busy. */
void requesters_finish(struct requester *, long count);
extern uint64_t requests_refused, requests_accepted;

/* --- publishers.c: posts messages ------------------------------------------------------------------------------------ */

extern uint32_t unposted; /* the first message that isn't on its way */
extern struct latency post_latency;

void publishers_open(void);
/* Makes each room known to the server, for long-polls. */
void publishers_open_rooms(void);
void publishers_work(void);
void publishers_finish(void);
void publishers_report(void);

/* --- subscribers.c: what is delivered ---------------------------------------------------------------------------------- */

struct subscriber {
    struct connection connection;
    struct response response;
    enum { AWAY, PREPARING, JOINING, LIVE } phase;
    enum transport transport;
    bool is_named, is_stalled;
    uint32_t room, number, tail_size, last_nth;
    struct marker marker;
    struct frames frames;
    uint64_t seen, after, live_since;
    char tail[64], tags[192];
};

extern struct subscriber *subscribers;
extern long subscriber_count, subscribers_live, subscribers_dead;
extern void (*subscriber_delivered)(struct subscriber *, struct message *, uint64_t when);
extern bool may_end; /* an end of a stream is nothing wrong */

void subscribers_make(long count);
void subscriber_join(struct subscriber *);
void subscriber_leave(struct subscriber *);
/* Joins them all and waits until they are live and quiet. */
void subscribers_open(void);

/* --- measuring.c: what fan-outs of all kinds count ----------------------------------------------------------------------- */

extern uint64_t measure_from, measure_to, measured_deliveries;
extern struct latency delivery_latency;
extern struct usage measured_from, measured_to;

/* Warms up and measures: `work` is called at each turn and says when it wants the next at latest. */
void measure(double warm_up, double seconds, uint64_t (*work)(void));
uint64_t work_at_rate(void);
uint64_t work_in_window(void);
/* Counts a delivery; for `subscriber_delivered`. */
void measure_delivery(struct subscriber *, struct message *, uint64_t when);
/* Lets what is on its way arrive and compares it with what was posted. */
void measure_finish(void);
void measure_report(void);

/* --- the commands ---------------------------------------------------------------------------------------------------------- */

int run_fanout(void);
int run_requests(void);
int run_idle(void);
int run_stalled(void);
int run_agents(void);
int run_mixed(void);
