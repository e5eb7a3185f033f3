/* SPDX-License-Identifier: Apache-2.0
 *
 * signals.c - event descriptors, and those that a device's interrupts are signalled on.
 *
 * Invariant: nothing blocks for an event descriptor, which other processes hold too: one that is full is left as it is. A vector's descriptor is
 * the library's own and is open exactly as long as it is set and its group lives.
 *
 * What it does not do: decide whether an interrupt is delivered.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
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

/* A full one would make a write wait until somebody reads, so it is looked at first; its other owners may have set it to block. */
static void signal_event(int fd) {
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
