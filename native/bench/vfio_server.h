/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio_server.h - the device behind vfio-user in plain C, as the rival of `apple-gfx serve`.
 *
 * One thread waits in recvmsg, decodes, enters PVG and answers; PVG's own threads look guest memory up in the library's memory map; a second
 * thread takes interrupts out of a mailbox and writes their eventfds. Memory, PVG and mailboxes are the library's own objects, so that
 * what differs from the product is who decodes and who decides.
 *
 * Invariant: it does what a client needs in order to drive the device and to be measured, by the same protocol. What it leaves out: a
 * display, messages that carry guest memory (every mapping has a descriptor), migration, and distrust: its client is the test's QEMU.
 */
#ifndef VFIO_SERVER_H
#define VFIO_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../pvg_bridge.h"

#define VFIO_VECTORS 32u
#define VFIO_BAR_LENGTH 0x4000u
#define VFIO_CONFIG_LENGTH 0x1000u
#define VFIO_MESSAGE_MAX (1u << 20)
#define VFIO_FDS_MAX 64u
#define VFIO_MAPPINGS_MAX 128u

enum vfio_command {
  VFIO_VERSION = 1,
  VFIO_DMA_MAP = 2,
  VFIO_DMA_UNMAP = 3,
  VFIO_GET_INFO = 4,
  VFIO_GET_REGION_INFO = 5,
  VFIO_GET_IRQ_INFO = 7,
  VFIO_SET_IRQS = 8,
  VFIO_REGION_READ = 9,
  VFIO_REGION_WRITE = 10,
  VFIO_RESET = 13,
  VFIO_REGION_WRITE_MULTI = 15
};

enum vfio_region {
  VFIO_REGION_BAR0 = 0,
  VFIO_REGION_ROM = 6,
  VFIO_REGION_CONFIG = 7,
  VFIO_REGIONS = 9
};

enum vfio_irq {
  VFIO_IRQ_MSI = 1,
  VFIO_IRQ_ERR = 3,
  VFIO_IRQ_REQ = 4,
  VFIO_IRQS = 5
};

#define VFIO_FLAG_REPLY 1u
#define VFIO_FLAG_NO_REPLY (1u << 4)
#define VFIO_FLAG_ERROR (1u << 5)

struct vfio_header {
  uint16_t id, command;
  uint32_t size; /* of the whole message */
  uint32_t flags;
  uint32_t error;
};

struct vfio_dma_map {
  uint32_t argsz, flags; /* bit 0: readable, bit 1: writable */
  uint64_t offset, address, size;
};

struct vfio_dma_unmap {
  uint32_t argsz, flags;
  uint64_t address, size;
};

struct vfio_device_info {
  uint32_t argsz, flags, regions, irqs;
};

struct vfio_region_info {
  uint32_t argsz, flags, index, cap_offset;
  uint64_t size, offset;
};

struct vfio_irq_info {
  uint32_t argsz, flags, index, count;
};

struct vfio_irq_set {
  uint32_t argsz, flags, index, start, count;
};

struct vfio_access {
  uint64_t offset;
  uint32_t region, count;
};

/* A message that is whole, and the descriptors that came with it. */
struct vfio_message {
  struct vfio_header header;
  const uint8_t *body;
  uint32_t length; /* of the body */
  int fds[VFIO_FDS_MAX];
  uint32_t fd_count;
};

/* Memory that the client has mapped. */
struct vfio_mapping {
  uint64_t address, size;
  uint32_t ram; /* 0: the place is free */
  uint32_t slot;
  bool writable;
};

struct vfio_server {
  uint32_t group, map, device, mailbox;
  int client;
  struct vfio_mapping mappings[VFIO_MAPPINGS_MAX];
  uint8_t config[VFIO_CONFIG_LENGTH];
  uint8_t writable[VFIO_CONFIG_LENGTH]; /* which bits of `config` a client may change */
  pthread_mutex_t irq_mutex;
  int irq_fds[VFIO_VECTORS]; /* guarded by irq_mutex; -1: none */
  uint8_t reply[sizeof(struct vfio_header) + sizeof(struct vfio_access) + VFIO_MESSAGE_MAX];
};

/* vfio_messages.c: does what the message asks for and answers it; false: the connection is of no more use. */
bool vfio_handle(struct vfio_server *server, struct vfio_message *message);

/* vfio_regions.c: how long a region is, and accesses to it. What lies outside reads as ones; the caller has checked neither. */
uint64_t vfio_region_length(uint32_t region);
void vfio_config_reset(struct vfio_server *server);
int vfio_reset(struct vfio_server *server); /* 0, or an errno */
void vfio_region_read(struct vfio_server *server, const struct vfio_access *access, uint8_t *bytes);
void vfio_region_write(struct vfio_server *server, const struct vfio_access *access, const uint8_t *bytes);

/* vfio_memory.c: 0, or an errno. A mapping takes the descriptor's memory, not the descriptor. */
int vfio_memory_map(struct vfio_server *server, const struct vfio_dma_map *request, int fd);
int vfio_memory_unmap(struct vfio_server *server, uint64_t address, uint64_t size);
int vfio_memory_clear(struct vfio_server *server);

/* vfio_interrupts.c: descriptors become the server's; -1 takes one away. The thread runs until the mailbox is closed. */
int vfio_interrupts_set(struct vfio_server *server, const struct vfio_irq_set *request, struct vfio_message *message);
void vfio_interrupts_clear(struct vfio_server *server);
void *vfio_interrupts_run(void *server);

#endif
