/* A disk that fails, and one that remembers: loaded in front of the C library, it looks at every call that changes
   something below FIELDFOLIO_FAULT_ROOT.

   FIELDFOLIO_FAULT_DIARY names a file to which each of them is appended once it is done, with its bytes: enough to build
   the folder as it would be had the power gone after any of them. What is said on standard output or sent over a socket
   stands in it too, in its place.

   FIELDFOLIO_FAULT_RULE names a file that says "K ERRNO once" or "K ERRNO stays": the K-th call that needs the disk, and
   for "stays" every one after it, fails like this until the file is gone. FIELDFOLIO_FAULT_COUNT names a file that holds
   how many there were by then.

   The calls of all processes and threads come one after the other. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static long calls = 0;

static int real_open(const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

/* The diary's lock, held while a call is made and written down. */
static int enter(void) {
    pthread_mutex_lock(&turn);
    const char *path = getenv("FIELDFOLIO_FAULT_DIARY");
    if (path == NULL) return -1;
    int diary = real_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (diary < 0 || syscall(SYS_flock, diary, LOCK_EX) != 0) abort();
    return diary;
}

static void leave(int diary) {
    int kept = errno;
    if (diary >= 0) syscall(SYS_close, diary);
    pthread_mutex_unlock(&turn);
    errno = kept;
}

static void note(int diary, char kind, uint64_t a, uint64_t b, const void *one, size_t one_length, const char *two) {
    if (diary < 0) return;
    uint32_t first = (uint32_t)one_length, second = two == NULL ? 0 : (uint32_t)strlen(two);
    struct iovec parts[] = {{&kind, 1}, {&a, 8}, {&b, 8}, {&first, 4}, {&second, 4}, {(void *)one, first}, {(void *)two, second}};
    size_t all = 25 + (size_t)first + second;
    if ((size_t)syscall(SYS_writev, diary, parts, 7) != all) abort();
}

/* The whole path, if it lies below the root; it is told without the root. */
static const char *below(const char *path) {
    const char *root = getenv("FIELDFOLIO_FAULT_ROOT");
    if (root == NULL) return NULL;
    size_t length = strlen(root);
    if (strncmp(path, root, length) != 0) return NULL;
    if (path[length] == 0) return "";
    return path[length] == '/' ? path + length + 1 : NULL;
}

static const char *at(int folder, const char *path, char *room) {
    if (path[0] == '/') return below(path);
    char link[40];
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, room, PATH_MAX);
    if (length < 0) return NULL;
    snprintf(room + length, (size_t)(PATH_MAX - length), "/%s", path);
    return below(room);
}

/* The path of an open file below the root. */
static const char *open_below(int fd, char *room) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, room, PATH_MAX - 1);
    if (length <= 0 || room[0] != '/') return NULL;
    room[length] = 0;
    return below(room);
}

static uint64_t number(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 ? about.st_ino : 0;
}

