/* SPDX-License-Identifier: Apache-2.0
 *
 * socket_test.c - sockets against every rule that pvg_socket.h gives for them; signals_test.c has what is signalled.
 *
 * Each test leaves as many descriptors open as it found. Who would wait for ever is ended by an alarm. It says nothing about speed.
 */
#define _GNU_SOURCE /* SCM_CREDENTIALS */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "descriptors.h"
#include "pvg_socket.h"

#define MANY 253 /* the most that the system carries at once */

static char folder[] = "/tmp/pvg-socket-XXXXXX";
static char path[64];

static void check_cloexec(int fd) { CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0); }

static int is_signalled(int wake) {
  uint64_t count;
  return read(wake, &count, sizeof count) == sizeof count;
}

/* Signals `wake` while somebody sleeps, or a bit before. */
static void *wake_later(void *argument) {
  usleep(30000);
  CHECK(pvg_event_signal((int32_t)(intptr_t)argument) == PVG_OK);
  return NULL;
}

static pthread_t start(void *(*run)(void *), void *argument) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, argument) == 0);
  return thread;
}

/* Sends bytes with descriptors that are all the same one, as a peer does that keeps to no bound. */
static void send_many(int socket, const void *bytes, size_t length, int fd, size_t count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(MANY * sizeof(int))];
  } control = {0};
  struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count != 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
    for (size_t index = 0; index < count; index++) memcpy(CMSG_DATA(&control.header) + index * sizeof fd, &fd, sizeof fd);
  }
  CHECK(sendmsg(socket, &message, 0) == (ssize_t)length);
}

static void test_listen(void) {
  mode_t before = umask(0);
  int listener = pvg_socket_listen(path);
  umask(before);
  CHECK(listener >= 0);
  check_cloexec(listener);
  struct stat status;
  CHECK(stat(path, &status) == 0 && S_ISSOCK(status.st_mode) && (status.st_mode & 0777) == 0600);
  CHECK(pvg_socket_listen(path) == PVG_E_REFUSED && strstr(pvg_last_error(), path) != NULL);
  int client = pvg_socket_connect(path);
  CHECK(client >= 0);
  check_cloexec(client);
  CHECK(pvg_socket_listens(listener) == 1 && pvg_socket_listens(client) == 0);
  close(client);
  close(listener);
  /* Nobody listens there any more. */
  CHECK(pvg_socket_connect(path) == PVG_E_REFUSED);
  unlink(path);
  CHECK(pvg_socket_connect(path) == PVG_E_REFUSED);

  char long_path[110];
  memset(long_path, 'a', sizeof long_path);
  long_path[108] = '\0';
  CHECK(pvg_socket_listen(long_path) == PVG_E_ARGUMENT && pvg_socket_connect(long_path) == PVG_E_ARGUMENT);
  CHECK(strstr(pvg_last_error(), "1..107") != NULL && strstr(pvg_last_error(), "108") != NULL);
  CHECK(pvg_socket_listen("") == PVG_E_ARGUMENT && pvg_socket_connect("") == PVG_E_ARGUMENT);
  CHECK(pvg_socket_listen("/nowhere/at/all") == PVG_E_REFUSED);
  /* The longest that there may be: in a folder of its own, from where it is short. */
  long_path[107] = '\0';
  CHECK(chdir(folder) == 0);
  listener = pvg_socket_listen(long_path);
  CHECK(listener >= 0);
  close(listener);
  unlink(long_path);
}

static int listening; /* whether somebody still looks */

static void *look_at_path(void *argument) {
  (void)argument;
  struct stat status;
  while (__atomic_load_n(&listening, __ATOMIC_RELAXED)) {
    if (stat(path, &status) == 0) CHECK((status.st_mode & 0077) == 0);
  }
  return NULL;
}

/* Nobody else can connect, not for a moment, whatever the process's mask lets them. */
static void test_listen_moments(void) {
  mode_t before = umask(0);
  listening = 1;
  pthread_t watcher = start(look_at_path, NULL);
  for (int round = 0; round < 1000; round++) {
    int listener = pvg_socket_listen(path);
    CHECK(listener >= 0);
    close(listener);
    unlink(path);
  }
  __atomic_store_n(&listening, 0, __ATOMIC_RELAXED);
  pthread_join(watcher, NULL);
  umask(before);
}

