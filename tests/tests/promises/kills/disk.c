/* A slow disk that keeps a diary: loaded in front of the C library, it lets every sync take its time, and writes down
   each sync and each rename once it is done, and each line that the program says before it is said. FIELDFOLIO_DISK_LOG names the diary, FIELDFOLIO_DISK_MS the time. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void note(const char *what, const char *path) {
    const char *diary = getenv("FIELDFOLIO_DISK_LOG");
    if (diary == NULL) return;
    char line[4200];
    int length = snprintf(line, sizeof line, "%s %s\n", what, path);
    int fd = open(diary, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)length) != length) abort();
    close(fd);
}

static int slowly(long call, int fd) {
    const char *text = getenv("FIELDFOLIO_DISK_MS");
    long ms = text == NULL ? 0 : atol(text);
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
    int result = (int)syscall(call, fd);
    char link[40], path[4100];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    if (result == 0) note("sync", path);
    return result;
}

int fsync(int fd) { return slowly(SYS_fsync, fd); }

int fdatasync(int fd) { return slowly(SYS_fdatasync, fd); }

ssize_t write(int fd, const void *bytes, size_t length) {
    if (fd == STDOUT_FILENO) note("said", "");
    return syscall(SYS_write, fd, bytes, length);
}

int rename(const char *from, const char *to) {
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0) note("rename", to);
    return result;
}
