/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio_messages.c - one message, and its answer.
 *
 * Invariant: every command has exactly one answer, unless it asked for none; an error's answer is the header alone. A body that is too short
 * for its command is EINVAL.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "vfio_server.h"

#define CAPABILITIES "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"pgsizes\":4096,\"write_multiple\":true}}"
#define INFO_RESET_PCI 3u
#define REGION_READ_WRITE 3u
#define IRQ_EVENTFD_NORESIZE 9u

/* Of an answer: 0 or an errno, and how many bytes of body it has. */
struct answer {
  int error;
  uint32_t length;
};

static uint8_t *body_of(struct vfio_server *server) { return server->reply + sizeof(struct vfio_header); }

static bool send_answer(struct vfio_server *server, const struct vfio_header *request, struct answer answer) {
  if ((request->flags & VFIO_FLAG_NO_REPLY) != 0) return true;
  uint32_t size = (uint32_t)sizeof *request + (answer.error != 0 ? 0 : answer.length);
  const struct vfio_header header = {
    .id = request->id,
    .command = request->command,
    .size = size,
    .flags = VFIO_FLAG_REPLY | (answer.error != 0 ? VFIO_FLAG_ERROR : 0),
    .error = (uint32_t)answer.error,
  };
  memcpy(server->reply, &header, sizeof header);
  for (uint32_t sent = 0; sent < size;) {
    ssize_t count = send(server->client, server->reply + sent, size - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    sent += (uint32_t)count;
  }
  return true;
}

static struct answer refused(int error) { return (struct answer){.error = error}; }

static struct answer answered(struct vfio_server *server, const void *body, uint32_t length) {
  memcpy(body_of(server), body, length);
  return (struct answer){.length = length};
}

/* Of a version the major number must be 0, and any minor number is answered with 0. */
static struct answer version(struct vfio_server *server, const struct vfio_message *message) {
  uint16_t major;
  memcpy(&major, message->body, 2);
  if (major != 0) return refused(EINVAL);
  memset(body_of(server), 0, 4);
  memcpy(body_of(server) + 4, CAPABILITIES, sizeof CAPABILITIES);
  return (struct answer){.length = 4 + sizeof CAPABILITIES};
}

static struct answer dma_map(struct vfio_server *server, const struct vfio_message *message) {
  struct vfio_dma_map request;
  memcpy(&request, message->body, sizeof request);
  return refused(vfio_memory_map(server, &request, message->fd_count == 0 ? -1 : message->fds[0]));
}

static struct answer dma_unmap(struct vfio_server *server, const struct vfio_message *message) {
  struct vfio_dma_unmap request;
  memcpy(&request, message->body, sizeof request);
  bool all = (request.flags & 2u) != 0;
  int error = all ? vfio_memory_clear(server) : vfio_memory_unmap(server, request.address, request.size);
  return error != 0 ? refused(error) : answered(server, message->body, sizeof request);
}

static struct answer device_info(struct vfio_server *server) {
  const struct vfio_device_info info = {.argsz = sizeof info, .flags = INFO_RESET_PCI, .regions = VFIO_REGIONS, .irqs = VFIO_IRQS};
  return answered(server, &info, sizeof info);
}

static struct answer region_info(struct vfio_server *server, const struct vfio_message *message) {
  struct vfio_region_info info;
  memcpy(&info, message->body, sizeof info);
  if (info.index >= VFIO_REGIONS) return refused(EINVAL);
  uint64_t size = vfio_region_length(info.index);
  info = (struct vfio_region_info){.argsz = sizeof info, .flags = size != 0 ? REGION_READ_WRITE : 0, .index = info.index, .size = size};
  return answered(server, &info, sizeof info);
}

static struct answer irq_info(struct vfio_server *server, const struct vfio_message *message) {
  struct vfio_irq_info info;
  memcpy(&info, message->body, sizeof info);
  if (info.index >= VFIO_IRQS) return refused(EINVAL);
  bool single = info.index == VFIO_IRQ_ERR || info.index == VFIO_IRQ_REQ;
  uint32_t count = info.index == VFIO_IRQ_MSI ? VFIO_VECTORS : single;
  info = (struct vfio_irq_info){.argsz = sizeof info, .flags = count != 0 ? IRQ_EVENTFD_NORESIZE : 0, .index = info.index, .count = count};
  return answered(server, &info, sizeof info);
}

static struct answer set_irqs(struct vfio_server *server, struct vfio_message *message) {
  struct vfio_irq_set request;
  memcpy(&request, message->body, sizeof request);
  return refused(vfio_interrupts_set(server, &request, message));
}

static struct answer region_read(struct vfio_server *server, const struct vfio_message *message) {
  struct vfio_access access;
  memcpy(&access, message->body, sizeof access);
  if (access.count > VFIO_MESSAGE_MAX) return refused(EINVAL);
  memcpy(body_of(server), &access, sizeof access);
  vfio_region_read(server, &access, body_of(server) + sizeof access);
  return (struct answer){.length = (uint32_t)sizeof access + access.count};
}

static struct answer region_write(struct vfio_server *server, const struct vfio_message *message) {
  struct vfio_access access;
  memcpy(&access, message->body, sizeof access);
  if (access.count > message->length - sizeof access) return refused(EINVAL);
  vfio_region_write(server, &access, message->body + sizeof access);
  return answered(server, &access, sizeof access);
}

static struct answer region_write_multi(struct vfio_server *server, const struct vfio_message *message) {
  struct {
    struct vfio_access access;
    uint8_t bytes[8];
  } write;
  uint64_t count;
  memcpy(&count, message->body, sizeof count);
  if (count > (message->length - sizeof count) / sizeof write) return refused(EINVAL);
  for (uint64_t at = 0; at < count; at++) {
    memcpy(&write, message->body + sizeof count + at * sizeof write, sizeof write);
    if (write.access.count <= sizeof write.bytes) vfio_region_write(server, &write.access, write.bytes);
  }
  return answered(server, &count, sizeof count);
}

/* How long the body is at least. */
static uint32_t shortest(uint16_t command) {
  switch (command) {
    case VFIO_VERSION: return 4;
    case VFIO_DMA_MAP: return sizeof(struct vfio_dma_map);
    case VFIO_DMA_UNMAP: return sizeof(struct vfio_dma_unmap);
    case VFIO_GET_REGION_INFO: return sizeof(struct vfio_region_info);
    case VFIO_SET_IRQS: return sizeof(struct vfio_irq_set);
    case VFIO_GET_IRQ_INFO: return sizeof(struct vfio_irq_info);
    case VFIO_REGION_READ:
    case VFIO_REGION_WRITE: return sizeof(struct vfio_access);
    case VFIO_REGION_WRITE_MULTI: return sizeof(uint64_t);
    default: return 0;
  }
}

static struct answer carry_out(struct vfio_server *server, struct vfio_message *message) {
  if (message->length < shortest(message->header.command)) return refused(EINVAL);
  switch (message->header.command) {
    case VFIO_VERSION: return version(server, message);
    case VFIO_DMA_MAP: return dma_map(server, message);
    case VFIO_DMA_UNMAP: return dma_unmap(server, message);
    case VFIO_GET_INFO: return device_info(server);
    case VFIO_GET_REGION_INFO: return region_info(server, message);
    case VFIO_GET_IRQ_INFO: return irq_info(server, message);
    case VFIO_SET_IRQS: return set_irqs(server, message);
    case VFIO_REGION_READ: return region_read(server, message);
    case VFIO_REGION_WRITE: return region_write(server, message);
    case VFIO_REGION_WRITE_MULTI: return region_write_multi(server, message);
    case VFIO_RESET: return refused(vfio_reset(server));
    default: return refused(EINVAL);
  }
}

bool vfio_handle(struct vfio_server *server, struct vfio_message *message) {
  struct answer answer = carry_out(server, message);
  return send_answer(server, &message->header, answer);
}