static void test_listens(void) {
  int ends[2], pair[2];
  CHECK(pipe(ends) == 0);
  CHECK(pvg_socket_listens(ends[0]) == PVG_E_ARGUMENT && strstr(pvg_last_error(), "no socket") != NULL);
  close(ends[0]);
  CHECK(pvg_socket_listens(ends[0]) == PVG_E_ARGUMENT && pvg_socket_listens(-1) == PVG_E_ARGUMENT);
  close(ends[1]);
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
  CHECK(pvg_socket_listens(pair[0]) == PVG_E_ARGUMENT && strstr(pvg_last_error(), "Unix stream socket") != NULL);
  close(pair[0]);
  close(pair[1]);
  int other = socket(AF_INET, SOCK_STREAM, 0);
  if (other >= 0) {
    CHECK(pvg_socket_listens(other) == PVG_E_ARGUMENT);
    close(other);
  }
}

struct acceptor {
  int listener, wake;
  int32_t result;
};

static void *accept_one(void *argument) {
  struct acceptor *acceptor = argument;
  acceptor->result = pvg_socket_accept(acceptor->listener, acceptor->wake);
  return NULL;
}

static void test_accept(void) {
  int listener = pvg_socket_listen(path), wake = pvg_event_create();
  CHECK(listener >= 0 && wake >= 0);
  /* Before, also if a peer is there; the signal is taken back, and the peer waits. */
  int client = pvg_socket_connect(path);
  CHECK(pvg_event_signal(wake) == PVG_OK && pvg_event_signal(wake) == PVG_OK);
  CHECK(pvg_socket_accept(listener, wake) == PVG_E_WOKEN && !is_signalled(wake));
  int peer = pvg_socket_accept(listener, wake);
  CHECK(peer >= 0);
  check_cloexec(peer);
  CHECK(pvg_socket_listens(peer) == 0);
  close(peer);
  close(client);
  /* Meanwhile. */
  pthread_t waker = start(wake_later, (void *)(intptr_t)wake);
  CHECK(pvg_socket_accept(listener, wake) == PVG_E_WOKEN);
  pthread_join(waker, NULL);
  /* One that has gone before it was let in. */
  close(pvg_socket_connect(path));
  peer = pvg_socket_accept(listener, wake);
  int32_t descriptors[1 + PVG_SOCKET_DESCRIPTORS];
  char byte;
  CHECK(peer >= 0 && pvg_socket_receive(peer, wake, &byte, 1, descriptors, 0, -1) == 0);
  close(peer);
  /* What can't wake, and what can't accept. */
  CHECK(pvg_socket_accept(listener, 999) == PVG_E_ARGUMENT);
  int pair[2];
  CHECK(pvg_socket_pair(pair) == PVG_OK);
  check_cloexec(pair[0]);
  check_cloexec(pair[1]);
  close(pair[1]);
  CHECK(pvg_socket_accept(pair[0], wake) == PVG_E_REFUSED);
  close(pair[0]);
  close(listener);
  close(wake);
  unlink(path);
}

/* Two wait, one peer comes: the other can still be woken, though the socket is one that blocks. */
static void test_accept_by_two(void) {
  int listener = pvg_socket_listen(path);
  for (int round = 0; round < 200; round++) {
    CHECK(fcntl(listener, F_SETFL, 0) == 0);
    struct acceptor two[2] = {{listener, pvg_event_create(), 0}, {listener, pvg_event_create(), 0}};
    pthread_t threads[2] = {start(accept_one, &two[0]), start(accept_one, &two[1])};
    int client = pvg_socket_connect(path);
    CHECK(client >= 0);
    /* Both may have seen it by now. */
    if (round % 8 == 0) usleep(1000);
    for (int each = 0; each < 2; each++) pvg_event_signal(two[each].wake);
    int accepted = 0;
    for (int each = 0; each < 2; each++) {
      pthread_join(threads[each], NULL);
      CHECK(two[each].result >= 0 || two[each].result == PVG_E_WOKEN);
      accepted += two[each].result >= 0;
      if (two[each].result >= 0) close(two[each].result);
      close(two[each].wake);
    }
    CHECK(accepted <= 1);
    /* If both were woken first, the peer still waits. */
    if (accepted == 0) {
      int wake = pvg_event_create();
      close(pvg_socket_accept(listener, wake));
      close(wake);
    }
    close(client);
  }
  close(listener);
  unlink(path);
}

/* So many descriptors may be open from now on, besides those that are; gives what was allowed before. */
static rlim_t allow(int more) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlim_t before = limit.rlim_cur;
  /* The lowest number that is free, and as many behind it: there are no gaps below, since each test closes what it opens. */
  int next = dup(0);
  CHECK(next >= 0);
  close(next);
  limit.rlim_cur = (rlim_t)(next + more);
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  return before;
}

