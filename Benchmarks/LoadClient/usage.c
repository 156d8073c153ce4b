/* Processor time and memory, as the kernel counts them. */
#define _GNU_SOURCE
#include "load_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double ticks(void) { return (double)sysconf(_SC_CLK_TCK); }

/* Calls `look` for each process of the server: nginx, for one, has several. */
static void each_server(void (*look)(int pid, void *), void *into) {
    for (const char *at = options.server_pids; at && *at;) {
        char *end;
        long pid = strtol(at, &end, 10);
        if (end == at) return;
        look((int)pid, into);
        at = *end == ',' ? end + 1 : end;
    }
}

static void add_usage(int pid, void *into) {
    struct usage *usage = into;
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    unsigned long user = 0, system = 0;
    /* The second field, the name, may hold anything, but it ends with the last bracket. */
    char *rest = strrchr(text, ')');
    if (rest) sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    usage->user += (double)user / ticks();
    usage->system += (double)system / ticks();
    /* Exact, over all threads that are or were; stat goes by ticks of 10 ms. */
    clockid_t clock;
    struct timespec time;
    if (!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &time))
        usage->server += (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
    else
        usage->server += (uint64_t)((double)(user + system) / ticks() * 1e9);
}

struct usage usage_now(void) {
    struct usage usage = {.time = now()};
    each_server(add_usage, &usage);
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    usage.own = (uint64_t)own.tv_sec * 1000000000ull + (uint64_t)own.tv_nsec;
    unsigned long t[8] = {0}; /* user, nice, system, idle, iowait, irq, softirq, steal */
    FILE *file = fopen("/proc/stat", "r");
    if (file
        && fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6, t + 7) == 8) {
        usage.machine = (double)(t[0] + t[1] + t[2] + t[5] + t[6]) / ticks();
        usage.stolen = (double)t[7] / ticks();
    }
    if (file) fclose(file);
    return usage;
}

/* Shares are of one core. */
void usage_report(const struct usage *from, const struct usage *to, const char *per, uint64_t count) {
    double seconds = (double)(to->time - from->time) / 1e9;
    double server = (double)(to->server - from->server) / 1e9, own = (double)(to->own - from->own) / 1e9;
    double other = to->machine - from->machine - server - own;
    if (options.server_pids) {
        report_open("server_cpu", '{');
        report_number("share", server / seconds);
        report_number("user_seconds", to->user - from->user);
        report_number("system_seconds", to->system - from->system);
        if (count) report_number(per, server * 1e6 / (double)count);
        report_close('}');
        memory_report("server_memory", server_memory());
    }
    report_number("client_cpu_share", own / seconds);
    report_number("other_cpu_share", options.server_pids && other > 0 ? other / seconds : 0);
    report_number("stolen_cpu_share", (to->stolen - from->stolen) / seconds);
}

static void add_memory(int pid, void *into) {
    struct memory *memory = into;
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (!file) return;
    unsigned long kilobytes;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmRSS: %lu", &kilobytes) == 1) memory->resident += kilobytes * 1024;
        if (sscanf(line, "RssAnon: %lu", &kilobytes) == 1) memory->anonymous += kilobytes * 1024;
    }
    fclose(file);
}

struct memory server_memory(void) {
    struct memory memory = {0};
    each_server(add_memory, &memory);
    return memory;
}

void memory_report(const char *name, struct memory memory) {
    report_open(name, '{');
    report_count("resident_bytes", memory.resident);
    report_count("anonymous_bytes", memory.anonymous);
    report_close('}');
}
