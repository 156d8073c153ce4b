/* One JSON object on standard output; everything for people on standard error. */
#include "load_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_first = true;
static int faults;

/* One line, without what follows a line's end in words of the server. */
static void speak(const char *before, const char *format, va_list values) {
    char words[512];
    vsnprintf(words, sizeof words, format, values);
    words[strcspn(words, "\r\n")] = 0;
    fprintf(stderr, "load_client: %s%s\n", before, words);
}

void say(const char *format, ...) {
    va_list values;
    va_start(values, format);
    speak("", format, values);
    va_end(values);
}

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    speak("", format, values);
    va_end(values);
    _exit(2); /* half an object stays unsaid */
}

void invalid(const char *format, ...) {
    if (++faults > 5) return; /* thousands of connections tend to fail for the same reason */
    va_list values;
    va_start(values, format);
    speak("the run doesn't count: ", format, values);
    va_end(values);
}

static void name_it(const char *name) {
    if (!is_first) fputs(", ", stdout);
    is_first = false;
    if (name) printf("\"%s\": ", name);
}

void report_text(const char *name, const char *value) {
    name_it(name);
    printf("\"%s\"", value); /* only words of our own are reported, which need no escapes */
}

void report_count(const char *name, uint64_t value) {
    name_it(name);
    printf("%llu", (unsigned long long)value);
}

void report_number(const char *name, double value) {
    name_it(name);
    printf("%.10g", value);
}

void report_open(const char *name, char bracket) {
    name_it(name);
    putchar(bracket);
    is_first = true;
}

void report_close(char bracket) {
    putchar(bracket);
    is_first = false;
}

int report_end(void) {
    name_it("valid");
    printf("%s}\n", faults ? "false" : "true");
    return faults ? 1 : 0;
}
