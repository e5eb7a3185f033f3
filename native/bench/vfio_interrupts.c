/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio_interrupts.c - the client's eventfds, and the thread that writes them for PVG.
 *
 * Invariant: a descriptor is open exactly while it is in the table, and is written with the mutex held. A vector without one is
 * dropped, as an MSI is that the guest has not enabled.
 */
#include <errno.h>
#include <unistd.h>

#include "vfio_server.h"

#define DATA_NONE 1u
#define DATA_EVENTFD 4u
#define ACTION_TRIGGER 32u

static void put(struct vfio_server *server, uint32_t vector, int fd) {
  int old = server->irq_fds[vector];
  if (old >= 0) close(old);
  server->irq_fds[vector] = fd;
}

void vfio_interrupts_clear(struct vfio_server *server) {
  pthread_mutex_lock(&server->irq_mutex);
  for (uint32_t vector = 0; vector < VFIO_VECTORS; vector++) put(server, vector, -1);
  pthread_mutex_unlock(&server->irq_mutex);
}

int vfio_interrupts_set(struct vfio_server *server, const struct vfio_irq_set *request, struct vfio_message *message) {
  /* The device raises nothing but MSI: descriptors of other kinds are closed with the message. */
  if (request->index != VFIO_IRQ_MSI) return request->index < VFIO_IRQS ? 0 : EINVAL;
  if (request->flags == (DATA_NONE | ACTION_TRIGGER) && request->count == 0) {
    vfio_interrupts_clear(server);
    return 0;
  }
  if (request->flags != (DATA_EVENTFD | ACTION_TRIGGER)) return EINVAL;
  if (request->start > VFIO_VECTORS || request->count > VFIO_VECTORS - request->start) return EINVAL;
  if (message->fd_count != 0 && message->fd_count != request->count) return EINVAL;
  pthread_mutex_lock(&server->irq_mutex);
  for (uint32_t at = 0; at < request->count; at++) {
    put(server, request->start + at, at < message->fd_count ? message->fds[at] : -1);
  }
  pthread_mutex_unlock(&server->irq_mutex);
  message->fd_count = 0;
  return 0;
}

static void raise_vector(struct vfio_server *server, uint64_t vector) {
  const uint64_t one = 1;
  pthread_mutex_lock(&server->irq_mutex);
  if (vector < VFIO_VECTORS && server->irq_fds[vector] >= 0) {
    /* A counter that is full already has the guest's attention. */
    ssize_t written = write(server->irq_fds[vector], &one, sizeof one);
    (void)written;
  }
  pthread_mutex_unlock(&server->irq_mutex);
}

void *vfio_interrupts_run(void *argument) {
  struct vfio_server *server = argument;
  struct pvg_record records[16];
  int32_t count;
  while ((count = pvg_mailbox_take(server->mailbox, records, 16, -1)) > 0) {
    for (int32_t at = 0; at < count; at++) {
      if (records[at].kind == PVG_UPCALL_RAISE_INTERRUPT) raise_vector(server, records[at].words[0]);
      /* Nobody looks at the display, but a glyph lives until it is answered. */
      else if (records[at].id != 0) pvg_upcall_answer(server->device, records[at].id, 1, 0);
    }
  }
  return NULL;
}
