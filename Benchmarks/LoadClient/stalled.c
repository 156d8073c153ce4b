/* stalled: readers that stop reading right after their stream is open, and others beside them that must not notice. */
#include "load_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

static struct memory highest;
static uint64_t highest_kernel;

/* What the kernel holds for all of the machine's TCP connections: what stalled readers don't take lies there first. */
static uint64_t kernel_bytes(void) {
    FILE *file = fopen("/proc/net/sockstat", "r");
    unsigned long pages = 0;
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        const char *found = strncmp(line, "TCP:", 4) ? NULL : strstr(line, " mem ");
        if (found) pages = strtoul(found + 5, NULL, 10);
    }
    if (file) fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t work(void) {
    static uint64_t next_look;
    uint64_t next = work_at_rate(), time = now();
    if (time >= next_look) {
        struct memory memory = server_memory();
        uint64_t kernel = kernel_bytes();
        if (memory.resident > highest.resident) highest = memory;
        if (kernel > highest_kernel) highest_kernel = kernel;
        next_look = time + 50000000;
    }
    return next < next_look ? next : next_look;
}

/* Reads on for those that stalled: who was dropped finds the end of the stream behind what is left. */
static long dropped(void) {
    may_end = true;
    for (long i = 0; i < subscriber_count; i++)
        if (subscribers[i].is_stalled && subscribers[i].phase == LIVE) connection_read(&subscribers[i].connection, true);
    loop_until_quiet(.5, 30);
    long count = 0;
    for (long i = 0; i < subscriber_count; i++) count += subscribers[i].is_stalled && subscribers[i].phase == AWAY;
    return count;
}

int run_stalled(void) {
    struct memory before = server_memory();
    options.rooms = 1;
    subscribers_make(options.readers + options.stalled);
    subscriber_delivered = measure_delivery;
    /* Those who read are spread among the others, so that the server comes to some of them late. */
    for (long i = 0; i < subscriber_count; i++)
        subscribers[i].is_stalled = (i + 1) * options.readers / subscriber_count == i * options.readers / subscriber_count;
    rooms[0].subscribers = (uint32_t)options.readers;
    subscribers_open();
    publishers_open();
    may_end = true;
    measure(options.warm_up, options.megabytes * MIB / ((double)options.size * options.rate), work);
    measure_finish();
    struct memory after = server_memory();
    for (long i = 0; i < subscriber_count; i++)
        if (!subscribers[i].is_stalled && subscribers[i].phase != LIVE) invalid("reader %ld was dropped though it read", i);
    report_count("stalled", (uint64_t)options.stalled);
    report_count("readers", (uint64_t)options.readers);
    measure_report();
    memory_report("before", before);
    memory_report("highest", highest);
    memory_report("after", after);
    report_number("resident_bytes_more", (double)highest.resident - (double)before.resident);
    report_count("highest_kernel_bytes", highest_kernel);
    report_count("dropped", (uint64_t)dropped());
    return report_end();
}