static void allow_as(rlim_t before) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = before;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void test_accept_in_shortage(void) {
  int listener = pvg_socket_listen(path), wake = pvg_event_create(), client = pvg_socket_connect(path);
  rlim_t before = allow(0);
  pthread_t waker = start(wake_later, (void *)(intptr_t)wake);
  CHECK(pvg_socket_accept(listener, wake) == PVG_E_WOKEN);
  pthread_join(waker, NULL);
  struct acceptor acceptor = {listener, wake, 0};
  pthread_t thread = start(accept_one, &acceptor);
  usleep(20000);
  allow_as(before);
  pthread_join(thread, NULL);
  CHECK(acceptor.result >= 0);
  close(acceptor.result);
  close(client);
  close(wake);
  close(listener);
  unlink(path);
}

struct ends {
  int ours, peer, wake;
};

static struct ends connected(void) {
  int32_t pair[2];
  CHECK(pvg_socket_pair(pair) == PVG_OK);
  return (struct ends){pair[0], pair[1], pvg_event_create()};
}

static void disconnect(struct ends ends) {
  close(ends.ours);
  close(ends.peer);
  close(ends.wake);
}

static void test_receive_descriptors(void) {
  struct ends ends = connected();
  int32_t got[1 + PVG_SOCKET_DESCRIPTORS];
  char bytes[64];
  static const size_t counts[] = {0, 1, 2, 15, 16, 17, 18, 64, MANY};
  for (size_t each = 0; each < sizeof counts / sizeof *counts; each++) {
    int before = open_descriptors();
    memset(got, 0x55, sizeof got);
    send_many(ends.peer, "abc", 3, ends.wake, counts[each]);
    CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, sizeof bytes, got, 0, -1) == 3);
    if (counts[each] > PVG_SOCKET_DESCRIPTORS) {
      CHECK(got[0] == 1 + PVG_SOCKET_DESCRIPTORS);
    } else {
      CHECK(got[0] == (int32_t)counts[each]);
      for (int32_t index = 1; index <= got[0]; index++) {
        CHECK(pvg_event_is(got[index]) == 1);
        check_cloexec(got[index]);
        CHECK(pvg_descriptor_close(got[index]) == PVG_OK);
      }
    }
    CHECK(open_descriptors() == before);
  }
  /* With a sender's name beside them, as the socket's former owner may have it. */
  int on = 1, before = open_descriptors();
  CHECK(setsockopt(ends.ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
  send_many(ends.peer, "abc", 3, ends.wake, PVG_SOCKET_DESCRIPTORS);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, sizeof bytes, got, 0, -1) == 3 && got[0] == PVG_SOCKET_DESCRIPTORS);
  for (int32_t index = 1; index <= got[0]; index++) close(got[index]);
  send_many(ends.peer, "abc", 3, ends.wake, PVG_SOCKET_DESCRIPTORS + 1);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, sizeof bytes, got, 0, -1) == 3 && got[0] == 1 + PVG_SOCKET_DESCRIPTORS);
  CHECK(open_descriptors() == before);
  disconnect(ends);
}

/* The process can open two more: none of five is given, whatever the caller's memory had in it. */
static void test_receive_in_shortage(void) {
  struct ends ends = connected();
  int32_t got[1 + PVG_SOCKET_DESCRIPTORS];
  for (int32_t index = 0; index <= PVG_SOCKET_DESCRIPTORS; index++) got[index] = ends.wake;
  char bytes[8];
  int open = open_descriptors();
  send_many(ends.peer, "abc", 3, ends.wake, 5);
  rlim_t before = allow(2);
  int32_t count = pvg_socket_receive(ends.ours, ends.wake, bytes, sizeof bytes, got, 0, -1);
  allow_as(before);
  CHECK(count == 3 && got[0] == 1 + PVG_SOCKET_DESCRIPTORS);
  CHECK(open_descriptors() == open && fcntl(ends.wake, F_GETFD) >= 0);
  disconnect(ends);
}

/* A peer sends its own end along and goes: whoever has taken it has the connection's other end, and closes it like anything else. */
static void test_receive_sockets(void) {
  struct ends ends = connected();
  int32_t got[1 + PVG_SOCKET_DESCRIPTORS];
  char bytes[8];
  int before = open_descriptors();
  send_many(ends.peer, "abc", 3, ends.peer, 1);
  close(ends.peer);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 3, got, 0, -1) == 3 && got[0] == 1);
  CHECK(pvg_socket_listens(got[1]) == 0);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 3, got, 0, 10) == PVG_E_CLOSED);
  pvg_descriptor_close(got[1]);
  CHECK(open_descriptors() == before - 1);
  close(ends.ours);
  close(ends.wake);
}

