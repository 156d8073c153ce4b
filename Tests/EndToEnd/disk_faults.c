/* A disk that takes nothing for a while, for the process it is loaded into with LD_PRELOAD by store_disk.py.
 *
 * Only changes to files under DATA_DIR are looked at. While the file DISK_FAULT exists, its first letter says
 * what becomes of them:
 *
 *   R   they fail with EROFS, as on a file system that the kernel has made read-only after an error; remounting
 *       can't do that to files that are open for writing
 *   H   they hang until the file is gone, as on a network or a device that doesn't answer
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Straight to the kernel: the shim's own calls must not meet its own hooks. */
static char fault(void) {
    const char *path = getenv("DISK_FAULT");
    char letter = 0;
    long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    if (syscall(SYS_read, fd, &letter, 1) != 1) letter = 0;
    syscall(SYS_close, fd);
    return letter;
}

static int is_ours(const char *path) {
    const char *directory = getenv("DATA_DIR");
    size_t length = directory ? strlen(directory) : 0;
    return length && path && !strncmp(path, directory, length) && path[length] == '/';
}

/* Asked of the kernel each time: descriptors are closed and used again behind our back. */
static int is_our_file(int fd) {
    struct stat status;
    char link[64], path[PATH_MAX];
    if (fstat(fd, &status) || !S_ISREG(status.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

/* Whether the call is to fail; a hanging one waits here. Leaves errno alone unless it fails. */
static int fails(int ours) {
    int error = errno;
    char letter = ours ? fault() : 0;
    for (; letter == 'H'; letter = fault()) nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    errno = letter == 'R' ? EROFS : error;
    return letter == 'R';
}

#define HOOK(result, name, parameters, ours, arguments) \
    result name parameters { \
        static __typeof__(&name) next; \
        if (!next) *(void **)(&next) = dlsym(RTLD_NEXT, #name); \
        return fails(ours) ? -1 : next arguments; \
    }

HOOK(ssize_t, write, (int fd, const void *bytes, size_t count), is_our_file(fd), (fd, bytes, count))
HOOK(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), is_our_file(fd), (fd, bytes, count, at))
HOOK(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), is_our_file(fd), (fd, bytes, count, at))
HOOK(int, fsync, (int fd), is_our_file(fd), (fd))
HOOK(int, fdatasync, (int fd), is_our_file(fd), (fd))
HOOK(int, ftruncate, (int fd, off_t length), is_our_file(fd), (fd, length))
HOOK(int, ftruncate64, (int fd, off64_t length), is_our_file(fd), (fd, length))
HOOK(int, unlink, (const char *path), is_ours(path), (path))
HOOK(int, rename, (const char *from, const char *to), is_ours(to), (from, to))

/* Opening for reading works on a read-only disk; for the rest there is EROFS at once. */
#define HOOK_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        static __typeof__(&name) next; \
        if (!next) *(void **)(&next) = dlsym(RTLD_NEXT, #name); \
        mode_t mode = 0; \
        if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        int changes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC); \
        return fails(changes && is_ours(path)) ? -1 : next(path, flags, mode); \
    }
HOOK_OPEN(open)
HOOK_OPEN(open64)
