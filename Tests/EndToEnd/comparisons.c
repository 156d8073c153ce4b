/* Notes how the process it is loaded into compares secrets.
 *
 * Loaded with LD_PRELOAD by comparisons.py. Each call of libsodium's sodium_memcmp is noted with its length, and
 * each call of the C library's comparing functions that is given one of the watched words, in whole or so much of
 * it that it must be meant: those end at the first difference, and so tell how much of a guess was right.
 *
 *   COMPARE_WATCH=FILE   the words, each in a slot of SLOT bytes, ended by a NUL; the file may change at any time
 *   COMPARE_LOG=FILE     one line a call: `sodium_memcmp LENGTH`, or the function's name and the slot's number
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOT 256
#define SLOTS 8
/* Fewer bytes of a word than this could be there by chance. */
#define MEANT 12

static const char *words;
static int log_fd = -1;
static int (*real_sodium_memcmp)(const void *, const void *, size_t);

static void note(const char *name, long number) {
    char line[64];
    int length = snprintf(line, sizeof line, "%s %ld\n", name, number);
    /* Straight to the kernel: what the C library does on the way may compare. */
    if (log_fd >= 0 && syscall(SYS_write, log_fd, line, (size_t)length) != length) abort();
}

__attribute__((constructor)) static void prepare(void) {
    const char *watch = getenv("COMPARE_WATCH"), *log = getenv("COMPARE_LOG");
    if (!watch || !log) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, watch, O_RDONLY | O_CLOEXEC, 0);
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, SLOT * SLOTS, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) abort();
    close(fd);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) abort();
    words = mapped;
}

/* By hand: the functions that would do it are the ones that are watched. */
static int is_at(const char *place, size_t left, const char *word) {
    size_t same = 0;
    while (same < left && word[same] && place[same] == word[same]) same++;
    return !word[same] || same >= MEANT;
}

static void look(const char *name, const void *bytes, size_t size) {
    const char *text = bytes;
    for (int slot = 0; words && slot < SLOTS; slot++) {
        const char *word = words + slot * SLOT;
        if (!word[0]) continue;
        for (size_t at = 0; at < size; at++) {
            if (text[at] == word[0] && is_at(text + at, size - at, word)) {
                note(name, slot);
                break;
            }
        }
    }
}

static size_t bounded(const char *text, size_t most) {
    size_t size = 0;
    while (size < most && text[size]) size++;
    return size;
}

static int folded(int letter, int fold) { return fold && letter >= 'A' && letter <= 'Z' ? letter + 32 : letter; }

static int compared(const unsigned char *one, const unsigned char *other, size_t size, int texts, int fold) {
    for (size_t at = 0; at < size; at++) {
        int a = folded(one[at], fold), b = folded(other[at], fold);
        if (a != b) return a - b;
        if (texts && !a) break;
    }
    return 0;
}

int memcmp(const void *one, const void *other, size_t size) {
    look("memcmp", one, size);
    look("memcmp", other, size);
    return compared(one, other, size, 0, 0);
}

int bcmp(const void *one, const void *other, size_t size) {
    look("bcmp", one, size);
    look("bcmp", other, size);
    return compared(one, other, size, 0, 0);
}

#define COMPARES_TEXTS(name, fold)                                    \
    int name(const char *one, const char *other) {                    \
        look(#name, one, bounded(one, (size_t)-1));                   \
        look(#name, other, bounded(other, (size_t)-1));               \
        return compared((const void *)one, (const void *)other, (size_t)-1, 1, fold); \
    }

#define COMPARES_STARTS(name, fold)                                   \
    int name(const char *one, const char *other, size_t size) {       \
        look(#name, one, bounded(one, size));                         \
        look(#name, other, bounded(other, size));                     \
        return compared((const void *)one, (const void *)other, size, 1, fold); \
    }

COMPARES_TEXTS(strcmp, 0)
COMPARES_TEXTS(strcasecmp, 1)
COMPARES_STARTS(strncmp, 0)
COMPARES_STARTS(strncasecmp, 1)

void *memmem(const void *hay, size_t size, const void *needle, size_t length) {
    look("memmem", hay, size);
    look("memmem", needle, length);
    for (size_t at = 0; length <= size && at <= size - length; at++) {
        if (!compared((const unsigned char *)hay + at, needle, length, 0, 0)) return (char *)hay + at;
    }
    return NULL;
}

int sodium_memcmp(const void *one, const void *other, size_t size) {
    if (!real_sodium_memcmp) {
        *(void **)&real_sodium_memcmp = dlsym(RTLD_NEXT, "sodium_memcmp");
        if (!real_sodium_memcmp) abort();
    }
    note("sodium_memcmp", (long)size);
    return real_sodium_memcmp(one, other, size);
}