static void test_receive_pieces(void) {
  struct ends ends = connected();
  int32_t got[1 + PVG_SOCKET_DESCRIPTORS];
  char bytes[8];
  /* Descriptors come with the first bytes of the send that they were sent with, and never before bytes of an earlier one. */
  send_many(ends.peer, "ab", 2, ends.wake, 0);
  send_many(ends.peer, "cdef", 4, ends.wake, 1);
  send_many(ends.peer, "gh", 2, ends.wake, 1);
  int32_t descriptors = 0, total = 0;
  char all[9] = "";
  while (total < 8) {
    int32_t count = pvg_socket_receive(ends.ours, ends.wake, bytes, 3, got, 0, -1);
    CHECK(count >= 1 && count <= 3);
    memcpy(all + total, bytes, (size_t)count);
    total += count;
    descriptors += got[0];
    CHECK(descriptors == (total < 3 ? 0 : total < 7 ? 1 : 2));
    for (int32_t index = 1; index <= got[0]; index++) close(got[index]);
  }
  CHECK(strcmp(all, "abcdefgh") == 0);
  /* What nobody received goes with the socket. */
  int before = open_descriptors();
  send_many(ends.peer, "x", 1, ends.wake, 16);
  CHECK(open_descriptors() == before);
  disconnect(ends);
}

static void test_receive_ends(void) {
  struct ends ends = connected();
  int32_t got[1 + PVG_SOCKET_DESCRIPTORS];
  char bytes[8];
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 0, got, 0, -1) == PVG_E_ARGUMENT);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, UINT32_MAX, got, 0, -1) == PVG_E_ARGUMENT);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 1001, -1) == PVG_E_ARGUMENT);
  CHECK(pvg_socket_receive(ends.ours, 999, bytes, 8, got, 0, -1) == PVG_E_ARGUMENT);
  /* Woken before, with and without polling first; bytes that are there come first. */
  for (uint32_t poll_us = 0; poll_us <= 1000; poll_us += 500) {
    pvg_event_signal(ends.wake);
    CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, poll_us, -1) == PVG_E_WOKEN && !is_signalled(ends.wake) && got[0] == 0);
    pthread_t waker = start(wake_later, (void *)(intptr_t)ends.wake);
    CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, poll_us, -1) == PVG_E_WOKEN);
    pthread_join(waker, NULL);
    pvg_event_signal(ends.wake);
    send_many(ends.peer, "a", 1, 0, 0);
    CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, poll_us, -1) == 1 && is_signalled(ends.wake));
  }
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 0, 20) == PVG_E_CLOSED && strstr(pvg_last_error(), "nothing for 20 ms") != NULL);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 1000, 0) == PVG_E_CLOSED && got[0] == 0);
  /* The end comes after the last byte, and again and again. */
  send_many(ends.peer, "a", 1, 0, 0);
  shutdown(ends.peer, SHUT_WR);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 0, -1) == 1);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 0, -1) == 0 && pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 0, -1) == 0);
  disconnect(ends);
  /* A peer that goes without having read what it was sent: the system calls that a failure. */
  ends = connected();
  CHECK(pvg_socket_send(ends.ours, ends.wake, "a", 1, NULL, 0, 1000) == 1);
  close(ends.peer);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 0, -1) == PVG_E_CLOSED);
  close(ends.ours);
  CHECK(pvg_socket_receive(ends.ours, ends.wake, bytes, 8, got, 0, -1) == PVG_E_CLOSED);
  close(ends.wake);
}

