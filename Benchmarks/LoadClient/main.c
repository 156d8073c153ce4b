/* load_client: what a relay's clients do, many times over, from one thread. `load_client --help` lists it. */
#include "load_client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    const char *name, *about;
    int (*run)(void);
} commands[] = {
    {"fanout", "messages to subscribers in rooms: deliveries a second and how long they take", run_fanout},
    {"requests", "one request after the other on kept-alive connections", run_requests},
    {"idle", "streams on which nothing happens: the server's memory for each", run_idle},
    {"stalled", "readers beside others that stopped reading", run_stalled},
    {"agents", "named agents with signs of life, and messages between them", run_agents},
    {"mixed", "all transports, sizes and comings and goings for a while: does memory grow?", run_mixed},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *to) {
    fprintf(to, "usage: load_client COMMAND --port PORT [OPTIONS]\n\n");
    for (int i = 0; i < COMMANDS; i++) fprintf(to, "  %-10s%s\n", commands[i].name, commands[i].about);
    fprintf(to, "\nload_client COMMAND --help has the options. One JSON object goes to standard output; the exit code\n"
                "is 0 when the run counts, 1 when something was lost, refused or closed, and 2 when it couldn't be made.\n");
}

int main(int count, char **words) {
    const char *command = count > 1 ? words[1] : "";
    if (!strcmp(command, "--help") || !strcmp(command, "-h")) return help(stdout), 0;
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(command, commands[i].name)) continue;
        options_read(command, count - 1, words + 1);
        signal(SIGPIPE, SIG_IGN);
        setvbuf(stdout, NULL, _IOFBF, 1 << 20); /* nothing goes out before it is whole */
        struct rlimit files;
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        net_prepare();
        rooms_make();
        report_open(NULL, '{');
        report_text("command", command);
        return commands[i].run();
    }
    if (*command) fprintf(stderr, "load_client: there is no command %s\n\n", command);
    help(stderr);
    return 2;
}