static int is_socket(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

/* Does this call fail by the rule? */
static int fails(void) {
    const char *rule = getenv("FIELDFOLIO_FAULT_RULE"), *count = getenv("FIELDFOLIO_FAULT_COUNT");
    int fd = rule == NULL ? -1 : real_open(rule, O_RDONLY, 0);
    if (fd < 0) return 0;
    char text[64] = {0};
    ssize_t length = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    calls += 1;
    if (count != NULL) {
        char number[24];
        int digits = snprintf(number, sizeof number, "%ld", calls);
        fd = real_open(count, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || syscall(SYS_write, fd, number, digits) != digits) abort();
        syscall(SYS_close, fd);
    }
    long first = 0;
    int error = 0;
    char how[16] = {0};
    if (length <= 0 || sscanf(text, "%ld %d %15s", &first, &error, how) != 3) return 0;
    int is_hit = strcmp(how, "stays") == 0 ? calls >= first : calls == first;
    if (is_hit) errno = error;
    return is_hit;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    char room[PATH_MAX];
    const char *name = at(folder, path, room);
    if (name == NULL || (flags & O_ACCMODE) == O_RDONLY) return (int)syscall(SYS_openat, folder, path, flags, mode);
    int diary = enter();
    struct stat before;
    int was_there = fstatat(folder, path, &before, 0) == 0;
    int result = -1;
    if (was_there || (flags & O_CREAT) == 0 || !fails()) result = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (result >= 0 && !was_there) note(diary, 'C', number(result), 0, name, strlen(name), NULL);
    if (result >= 0 && was_there && (flags & O_TRUNC) != 0) note(diary, 'T', number(result), 0, "", 0, NULL);
    leave(diary);
    return result;
}

#define MODE                                        \
    mode_t mode = 0;                                \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {     \
        va_list rest;                               \
        va_start(rest, flags);                      \
        mode = va_arg(rest, mode_t);                \
        va_end(rest);                               \
    }

int open(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE return open_at(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE return open_at(folder, path, flags, mode); }

/* What was said or sent, and what was written. `at` is -1 for the file's own place. */
static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    char room[PATH_MAX];
    const char *name = fd > STDERR_FILENO ? open_below(fd, room) : NULL;
    int is_heard = name == NULL && (fd == STDOUT_FILENO || (at < 0 && is_socket(fd)));
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    if (name == NULL && !is_heard) {
        return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    }
    int diary = enter();
    ssize_t done = -1;
    if (is_heard) {
        /* Written down first: whoever hears it may act on it at once. */
        if (fd == STDOUT_FILENO && count > 0) note(diary, 'S', 0, 0, parts[0].iov_base, parts[0].iov_len, NULL);
        if (fd != STDOUT_FILENO) note(diary, 'N', 0, 0, "", 0, NULL);
        leave(diary);
        if (flags != 0) return syscall(SYS_sendmsg, fd, &message, flags);
        return syscall(SYS_writev, fd, parts, count);
    }
    if (!fails()) done = at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    off_t place = at < 0 ? (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) - done : at;
    size_t left = done < 0 ? 0 : (size_t)done;
    for (int part = 0; part < count && left > 0; part++) {
        size_t length = parts[part].iov_len < left ? parts[part].iov_len : left;
        note(diary, 'W', number(fd), (uint64_t)place, parts[part].iov_base, length, NULL);
        place += (off_t)length;
        left -= length;
    }
    leave(diary);
    return done;
}

static ssize_t write_one(int fd, const void *bytes, size_t length, off_t at, int flags) {
    struct iovec part = {(void *)bytes, length};
    return write_at(fd, &part, 1, at, flags);
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_one(fd, bytes, length, -1, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_one(fd, bytes, length, at, 0); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return write_one(fd, bytes, length, at, 0); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return write_at(fd, parts, count, -1, 0); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return write_at(fd, parts, count, at, 0); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return write_at(fd, parts, count, at, 0); }
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    return write_one(fd, bytes, length, -1, flags | MSG_NOSIGNAL);
}

/* Copies within the kernel would pass unseen: whoever tries is told to copy by hand. */
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t length, unsigned flags) {
    (void)from, (void)a, (void)to, (void)b, (void)length, (void)flags;
    errno = ENOSYS;
    return -1;
}

static ssize_t no_copy(void) {
    errno = EINVAL;
    return -1;
}

ssize_t sendfile(int to, int from, off_t *at, size_t length) { return (void)to, (void)from, (void)at, (void)length, no_copy(); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    return (void)to, (void)from, (void)at, (void)length, no_copy();
}
ssize_t splice(int from, off64_t *a, int to, off64_t *b, size_t length, unsigned flags) {
    return (void)from, (void)a, (void)to, (void)b, (void)length, (void)flags, no_copy();
}

