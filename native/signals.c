/* SPDX-License-Identifier: Apache-2.0
 *
 * signals.c - event descriptors, and those that a device's interrupts are signalled on.
 *
 * Invariant: nothing blocks for an event descriptor, which other processes hold too: one that is full stays full. A vector's descriptor is the
 * library's own and is open exactly as long as it is set and its group lives.
 *
 * What it does not do: decide whether an interrupt is delivered.
 */
#define _GNU_SOURCE /* memfd_create, syscall */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handle.h"
#include "internal.h"
#include "pvg_socket.h"

#define MAXIMUM_GROUPS 256

/* By the index in a group's handle, which no two living groups share. */
static struct signals {
  pthread_mutex_t mutex;
  uint32_t group; /* 0: no vector has a descriptor */
  int32_t fds[PVG_SIGNALS];
} all[MAXIMUM_GROUPS] = {[0 ... MAXIMUM_GROUPS - 1] = {.mutex = PTHREAD_MUTEX_INITIALIZER}};

static struct signals *signals_of(uint32_t group) { return &all[(group & ((1u << PVGI_INDEX_BITS) - 1u)) % MAXIMUM_GROUPS]; }

int32_t pvg_event_create(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd >= 0 ? fd : pvgi_fail(PVG_E_NO_MEMORY, "the system makes no event descriptor: %s", strerror(errno));
}

int32_t pvg_event_is(int32_t fd) {
  char path[32], target[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = '\0';
  return strcmp(target, "anon_inode:[eventfd]") == 0 ? 1 : 0;
}

/* ---- signalling without ever waiting ----
 *
 * A write to a full event descriptor waits until somebody reads it, unless it is set not to; and whoever shares it can fill it and undo that
 * setting between any look at it and the write. But when asynchronous I/O has ended the kernel itself signals a descriptor, and that never waits.
 * So a signal is a read of nothing, from an empty file, whose end is to be signalled. */

#define UNREAPED 64u

static struct {
  pthread_once_t once;
  pthread_mutex_t mutex;
  aio_context_t context; /* 0: the system has no asynchronous I/O */
  int file;
  uint32_t unreaped; /* ended reads, which take a place each until they are looked at */
} reads = {.once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER};

static void prepare_reads(void) {
  reads.file = memfd_create("apple-gfx signals", MFD_CLOEXEC);
  if (reads.file >= 0 && syscall(SYS_io_setup, UNREAPED, &reads.context) == 0) return;
  reads.context = 0;
  if (reads.file >= 0) close(reads.file);
}

static bool signal_by_read(int fd) {
  pthread_once(&reads.once, prepare_reads);
  if (reads.context == 0) return false;
  struct iocb read = {
      .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (uint32_t)reads.file, .aio_flags = IOCB_FLAG_RESFD, .aio_resfd = (uint32_t)fd};
  struct iocb *list[1] = {&read};
  pthread_mutex_lock(&reads.mutex);
  if (reads.unreaped == UNREAPED) {
    struct io_event ended[UNREAPED];
    struct timespec none = {0};
    long got = syscall(SYS_io_getevents, reads.context, 0L, (long)UNREAPED, ended, &none);
    reads.unreaped -= got > 0 ? (uint32_t)got : 0u;
  }
  bool done = reads.unreaped < UNREAPED && syscall(SYS_io_submit, reads.context, 1L, list) == 1;
  reads.unreaped += done ? 1u : 0u;
  pthread_mutex_unlock(&reads.mutex);
  return done;
}

/* Where there is no asynchronous I/O a full one is seen and left as it is, and a hostile owner can make the write wait for a read of its. */
static void signal_event(int fd) {
  if (signal_by_read(fd)) return;
  struct pollfd polled = {.fd = fd, .events = POLLOUT};
  uint64_t one = 1;
  if (poll(&polled, 1, 0) == 1 && (polled.revents & POLLOUT) != 0 && write(fd, &one, sizeof one) < 0) return;
}

int32_t pvg_event_signal(int32_t fd) {
  if (fcntl(fd, F_GETFD) < 0) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is not open", fd);
  signal_event(fd);
  return PVG_OK;
}

/* The mutex is held. */
static void clear(struct signals *signals) {
  for (uint32_t vector = 0; signals->group != 0 && vector < PVG_SIGNALS; vector++) {
    if (signals->fds[vector] >= 0) close(signals->fds[vector]);
  }
  signals->group = 0;
}

int32_t pvg_signal_set(uint32_t group, uint32_t vector, int32_t fd) {
  if (vector >= PVG_SIGNALS) return pvgi_fail(PVG_E_ARGUMENT, "there is no vector %u, only 0..%u", vector, PVG_SIGNALS - 1);
  int own = -1;
  if (fd >= 0) {
    if (pvg_event_is(fd) != 1) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is no event descriptor", fd);
    own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) return pvgi_fail(PVG_E_NO_MEMORY, "descriptor %d can't be duplicated: %s", fd, strerror(errno));
    /* Those who share it may undo this; see signal_event(). */
    int flags = fcntl(own, F_GETFL);
    if (flags >= 0) (void)fcntl(own, F_SETFL, flags | O_NONBLOCK);
  }
  struct signals *signals = signals_of(group);
  pthread_mutex_lock(&signals->mutex);
  /* Asked with the mutex held, so that a group which ends from here on clears what is set. */
  if (pvg_group_cause(group) < 0) {
    pthread_mutex_unlock(&signals->mutex);
    if (own >= 0) close(own);
    return PVG_E_HANDLE;
  }
  if (signals->group != group) {
    clear(signals);
    for (uint32_t each = 0; each < PVG_SIGNALS; each++) signals->fds[each] = -1;
    signals->group = group;
  }
  int before = signals->fds[vector];
  signals->fds[vector] = own;
  pthread_mutex_unlock(&signals->mutex);
  if (before >= 0) close(before);
  return PVG_OK;
}

int32_t pvg_signal_raise(uint32_t group, uint32_t vector) {
  struct signals *signals = signals_of(group);
  int32_t has = 0;
  pthread_mutex_lock(&signals->mutex);
  if (signals->group == group && vector < PVG_SIGNALS && signals->fds[vector] >= 0) {
    signal_event(signals->fds[vector]);
    has = 1;
  }
  pthread_mutex_unlock(&signals->mutex);
  return has;
}

void pvgi_signals_end(uint32_t group) {
  struct signals *signals = signals_of(group);
  pthread_mutex_lock(&signals->mutex);
  if (signals->group == group) clear(signals);
  pthread_mutex_unlock(&signals->mutex);
}