static void test_send(void) {
  struct ends ends = connected();
  int32_t got[1 + PVG_SOCKET_DESCRIPTORS], sent[1 + PVG_SOCKET_DESCRIPTORS];
  static char bytes[1 << 20];
  for (int32_t index = 0; index <= PVG_SOCKET_DESCRIPTORS; index++) sent[index] = ends.wake;
  CHECK(pvg_socket_send(ends.ours, ends.wake, bytes, 0, NULL, 0, 10) == PVG_E_ARGUMENT);
  CHECK(pvg_socket_send(ends.ours, ends.wake, bytes, UINT32_MAX, NULL, 0, 10) == PVG_E_ARGUMENT);
  CHECK(pvg_socket_send(ends.ours, ends.wake, bytes, 1, sent, PVG_SOCKET_DESCRIPTORS + 1, 10) == PVG_E_ARGUMENT);
  int before = open_descriptors();
  CHECK(pvg_socket_send(ends.ours, ends.wake, "abc", 3, sent, PVG_SOCKET_DESCRIPTORS, 10) == 3);
  CHECK(pvg_socket_receive(ends.peer, ends.wake, bytes, 3, got, 0, -1) == 3 && memcmp(bytes, "abc", 3) == 0 && got[0] == PVG_SOCKET_DESCRIPTORS);
  for (int32_t index = 1; index <= got[0]; index++) close(got[index]);
  CHECK(open_descriptors() == before);
  sent[3] = 999;
  CHECK(pvg_socket_send(ends.ours, ends.wake, "abc", 3, sent, 4, 10) == PVG_E_CLOSED);
  /* A peer that takes nothing: what fits is sent, and then it is given up. */
  int32_t status;
  while ((status = pvg_socket_send(ends.ours, ends.wake, bytes, sizeof bytes, NULL, 0, 20)) > 0) continue;
  CHECK(status == PVG_E_CLOSED && strstr(pvg_last_error(), "20 ms") != NULL);
  pvg_event_signal(ends.wake);
  CHECK(pvg_socket_send(ends.ours, ends.wake, bytes, sizeof bytes, NULL, 0, -1) == PVG_E_WOKEN && !is_signalled(ends.wake));
  pthread_t waker = start(wake_later, (void *)(intptr_t)ends.wake);
  CHECK(pvg_socket_send(ends.ours, ends.wake, bytes, sizeof bytes, NULL, 0, -1) == PVG_E_WOKEN);
  pthread_join(waker, NULL);
  /* One that has gone: no signal ends the process. */
  close(ends.peer);
  CHECK(pvg_socket_send(ends.ours, ends.wake, "abc", 3, NULL, 0, 10) == PVG_E_CLOSED);
  close(ends.ours);
  close(ends.wake);
}

#define EACH 5000

static void *send_each(void *argument) {
  struct ends *ends = argument;
  int own = pvg_event_create();
  for (uint32_t place = 0; place < EACH; place++) {
    int32_t fd = place % 2 == 0 ? ends->wake : -1, status;
    do {
      status = pvg_socket_send(ends->peer, own, &place, sizeof place, &fd, fd >= 0, -1);
    } while (status == PVG_E_WOKEN);
    CHECK(status == sizeof place);
  }
  close(own);
  return NULL;
}

static void *wake_often(void *argument) {
  for (int count = 0; count < EACH; count++) pvg_event_signal((int32_t)(intptr_t)argument);
  return NULL;
}

static void test_threads(void) {
  struct ends ends = connected();
  pthread_t sender = start(send_each, &ends), waker = start(wake_often, (void *)(intptr_t)ends.wake);
  uint32_t expected = 0, descriptors = 0;
  char bytes[256];
  size_t there = 0;
  while (expected < EACH) {
    int32_t got[1 + PVG_SOCKET_DESCRIPTORS];
    int32_t count = pvg_socket_receive(ends.ours, ends.wake, bytes + there, (uint32_t)(sizeof bytes - there), got, expected % 3, -1);
    if (count == PVG_E_WOKEN) continue;
    CHECK(count > 0 && got[0] <= 1);
    if (got[0] == 1) {
      descriptors++;
      close(got[1]);
    }
    there += (size_t)count;
    size_t whole = there / sizeof expected * sizeof expected;
    for (size_t at = 0; at < whole; at += sizeof expected) CHECK(memcmp(bytes + at, &expected, sizeof expected) == 0 && ++expected > 0);
    memmove(bytes, bytes + whole, there -= whole);
    CHECK(descriptors == (expected + 1) / 2);
  }
  pthread_join(sender, NULL);
  pthread_join(waker, NULL);
  disconnect(ends);
}

static void test_close(void) {
  int wake = pvg_event_create();
  CHECK(pvg_descriptor_close(wake) == PVG_OK);
  CHECK(pvg_descriptor_close(wake) == PVG_E_ARGUMENT && pvg_descriptor_close(-1) == PVG_E_ARGUMENT);
}

int main(void) {
  alarm(120);
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof path, "%s/socket", folder);
  static void (*const tests[])(void) = {test_listen,   test_listen_moments, test_listens,    test_accept,              test_accept_by_two,       test_accept_in_shortage,
                                        test_send,     test_threads,    test_receive_descriptors, test_receive_in_shortage, test_receive_sockets, test_receive_pieces,
                                        test_receive_ends, test_close};
  /* The library opens a file of its own when somebody is signalled first. */
  int first = pvg_event_create();
  pvg_event_signal(first);
  close(first);
  for (size_t each = 0; each < sizeof tests / sizeof *tests; each++) {
    int before = open_descriptors();
    tests[each]();
    CHECK(open_descriptors() == before);
  }
  CHECK(chdir("/") == 0 && rmdir(folder) == 0);
  return 0;
}