static int cut(int fd, off_t length) {
    char room[PATH_MAX];
    if (open_below(fd, room) == NULL) return (int)syscall(SYS_ftruncate, fd, length);
    int diary = enter();
    int result = fails() ? -1 : (int)syscall(SYS_ftruncate, fd, length);
    if (result == 0) note(diary, 'T', number(fd), (uint64_t)length, "", 0, NULL);
    leave(diary);
    return result;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int reserve(int fd, off_t at, off_t length) {
    struct stat about;
    if (fstat(fd, &about) != 0) return -1;
    return about.st_size >= at + length ? 0 : cut(fd, at + length);
}

int fallocate(int fd, int mode, off_t at, off_t length) { return mode == 0 ? reserve(fd, at, length) : (errno = EOPNOTSUPP, -1); }
int fallocate64(int fd, int mode, off64_t at, off64_t length) {
    return mode == 0 ? reserve(fd, at, length) : (errno = EOPNOTSUPP, -1);
}
int posix_fallocate(int fd, off_t at, off_t length) { return reserve(fd, at, length) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return reserve(fd, at, length) == 0 ? 0 : errno; }

static int keep(long call, int fd) {
    char room[PATH_MAX];
    const char *name = open_below(fd, room);
    if (name == NULL) return (int)syscall(call, fd);
    int diary = enter();
    int result = fails() ? -1 : (int)syscall(call, fd), kept = errno;
    struct stat about;
    if (fstat(fd, &about) == 0) {
        char kind = S_ISDIR(about.st_mode) ? 'G' : 'F';
        if (result == 0 || kind == 'F') note(diary, result == 0 ? kind : 'X', about.st_ino, 0, name, strlen(name), NULL);
    }
    errno = kept;
    leave(diary);
    return result;
}

int fsync(int fd) { return keep(SYS_fsync, fd); }
int fdatasync(int fd) { return keep(SYS_fdatasync, fd); }

static int rename_at(int old_folder, const char *old, int new_folder, const char *new, unsigned flags) {
    char one[PATH_MAX], two[PATH_MAX];
    const char *from = at(old_folder, old, one), *to = at(new_folder, new, two);
    if (from == NULL || to == NULL) return (int)syscall(SYS_renameat2, old_folder, old, new_folder, new, flags);
    int diary = enter();
    int result = fails() ? -1 : (int)syscall(SYS_renameat2, old_folder, old, new_folder, new, flags);
    if (result == 0) note(diary, 'R', 0, 0, from, strlen(from), to);
    leave(diary);
    return result;
}

int rename(const char *from, const char *to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return rename_at(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return rename_at(a, from, b, to, flags); }

static int unlink_at(int folder, const char *path, int flags) {
    char room[PATH_MAX];
    const char *name = at(folder, path, room);
    if (name == NULL) return (int)syscall(SYS_unlinkat, folder, path, flags);
    int diary = enter();
    int result = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (result == 0) note(diary, 'U', 0, 0, name, strlen(name), NULL);
    leave(diary);
    return result;
}

int unlink(const char *path) { return unlink_at(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return unlink_at(folder, path, flags); }
int rmdir(const char *path) { return unlink_at(AT_FDCWD, path, AT_REMOVEDIR); }

static int mkdir_at(int folder, const char *path, mode_t mode) {
    char room[PATH_MAX];
    const char *name = at(folder, path, room);
    struct stat about;
    if (name == NULL || fstatat(folder, path, &about, 0) == 0) return (int)syscall(SYS_mkdirat, folder, path, mode);
    int diary = enter();
    int result = fails() ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
    if (result == 0) note(diary, 'D', 0, 0, name, strlen(name), NULL);
    leave(diary);
    return result;
}

int mkdir(const char *path, mode_t mode) { return mkdir_at(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return mkdir_at(folder, path, mode); }

static int link_at(int old_folder, const char *old, int new_folder, const char *new, int flags) {
    char one[PATH_MAX], two[PATH_MAX];
    const char *from = at(old_folder, old, one), *to = at(new_folder, new, two);
    if (from == NULL || to == NULL) return (int)syscall(SYS_linkat, old_folder, old, new_folder, new, flags);
    int diary = enter();
    int result = fails() ? -1 : (int)syscall(SYS_linkat, old_folder, old, new_folder, new, flags);
    if (result == 0) note(diary, 'L', 0, 0, from, strlen(from), to);
    leave(diary);
    return result;
}

int link(const char *from, const char *to) { return link_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return link_at(a, from, b, to, flags); }
