/* Stands between wf-bulk and the C library, and lets the program die or a call fail at one chosen call.
 *
 * WF_BULK_POINT is "CALL NTH WHAT": CALL is write or sync (of a checkpoint), file_sync (of any other file or folder), send or
 * receive (on a connection); NTH counts these calls from 1; WHAT is
 *   kill_before, kill_after   the process is killed; it does not come back from the call
 *   eio_once, eio_on          the call fails; this one, or this one and all later ones of its kind
 *   enospc_on                 the same, as on a full disk
 *   short                     half of it is written, and from then on the disk is full
 * When the point is reached, the file WF_BULK_POINT_REACHED is made. It holds how many bytes of the checkpoint had been
 * synced by then, which is what a power cut would leave; -1 when the program had not touched it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { NONE, WRITE, SYNC, FILE_SYNC, SEND, RECEIVE, CALLS };
enum what { KILL_BEFORE, KILL_AFTER, EIO_ONCE, EIO_ON, ENOSPC_ON, SHORT };

static enum call point_call = NONE;
static unsigned long point_nth;
static enum what point_what;
static atomic_ulong seen[CALLS];
static atomic_long synced = -1;
static atomic_int dying;

static int index_of(const char *const *names, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    fprintf(stderr, "interposer: what is %s?\n", name);
    abort();
}

__attribute__((constructor)) static void read_point(void) {
    static const char *const calls[] = {"none", "write", "sync", "file_sync", "send", "receive"};
    static const char *const whats[] = {"kill_before", "kill_after", "eio_once", "eio_on", "enospc_on", "short"};
    char call[16], what[16];
    const char *point = getenv("WF_BULK_POINT");
    if (point == NULL) return;
    if (sscanf(point, "%15s %lu %15s", call, &point_nth, what) != 3) abort();
    point_what = index_of(whats, 6, what);
    point_call = index_of(calls, CALLS, call);
}

static int is_checkpoint(int fd) {
    static const char name[] = "/checkpoint.jsonl";
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    size_t tail = sizeof name - 1;
    return length >= (ssize_t)tail && memcmp(path + length - tail, name, tail) == 0;
}

static int is_connection(int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    /* The runtime wakes itself by a local socket. */
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && (domain == AF_INET || domain == AF_INET6);
}

static void reached(void) {
    const char *path = getenv("WF_BULK_POINT_REACHED");
    if (path == NULL) return;
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    dprintf(fd, "%ld", atomic_load(&synced));
    close(fd);
}

static long length(int fd) {
    struct stat stat;
    return fstat(fd, &stat) == 0 ? (long)stat.st_size : -1;
}

static void die(void) {
    atomic_store(&dying, 1);
    reached();
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* The other threads live on until the signal comes to them. What they would send is not to leave: it would look as if it
 * had left before what was synced by then. */
static void wait_if_dying(void) {
    while (atomic_load(&dying)) pause();
}

/* What is to be done about this call. */
struct verdict {
    int is_point;
    /* 0, or the error that it fails with. */
    int error;
};

static struct verdict meet(enum call call) {
    struct verdict verdict = {0, 0};
    if (call != point_call) return verdict;
    unsigned long number = atomic_fetch_add(&seen[call], 1) + 1;
    verdict.is_point = number == point_nth;
    int is_later = number > point_nth;
    switch (point_what) {
    case KILL_BEFORE:
        if (verdict.is_point) die();
        break;
    case KILL_AFTER:
        break;
    case EIO_ONCE:
        if (verdict.is_point) verdict.error = EIO;
        break;
    case EIO_ON:
        if (verdict.is_point || is_later) verdict.error = EIO;
        break;
    case ENOSPC_ON:
        if (verdict.is_point || is_later) verdict.error = ENOSPC;
        break;
    case SHORT:
        if (is_later) verdict.error = ENOSPC;
        break;
    }
    if (verdict.is_point && point_what != KILL_AFTER) reached();
    return verdict;
}

/* What stood in the checkpoint before this process is on disk. */
static void about_to_write(int fd) {
    long untouched = -1;
    atomic_compare_exchange_strong(&synced, &untouched, length(fd));
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Calls through, unless the call fails here, and dies behind it where that is wanted. */
#define PASS(kind, call) \
    do { \
        struct verdict verdict = meet(kind); \
        if (verdict.error != 0) { \
            errno = verdict.error; \
            return -1; \
        } \
        __typeof__(call) result = call; \
        if (verdict.is_point && point_what == KILL_AFTER) die(); \
        return result; \
    } while (0)

static enum call written_to(int fd) {
    if (point_call == WRITE && is_checkpoint(fd)) return WRITE;
    return point_call == SEND && is_connection(fd) ? SEND : NONE;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    if (is_connection(fd)) wait_if_dying();
    if (is_checkpoint(fd)) about_to_write(fd);
    enum call call = written_to(fd);
    if (call == WRITE && point_what == SHORT) {
        struct verdict verdict = meet(WRITE);
        if (verdict.error != 0) {
            errno = verdict.error;
            return -1;
        }
        return real(fd, bytes, verdict.is_point ? count / 2 : count);
    }
    PASS(call, real(fd, bytes, count));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    wait_if_dying();
    PASS(written_to(fd), real(fd, parts, count));
}

ssize_t send(int fd, const void *bytes, size_t count, int flags) {
    REAL(send);
    wait_if_dying();
    PASS(written_to(fd), real(fd, bytes, count, flags));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    wait_if_dying();
    PASS(written_to(fd), real(fd, message, flags));
}

/* Syncs with `real`, which is fsync or fdatasync. */
static int synchronise(int fd, int (*real)(int)) {
    if (!is_checkpoint(fd)) PASS(point_call == FILE_SYNC ? FILE_SYNC : NONE, real(fd));
    struct verdict verdict = meet(SYNC);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    long covered = length(fd);
    int result = real(fd);
    if (result == 0) atomic_store(&synced, covered);
    if (verdict.is_point && point_what == KILL_AFTER) die();
    return result;
}

int fsync(int fd) {
    REAL(fsync);
    return synchronise(fd, real);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return synchronise(fd, real);
}

/* A receive counts when something came. To die before it or behind it is the same to the rest of the world: what came has
 * been taken from the other side, and nobody has looked at it. A failing one loses what came, as a reset connection does. */
static ssize_t received(int fd, ssize_t result) {
    if (point_call != RECEIVE || result <= 0 || !is_connection(fd)) return result;
    struct verdict verdict = meet(RECEIVE);
    if (verdict.is_point && point_what == KILL_AFTER) die();
    if (verdict.error == 0) return result;
    errno = verdict.error;
    return -1;
}

ssize_t recv(int fd, void *bytes, size_t count, int flags) {
    REAL(recv);
    return received(fd, real(fd, bytes, count, flags));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    REAL(recvmsg);
    return received(fd, real(fd, message, flags));
}

ssize_t read(int fd, void *bytes, size_t count) {
    REAL(read);
    return received(fd, real(fd, bytes, count));
}

ssize_t readv(int fd, const struct iovec *parts, int count) {
    REAL(readv);
    return received(fd, real(fd, parts, count));
}
