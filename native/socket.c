/* SPDX-License-Identifier: Apache-2.0
 *
 * socket.c - Unix sockets that carry descriptors, for a peer that is not trusted.
 *
 * Invariants: every descriptor that is received is given to the caller or closed; all are closed on exec. Whoever waits here can be woken by
 * an event descriptor, and a signal that arrives meanwhile changes nothing. No call depends on whether a socket is set to block, which its
 * other owners may change at any time.
 *
 * What it does not do: find messages in the bytes.
 */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"
#include "polling.h"
#include "pvg_socket.h"

#define BACKLOG 8
#define SHORTAGE_MS 50 /* how often it is looked whether descriptors are to be had again */
/* For as many descriptors as are taken, and for the peer's name, which the socket's former owner may have asked for. */
#define CONTROL_BYTES (CMSG_SPACE(PVG_SOCKET_DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)))

static int32_t refused(const char *what) { return pvgi_fail(PVG_E_REFUSED, "%s: %s", what, strerror(errno)); }

/* ---- who listens, and who comes ---- */

/* A new socket, and the address that the path is. */
static int32_t make_socket(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof address->sun_path) {
    return pvgi_fail(PVG_E_ARGUMENT, "a socket's path has 1..%zu bytes, not %zu", sizeof address->sun_path - 1, length);
  }
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy(address->sun_path, path, length + 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd >= 0 ? fd : refused("the system makes no socket");
}

int32_t pvg_socket_listen(const char *path) {
  struct sockaddr_un address;
  int32_t fd = make_socket(path, &address);
  if (fd < 0) return fd;
  /* Linux makes the file with the socket's own permissions, less the process's mask, which other threads use; so there is no moment when
   * somebody else may connect. */
  if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && chmod(path, 0600) == 0 &&
      listen(fd, BACKLOG) == 0) {
    return fd;
  }
  int32_t status = refused(path);
  close(fd);
  return status;
}

int32_t pvg_socket_connect(const char *path) {
  struct sockaddr_un address;
  int32_t fd = make_socket(path, &address);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int32_t status = refused(path);
  close(fd);
  return status;
}

int32_t pvg_socket_listens(int32_t fd) {
  int domain = 0, type = 0, listens = 0;
  socklen_t length = sizeof(int);
  bool known = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
               getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0;
  if (!known) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is no socket: %s", fd, strerror(errno));
  if (domain != AF_UNIX || type != SOCK_STREAM) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is no Unix stream socket", fd);
  return listens != 0 ? 1 : 0;
}

/* Sleeps until the socket has one of `events`, or is of no more use; PVG_OK then. */
static int32_t await(int32_t socket, short events, int32_t wake, int timeout_ms) {
  struct pollfd polled[2] = {{.fd = socket, .events = events}, {.fd = wake, .events = POLLIN}};
  int count;
  do {
    count = poll(polled, 2, timeout_ms);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return refused("the system doesn't poll");
  if (count == 0) return pvgi_fail(PVG_E_CLOSED, "the peer %s nothing for %d ms", events == POLLOUT ? "took" : "sent", timeout_ms);
  if ((polled[1].revents & POLLIN) != 0) {
    uint64_t signals;
    /* Who else waits for the same descriptor may have taken the signal: then it isn't there any more, and nobody was woken. */
    struct pollfd again = {.fd = wake, .events = POLLIN};
    if (poll(&again, 1, 0) == 1 && read(wake, &signals, sizeof signals) == sizeof signals) return PVG_E_WOKEN;
  }
  if ((polled[1].revents & (POLLERR | POLLNVAL)) != 0) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d can't wake anybody", wake);
  if ((polled[0].revents & POLLNVAL) != 0) return pvgi_fail(PVG_E_CLOSED, "descriptor %d is not open", socket);
  return PVG_OK;
}

int32_t pvg_socket_accept(int32_t listener, int32_t wake) {
  for (;;) {
    int32_t status = await(listener, POLLIN, wake, -1);
    if (status != PVG_OK) return status;
    /* Who else listens may have taken the peer that was there; those who share the socket may undo this at any time, at their own cost. */
    int flags = fcntl(listener, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) (void)fcntl(listener, F_SETFL, flags | O_NONBLOCK);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      /* What is missing may come back: descriptors that other peers sent and hold, say. The peer waits meanwhile. */
      status = await(-1, 0, wake, SHORTAGE_MS);
      if (status == PVG_E_WOKEN || status == PVG_E_ARGUMENT) return status;
      /* The peer that was there has gone again. */
    } else if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED) {
      return refused("nobody can be accepted");
    }
  }
}

