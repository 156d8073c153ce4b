/* Kills the process it is loaded into at a chosen call by which the store or the counters' file changes.
 *
 * Loaded with LD_PRELOAD by crash_shim.py. It only looks at files under DATA_DIR and at COUNTERS_PATH; every
 * other call passes through. A call has a kind, which is the file's part and the call's: wal-write, db-sync,
 * mapping-write. The calls of each kind are numbered from 1.
 *
 *   CRASH_AT=wal-write:17:torn   kill -9 at the 17th call of this kind: before it, after it, or with half of
 *                                its bytes written (torn, for writes)
 *   CRASH_ARM=FILE               numbers count from the moment that this file exists; without it, from the start
 *   CRASH_LOG=FILE               one line a call: its kind; a last line when the process is killed here
 *
 * The server starts itself once again with the same environment: numbers begin anew then, since nothing of
 * this memory outlives that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const files[] = {"db", "wal", "shm", "journal", "mapping", "other"};
enum file { DB, WAL, SHM, JOURNAL, MAPPING, OTHER, NONE };

static char data_dir[4096], counters[4096], crash_kind[64], crash_how[16];
static long crash_number;
static const char *arm_path;
static int log_fd = -1;
static atomic_bool armed;
static atomic_long seen;

/* Straight to the kernel: the shim's own calls must not meet its own hooks. */
static long raw_open(const char *path, int flags) { return syscall(SYS_openat, AT_FDCWD, path, flags, 0600); }

static void note(const char *text) {
    if (log_fd >= 0 && syscall(SYS_write, log_fd, text, strlen(text)) < 0) abort();
}

static void copy(char *to, size_t size, const char *from) {
    if (snprintf(to, size, "%s", from) >= (int)size) abort();
}

__attribute__((constructor)) static void prepare(void) {
    const char *at = getenv("CRASH_AT"), *log = getenv("CRASH_LOG"), *dir = getenv("DATA_DIR");
    const char *mapping = getenv("COUNTERS_PATH");
    if (!dir || !mapping) return;
    copy(data_dir, sizeof data_dir, dir);
    copy(counters, sizeof counters, mapping);
    arm_path = getenv("CRASH_ARM");
    if (log) log_fd = (int)raw_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
    if (at && sscanf(at, "%63[^:]:%ld:%15s", crash_kind, &crash_number, crash_how) != 3) {
        fprintf(stderr, "crash_points: CRASH_AT=%s can't be read\n", at);
        abort();
    }
}

static enum file file_of_path(const char *path) {
    size_t length = strlen(data_dir);
    if (!path || !length) return NONE;
    if (!strncmp(path, counters, strlen(counters))) return MAPPING;
    if (strncmp(path, data_dir, length) || (path[length] != '/' && path[length])) return NONE;
    const char *name = path[length] ? path + length + 1 : "";
    if (!strcmp(name, "signalbox.sqlite")) return DB;
    if (!strcmp(name, "signalbox.sqlite-wal")) return WAL;
    if (!strcmp(name, "signalbox.sqlite-shm")) return SHM;
    if (!strcmp(name, "signalbox.sqlite-journal")) return JOURNAL;
    return OTHER;
}

/* Asked of the kernel each time: descriptors are closed and used again behind our back. */
static enum file file_of(int fd) {
    struct stat status;
    char link[64], path[4096];
    if (!data_dir[0] || fstat(fd, &status) || !S_ISREG(status.st_mode)) return NONE;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NONE;
    path[length] = 0;
    return file_of_path(path);
}

