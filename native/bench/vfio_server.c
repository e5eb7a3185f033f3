/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio_server.c - command line, connections and the loop that takes messages out of them.
 *
 *   vfio_server --socket-path=PATH
 *
 * It serves one client after the other until SIGTERM. Invariant: descriptors belong to the message that owns the last byte with which they
 * came, and are closed with it unless somebody has taken them over.
 */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vfio_server.h"

#define BUFFER_LENGTH (2u * VFIO_MESSAGE_MAX)

/* What has come and was not taken yet. */
struct inbox {
  uint8_t bytes[BUFFER_LENGTH];
  uint32_t from, to;
  int fds[VFIO_FDS_MAX];
  uint32_t fd_count;
  uint32_t fds_at; /* where the last byte with which they came ends */
};

static struct vfio_server server = {.irq_mutex = PTHREAD_MUTEX_INITIALIZER};
static struct inbox inbox;

static int fail(const char *text, const char *why) {
  fprintf(stderr, "vfio_server: %s: %s\n", text, why);
  return 1;
}

static void take_fds(const struct msghdr *header) {
  for (struct cmsghdr *each = CMSG_FIRSTHDR(header); each != NULL; each = CMSG_NXTHDR((struct msghdr *)(uintptr_t)header, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const int *fds = (const int *)(const void *)CMSG_DATA(each);
    size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
    for (size_t at = 0; at < count; at++) {
      if (inbox.fd_count < VFIO_FDS_MAX) inbox.fds[inbox.fd_count++] = fds[at];
      else close(fds[at]);
    }
    inbox.fds_at = inbox.to;
  }
}

/* Waits for more; false: the client has gone. */
static bool receive(void) {
  if (inbox.from > 0) {
    memmove(inbox.bytes, inbox.bytes + inbox.from, inbox.to - inbox.from);
    inbox.to -= inbox.from;
    inbox.fds_at -= inbox.from;
    inbox.from = 0;
  }
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(VFIO_FDS_MAX * sizeof(int))];
  } control;
  struct iovec vector = {.iov_base = inbox.bytes + inbox.to, .iov_len = BUFFER_LENGTH - inbox.to};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  do count = recvmsg(server.client, &header, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return false;
  inbox.to += (uint32_t)count;
  take_fds(&header);
  return true;
}

/* The next message; false: the client has gone, or makes no sense. */
static bool next(struct vfio_message *message) {
  for (;;) {
    uint32_t there = inbox.to - inbox.from;
    if (there >= sizeof message->header) {
      memcpy(&message->header, inbox.bytes + inbox.from, sizeof message->header);
      uint32_t size = message->header.size;
      if (size < sizeof message->header || size > VFIO_MESSAGE_MAX + 64) return false;
      if (there >= size) break;
    }
    if (!receive()) return false;
  }
  message->body = inbox.bytes + inbox.from + sizeof message->header;
  message->length = message->header.size - (uint32_t)sizeof message->header;
  inbox.from += message->header.size;
  message->fd_count = 0;
  if (inbox.fd_count != 0 && inbox.fds_at <= inbox.from) {
    memcpy(message->fds, inbox.fds, inbox.fd_count * sizeof *inbox.fds);
    message->fd_count = inbox.fd_count;
    inbox.fd_count = 0;
  }
  return true;
}

static void close_fds(const int *fds, uint32_t count) {
  for (uint32_t at = 0; at < count; at++) close(fds[at]);
}

/* The device stays as it is for the next client; only what was the client's goes. */
static void serve(void) {
  static struct vfio_message message;
  inbox.from = inbox.to = inbox.fd_count = 0;
  while (next(&message)) {
    bool ok = vfio_handle(&server, &message);
    close_fds(message.fds, message.fd_count);
    if (!ok) break;
  }
  close_fds(inbox.fds, inbox.fd_count);
  vfio_interrupts_clear(&server);
  vfio_memory_clear(&server);
  close(server.client);
}

static bool open_device(void) {
  server.group = pvg_group_create();
  server.map = pvg_map_create(server.group);
  server.mailbox = pvg_mailbox_create(server.group, 1024, 100);
  struct pvg_config config = {
    .version = PVG_BRIDGE_VERSION,
    .group = server.group,
    .page_shift = 12,
    .vectors = VFIO_VECTORS,
    .ports = 1,
    .display_serials = {1},
    .display_mm = {400, 300},
    .poll_us = 100,
    .map = server.map,
    .own_tasks = 1,
    .own_reads = 1,
  };
  memcpy(config.display_name, "QEMU display", sizeof "QEMU display");
  for (uint32_t at = 0; at < PVG_CLASSES; at++) config.mailboxes[at] = server.mailbox;
  server.device = pvg_device_create(&config, NULL, 0);
  const struct pvg_display_mode modes[] = {{1920, 1080, 60000, 0}, {1440, 1080, 60000, 0}, {1280, 1024, 60000, 0}};
  return server.device != 0 && pvg_display_set_modes(server.device, 0, modes, 3) == PVG_OK;
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -1;
  memcpy(address.sun_path, path, strlen(path));
  unlink(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0) return fd;
  return -1;
}

int main(int count, char **arguments) {
  const char option[] = "--socket-path=";
  if (count != 2 || strncmp(arguments[1], option, sizeof option - 1) != 0) return fail("usage", "vfio_server --socket-path=PATH");
  for (uint32_t vector = 0; vector < VFIO_VECTORS; vector++) server.irq_fds[vector] = -1;
  vfio_config_reset(&server);
  pthread_t thread;
  if (!open_device() || pthread_create(&thread, NULL, vfio_interrupts_run, &server) != 0) return fail("no device", pvg_last_error());
  int listener = listen_at(arguments[1] + sizeof option - 1);
  if (listener < 0) return fail(arguments[1] + sizeof option - 1, strerror(errno));
  printf("listening\n");
  fflush(stdout);
  while ((server.client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR || errno == ECONNABORTED) {
    if (server.client >= 0) serve();
  }
  return fail("accept", strerror(errno));
}