/* ---- bytes and descriptors ---- */

static bool is_socket(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The descriptors of a message into `descriptors`, as pvg_socket_receive() gives them. */
static void take_descriptors(struct msghdr *message, int32_t *descriptors) {
  int32_t count = 0;
  bool fits = (message->msg_flags & MSG_CTRUNC) == 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < here; index++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + index * sizeof fd, sizeof fd);
      /* A socket may be the peer's own end of this connection. Whoever kept that would never see the connection end. */
      if (count < PVG_SOCKET_DESCRIPTORS && !is_socket(fd)) {
        descriptors[1 + count++] = fd;
      } else {
        close(fd);
        fits = false;
      }
    }
  }
  descriptors[0] = fits ? count : PVG_SOCKET_DESCRIPTORS + 1;
  while (!fits && count > 0) close(descriptors[count--]);
}

/* One try; PVG_E_FULL: there is nothing. */
static int32_t receive(int32_t socket, void *bytes, uint32_t room, int32_t *descriptors) {
  union {
    struct cmsghdr header;
    char bytes[CONTROL_BYTES];
  } control;
  struct iovec vector = {.iov_base = bytes, .iov_len = room};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got >= 0) {
    take_descriptors(&message, descriptors);
    return (int32_t)got;
  }
  descriptors[0] = 0;
  if (errno == EAGAIN || errno == EINTR) return PVG_E_FULL;
  return pvgi_fail(PVG_E_CLOSED, "the connection has failed: %s", strerror(errno));
}

int32_t pvg_socket_receive(int32_t socket, int32_t wake, void *bytes, uint32_t room, int32_t *descriptors, uint32_t poll_us,
                           int32_t timeout_ms) {
  if (room == 0 || room > INT32_MAX || poll_us > PVGI_POLL_MAX_US) return pvgi_fail(PVG_E_ARGUMENT, "there is no room to receive into");
  int32_t status = receive(socket, bytes, room, descriptors);
  if (status != PVG_E_FULL) return status;
  if (poll_us != 0) {
    int64_t end = pvgi_now_ns() + (int64_t)poll_us * 1000;
    do {
      sched_yield();
      status = receive(socket, bytes, room, descriptors);
      if (status != PVG_E_FULL) return status;
    } while (pvgi_now_ns() < end);
  }
  for (;;) {
    status = await(socket, POLLIN, wake, timeout_ms);
    if (status != PVG_OK) return status;
    status = receive(socket, bytes, room, descriptors);
    if (status != PVG_E_FULL) return status;
  }
}

int32_t pvg_socket_send(int32_t socket, int32_t wake, const void *bytes, uint32_t length, const int32_t *descriptors, uint32_t count,
                        int32_t timeout_ms) {
  if (length == 0 || length > INT32_MAX || count > PVG_SOCKET_DESCRIPTORS) {
    return pvgi_fail(PVG_E_ARGUMENT, "%u bytes and %u descriptors can't be sent", length, count);
  }
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(PVG_SOCKET_DESCRIPTORS * sizeof(int))];
  } control;
  struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count != 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
  }
  for (;;) {
    ssize_t sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return (int32_t)sent;
    if (errno != EAGAIN && errno != EINTR) return pvgi_fail(PVG_E_CLOSED, "the connection has failed: %s", strerror(errno));
    int32_t status = await(socket, POLLOUT, wake, timeout_ms);
    if (status != PVG_OK) return status;
  }
}

int32_t pvg_socket_pair(int32_t *sockets) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0 ? PVG_OK : refused("the system makes no sockets");
}

int32_t pvg_descriptor_duplicate(int32_t fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return own >= 0 ? own : pvgi_fail(PVG_E_NO_MEMORY, "descriptor %d can't be duplicated: %s", fd, strerror(errno));
}

int32_t pvg_descriptor_close(int32_t fd) {
  /* Whatever else the system says, what it says of a file's content, say, it is closed. */
  return close(fd) == 0 || errno != EBADF ? PVG_OK : pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is not open", fd);
}