static void die(void) {
    char line[128];
    snprintf(line, sizeof line, "killed %s:%ld:%s\n", crash_kind, crash_number, crash_how);
    note(line);
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts the call; true when it is the one to die at. Dies at once when that is to be before it. */
static int is_the_one(enum file file, const char *call) {
    char kind[64], line[72];
    int error = errno;
    if (file == NONE) return 0;
    snprintf(kind, sizeof kind, "%s-%s", files[file], call);
    snprintf(line, sizeof line, "%s\n", kind);
    note(line);
    errno = error;
    if (!crash_kind[0] || strcmp(kind, crash_kind)) return 0;
    if (arm_path && !atomic_load(&armed)) {
        int exists = syscall(SYS_faccessat, AT_FDCWD, arm_path, F_OK) == 0;
        errno = error;
        if (!exists) return 0;
        atomic_store(&armed, 1);
    }
    if (atomic_fetch_add(&seen, 1) + 1 != crash_number) return 0;
    if (!strcmp(crash_how, "before")) die();
    return 1;
}

/* Torn dies before the second half of a write; of other calls there are no halves. */
static size_t bytes_to_write(int hit, size_t count) { return hit && !strcmp(crash_how, "torn") ? count / 2 : count; }

#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) *(void **)(&next) = dlsym(RTLD_NEXT, #name)

#define HOOK(result, name, parameters, file, call, arguments) \
    result name parameters { \
        NEXT(name); \
        int hit = is_the_one(file, call); \
        result value = next arguments; \
        if (hit) die(); \
        return value; \
    }

/* The second half of a torn write never comes, so what it returns doesn't matter. */
#define HOOK_WRITE(name, parameters, arguments) \
    ssize_t name parameters { \
        NEXT(name); \
        int hit = is_the_one(file_of(fd), "write"); \
        count = bytes_to_write(hit, count); \
        ssize_t value = next arguments; \
        if (hit) die(); \
        return value; \
    }

#define HOOK_OPEN(name, parameters, path, arguments) \
    int name parameters { \
        NEXT(name); \
        mode_t mode = 0; \
        if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        int hit = is_the_one(file_of_path(path), flags & O_CREAT ? "create" : "open"); \
        int value = next arguments; \
        if (hit) die(); \
        return value; \
    }

HOOK_OPEN(open, (const char *path, int flags, ...), path, (path, flags, mode))
HOOK_OPEN(open64, (const char *path, int flags, ...), path, (path, flags, mode))
HOOK_OPEN(openat, (int at, const char *path, int flags, ...), path, (at, path, flags, mode))
HOOK_OPEN(openat64, (int at, const char *path, int flags, ...), path, (at, path, flags, mode))

HOOK_WRITE(write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
HOOK_WRITE(pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
HOOK_WRITE(pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at))

HOOK(int, fsync, (int fd), file_of(fd), "sync", (fd))
HOOK(int, fdatasync, (int fd), file_of(fd), "sync", (fd))
HOOK(int, ftruncate, (int fd, off_t length), file_of(fd), "truncate", (fd, length))
HOOK(int, ftruncate64, (int fd, off64_t length), file_of(fd), "truncate", (fd, length))
HOOK(int, posix_fallocate, (int fd, off_t at, off_t length), file_of(fd), "allocate", (fd, at, length))
HOOK(int, posix_fallocate64, (int fd, off64_t at, off64_t length), file_of(fd), "allocate", (fd, at, length))
HOOK(int, fchmod, (int fd, mode_t mode), file_of(fd), "chmod", (fd, mode))
HOOK(int, chmod, (const char *path, mode_t mode), file_of_path(path), "chmod", (path, mode))
HOOK(int, mkdir, (const char *path, mode_t mode), file_of_path(path), "mkdir", (path, mode))
HOOK(int, unlink, (const char *path), file_of_path(path), "unlink", (path))
HOOK(int, rename, (const char *from, const char *to), file_of_path(from), "rename", (from, to))
HOOK(void *, mmap, (void *at, size_t size, int guard, int flags, int fd, off_t from), file_of(fd), "map", \
    (at, size, guard, flags, fd, from))
HOOK(void *, mmap64, (void *at, size_t size, int guard, int flags, int fd, off64_t from), file_of(fd), "map", \
    (at, size, guard, flags, fd, from))

/* SQLite's locks: taken at the begin of a transaction, given back after its commit. In between a flush, a
 * rollup and a prune change pages in memory only, so these are the points within them. */
static int locking(int (*next)(int, int, ...), int fd, int command, void *argument) {
    const struct flock *lock = argument;
    int hit = 0;
    if (command == F_SETLK || command == F_SETLKW)
        hit = is_the_one(file_of(fd), lock->l_type == F_WRLCK ? "lock" : lock->l_type == F_RDLCK ? "share" : "unlock");
    int value = next(fd, command, argument);
    if (hit) die();
    return value;
}

#define HOOK_FCNTL(name) \
    int name(int fd, int command, ...) { \
        NEXT(name); \
        va_list rest; \
        va_start(rest, command); \
        void *argument = va_arg(rest, void *); \
        va_end(rest); \
        return locking(next, fd, command, argument); \
    }
HOOK_FCNTL(fcntl)
HOOK_FCNTL(fcntl64)
