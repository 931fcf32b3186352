/* A disk as slow as SLOW_DISK_MICROS says: each sync of data takes that much longer. With SLOW_DISK_NONE, it does nothing. At the end, the number of syncs is written to the
 * file SLOW_DISK_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_ulong syncs;

int fdatasync(int fd) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *micros = getenv("SLOW_DISK_MICROS");
    long nanos = micros == NULL ? 0 : atol(micros) * 1000;
    struct timespec time = {nanos / 1000000000, nanos % 1000000000};
    if (nanos > 0) nanosleep(&time, NULL);
    atomic_fetch_add(&syncs, 1);
    return getenv("SLOW_DISK_NONE") == NULL ? real(fd) : 0;
}

__attribute__((destructor)) static void write_count(void) {
    const char *path = getenv("SLOW_DISK_COUNT");
    if (path == NULL) return;
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "%lu\n", atomic_load(&syncs));
    fclose(file);
}
