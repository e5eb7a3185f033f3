/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_faults_test.c - what a guest or a host can do wrong, each with the fault that the software PVG must answer.
 *
 * After each fault the guest starts the device again, so one fault can't hide another. Random wrongs are in fuzz_test.c.
 */
#include "soft_guest.h"

static void check_fault(struct guest *guest, uint32_t fault, uint32_t opcode) {
  uint32_t before = atomic_load(&guest->host->interrupts[VECTOR_GPU]);
  guest_write(guest, REG_GPU_STATUS, UINT32_MAX);
  guest_kick(guest);
  uint32_t found = guest_read(guest, REG_FAULT);
  if (found != (fault << 16 | opcode)) fprintf(stderr, "fault 0x%x, expected 0x%x\n", found, fault << 16 | opcode);
  CHECK(found == (fault << 16 | opcode));
  CHECK(guest_read(guest, REG_GPU_STATUS) & GPU_STATUS_FAULT);
  AWAIT(atomic_load(&guest->host->interrupts[VECTOR_GPU]) > before);
  /* Halted: kicks and doorbells do nothing until START, which clears the fault. */
  guest_kick(guest);
  /* What failed leaves no stamp; START clears the page. */
  CHECK(get_u32(guest->memory + SHARED_PAGE + SHARED_STAMP) == 0);
  guest_restart(guest);
  CHECK(guest_read(guest, REG_FAULT) == 0 && guest_read(guest, REG_START) == 1);
}

static const struct { uint32_t fault, opcode, count, body[12]; } bad_packets[] = {
  {FAULT_OPCODE, 0x00, 0, {0}},
  {FAULT_OPCODE, 0x66, 2, {1, 2}},
  {FAULT_OPCODE, OP_EXEC, 4, {1, 4}}, /* of the child FIFOs */
  {FAULT_PACKET, OP_SHARED_STATE, 1, {0}},
  {FAULT_DISPLAY, OP_SHARED_STATE, 2, {1, 0}},
  {FAULT_MEMORY, OP_SHARED_STATE, 2, {0, 0xffffffffu}},
  {FAULT_DISPLAY, OP_ONLINE_ACK, 1, {7}},
  {FAULT_PACKET, OP_CURSOR_GLYPH, 11, {0, 513, 1, 2052, 32, 0, 0, 0, (uint32_t)RAM_GPA, 0, 2052}},
  {FAULT_PACKET, OP_CURSOR_GLYPH, 11, {0, 4, 4, 15, 32, 0, 0, 0, (uint32_t)RAM_GPA, 0, 60}},
  {FAULT_PACKET, OP_CURSOR_GLYPH, 11, {0, 4, 4, 16, 32, 0, 0, 0, (uint32_t)RAM_GPA, 0, 65}},
  {FAULT_PACKET, OP_CURSOR_GLYPH, 11, {0, 4, 4, 0x40000001u, 32, 0, 0, 0, (uint32_t)RAM_GPA, 0, 4}},
  {FAULT_MEMORY, OP_CURSOR_GLYPH, 11, {0, 4, 4, 16, 32, 0, 0, 0, 0x1000, 0, 64}},
  {FAULT_PACKET, OP_CURSOR_SHOW, 1, {0}},
  {FAULT_TASK, OP_DEFINE_TASK, 4, {0, 0, PAGE, 0}},
  {FAULT_TASK, OP_DEFINE_TASK, 4, {256, 0, PAGE, 0}},
  {FAULT_TASK, OP_DEFINE_TASK, 4, {1, 0, PAGE, 0}},
  {FAULT_PACKET, OP_DEFINE_TASK, 4, {9, 0, PAGE + 1, 0}},
  {FAULT_PACKET, OP_DEFINE_TASK, 4, {9, 0, 0, 0}},
  {FAULT_PACKET, OP_DEFINE_TASK, 4, {9, 0, PAGE, 4}},
  {FAULT_TASK, OP_DELETE_TASK, 1, {77}},
  {FAULT_TASK, OP_UNMAP, 6, {77, 0, 0, 0, PAGE, 0}},
  {FAULT_MEMORY, OP_UNMAP, 6, {1, 0, 0, 0, TASK_LENGTH + PAGE, 0}},
  {FAULT_MEMORY, OP_UNMAP, 6, {1, 0, (uint32_t)-PAGE, UINT32_MAX, 2 * PAGE, 0}},
  {FAULT_MEMORY, OP_UNMAP, 6, {1, 0, 1, 0, PAGE, 0}}, /* refused by the host */
  {FAULT_PACKET, OP_MAP, 10, {1, 2, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0}},
  {FAULT_PACKET, OP_MAP, 10, {1, 0, 0, 0, 2, 0, (uint32_t)RAM_GPA, 0, PAGE, 0}},
  {FAULT_PACKET, OP_MAP, 10, {1, 0, 0, 0, 0x10000001u, 0, (uint32_t)RAM_GPA, 0, PAGE, 0}},
  {FAULT_MEMORY, OP_MAP, 10, {1, 0, TASK_LENGTH, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0}},
  {FAULT_MEMORY, OP_MAP, 10, {1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, 0, 1}},
  {FAULT_MEMORY, OP_MAP, 10, {1, 0, 0, 0, 1, 0, 0x1000, 0, PAGE, 0}}, /* no RAM there */
  {FAULT_TASK, OP_MAP, 10, {0, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0}}, /* the internal task */
  {FAULT_FIFO, OP_DEFINE_FIFO, 5, {1, 1, 0, 0, CHILD_RING_DATA + 4096}},
  {FAULT_FIFO, OP_DEFINE_FIFO, 5, {9, 1, 0, 0, CHILD_RING_DATA + 4096}},
  {FAULT_TASK, OP_DEFINE_FIFO, 5, {2, 3, 0, 0, CHILD_RING_DATA + 4096}},
  {FAULT_PACKET, OP_DEFINE_FIFO, 5, {2, 1, 0, 0, CHILD_RING_DATA + 4097}},
  {FAULT_PACKET, OP_DEFINE_FIFO, 5, {2, 1, 0, 0, 63}},
  {FAULT_MEMORY, OP_DEFINE_FIFO, 5, {2, 1, TASK_LENGTH, 0, CHILD_RING_DATA + 4096}},
  {FAULT_MEMORY, OP_DEFINE_FIFO, 5, {2, 1, 2, 0, CHILD_RING_DATA + 4096}},
  {FAULT_FIFO, OP_FREE_FIFO, 1, {5}},
};

static void test_bad_packets(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_kick(&guest); /* before START */
  CHECK(guest_read(&guest, REG_FAULT) == FAULT_NOT_STARTED << 16);
  guest_start(&guest, 0);
  for (size_t at = 0; at < sizeof bad_packets / sizeof *bad_packets; at++) {
    control_words(&guest, bad_packets[at].opcode, 3, bad_packets[at].body, bad_packets[at].count);
    check_fault(&guest, bad_packets[at].fault, bad_packets[at].opcode);
  }
  /* Sizes and counts that lie. */
  const uint32_t sizes[] = {0, 8, 13, 16, PACKET_MAX_SIZE + 4, UINT32_MAX};
  for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
    put_u32(guest.memory + CONTROL_RING, OP_ONLINE_ACK);
    put_u32(guest.memory + CONTROL_RING + 4, sizes[at]);
    guest.written = 12;
    check_fault(&guest, FAULT_PACKET, OP_ONLINE_ACK);
  }
  const uint32_t written[] = {2, CONTROL_LENGTH + 4, UINT32_MAX};
  for (size_t at = 0; at < sizeof written / sizeof *written; at++) {
    guest.written = written[at];
    check_fault(&guest, FAULT_RING, 0);
  }
  CONTROL(&guest, 1u << 16 | OP_ONLINE_ACK, 0, 0);
  check_fault(&guest, FAULT_PACKET, OP_ONLINE_ACK); /* the control FIFO has no stamp waits */
  stage_close(&host, &guest);
}

static const struct { uint32_t fault, command[10], length; } bad_commands[] = {
  {FAULT_COMMAND, {0, 32}, 32},
  {FAULT_COMMAND, {5, 32}, 32},
  {FAULT_COMMAND, {DRAW_FILL, 28}, 32},
  {FAULT_COMMAND, {DRAW_FILL, 0}, 32},
  {FAULT_COMMAND, {DRAW_FILL, 32}, 28},
  {FAULT_COMMAND, {DRAW_COPY, 40}, 36},
  {FAULT_COMMAND, {DRAW_FILL, 32, 0, 0, 16385, 1}, 32},
  {FAULT_COMMAND, {DRAW_FILL, 32, 32769, 0, 1, 1}, 32},
  {FAULT_COMMAND, {DRAW_FILL, 32, 0x80000000u, 0, 1, 1}, 32},
  {FAULT_COMMAND, {DRAW_COPY, 40, 0, 0, 4, 4, 12, 0, 0, 0}, 40},                 /* rows overlap */
  {FAULT_COMMAND, {DRAW_COPY, 40, 0, 0, 4, 4, 17, 0, 0, 0}, 40},
  {FAULT_COMMAND, {DRAW_COPY, 40, 0, 0, 4, 4, 16, 0, TASK_LENGTH - 60, 0}, 40},  /* the last pixel is outside */
  {FAULT_COMMAND, {DRAW_BLEND, 40, 0, 0, 4, 4, 0xfffffffcu, 0, 0, 0}, 40},
  {FAULT_COMMAND, {DRAW_BLEND, 40, 0, 0, 4, 4, 16, 0, 0, UINT32_MAX}, 40},
  {FAULT_COMMAND, {DRAW_COPY, 40, -4000, 0, 16, 4, 64, 0, TASK_LENGTH - 128, 0}, 40}, /* invisible, and wrong all the same */
};

static void await_fault(struct guest *guest, uint32_t fault, uint32_t opcode) {
  AWAIT(guest_read(guest, REG_FAULT) != 0);
  uint32_t found = guest_read(guest, REG_FAULT);
  if (found != (fault << 16 | opcode)) fprintf(stderr, "fault 0x%x, expected 0x%x\n", found, fault << 16 | opcode);
  CHECK(found == (fault << 16 | opcode));
}

/* A new child FIFO, since the old one stands at the packet that failed. */
static void renew_child(struct guest *guest) {
  guest_restart(guest);
  put_u32(guest->memory + CHILD_RING, 0);
  guest->child_written = 0;
  CONTROL(guest, OP_FREE_FIFO, 0, 1);
  CONTROL(guest, OP_DEFINE_FIFO, 0, 1, 1, 0, 0, CHILD_RING_DATA + CHILD_DATA);
  guest_kick(guest);
  CHECK(guest_read(guest, REG_FAULT) == 0);
}

static void test_bad_commands(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  for (size_t at = 0; at < sizeof bad_commands / sizeof *bad_commands; at++) {
    memcpy(guest.memory + COMMANDS, bad_commands[at].command, sizeof bad_commands[at].command);
    CHILD(&guest, OP_EXEC, 4, 1, bad_commands[at].length, COMMANDS - CHILD_RING, 0);
    guest_doorbell(&guest);
    await_fault(&guest, bad_commands[at].fault, OP_EXEC);
    CHECK(get_u32(guest.memory + SHARED_PAGE + SHARED_STAMP + 4) == 0);
    renew_child(&guest);
  }
  const struct { uint32_t fault, opcode, count, body[6]; } packets[] = {
    {FAULT_OPCODE, OP_MAP, 2, {0}},
    {FAULT_PACKET, OP_EXEC, 3, {1, 4, 0}},
    {FAULT_TASK, OP_EXEC, 4, {2, 4, 0, 0}},
    {FAULT_TASK, OP_EXEC, 4, {0, 4, 0, 0}},
    {FAULT_PACKET, OP_EXEC, 4, {1, EXEC_MAX_LENGTH + 1, 0, 0}},
    {FAULT_COMMAND, OP_EXEC, 4, {1, 32, TASK_LENGTH - 31, 0}},
    {FAULT_COMMAND, OP_EXEC, 4, {1, 32, 0, 0x80000000u}},
    {FAULT_DISPLAY, OP_SWAP, 2, {1, 0}},
    {FAULT_PACKET, 1u << 16 | OP_SWAP, 2, {9, 0}},
    {FAULT_PACKET, 2u << 16 | OP_SWAP, 2, {0, 0}},
    {FAULT_PACKET, 9u << 16 | OP_SWAP, 2, {0, 0}},
  };
  for (size_t at = 0; at < sizeof packets / sizeof *packets; at++) {
    child_words(&guest, packets[at].opcode, 4, packets[at].body, packets[at].count);
    guest_doorbell(&guest);
    /* A packet whose length is a lie was not taken, so it has no opcode. */
    AWAIT(guest_read(&guest, REG_FAULT) != 0);
    uint32_t opcode = guest_read(&guest, REG_FAULT) & 0xffffu;
    CHECK(opcode == 0 || opcode == (packets[at].opcode & 0xffffu));
    await_fault(&guest, packets[at].fault, opcode);
    renew_child(&guest);
  }
  const uint32_t written[] = {2, 8, CHILD_DATA + 4, UINT32_MAX};
  for (size_t at = 0; at < sizeof written / sizeof *written; at++) {
    guest.child_written = written[at];
    guest_doorbell(&guest);
    AWAIT(guest_read(&guest, REG_FAULT) != 0);
    CHECK(guest_read(&guest, REG_FAULT) >> 16 == (written[at] == 8 ? FAULT_PACKET : FAULT_RING));
    renew_child(&guest);
  }
  guest_fill_frame(&guest, 0xffabcdefu);
  AWAIT(atomic_load(&host.shown) == 1);
  CHECK(pixel(&host, 63, 47) == 0xffabcdefu);
  stage_close(&host, &guest);
}

/* A host that refuses leaves a fault, not half a task. */
static void test_refusals(void) {
  const struct { uint32_t kind, fault, opcode, count, body[12]; } refusals[] = {
    {PVG_UPCALL_CREATE_TASK, FAULT_TASK, OP_DEFINE_TASK, 4, {3, 0, PAGE, 0}},
    {PVG_UPCALL_MAP_MEMORY, FAULT_MEMORY, OP_MAP, 10, {1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0}},
    {PVG_UPCALL_UNMAP_MEMORY, FAULT_MEMORY, OP_UNMAP, 6, {1, 0, 0, 0, PAGE, 0}},
    {PVG_UPCALL_READ_MEMORY, FAULT_MEMORY, OP_CURSOR_GLYPH, 11, {0, 4, 4, 16, 32, 0, 0, 0, (uint32_t)RAM_GPA, 0, 64}},
    {PVG_UPCALL_MAP_MEMORY, FAULT_MEMORY, OP_SHARED_STATE, 2, {0, (uint32_t)((RAM_GPA + DISPLAY_PAGE) >> PAGE_SHIFT)}},
  };
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  for (size_t at = 0; at < sizeof refusals / sizeof *refusals; at++) {
    atomic_store(&host.refuse, 1u << refusals[at].kind);
    control_words(&guest, refusals[at].opcode, 3, refusals[at].body, refusals[at].count);
    guest_kick(&guest);
    CHECK(guest_read(&guest, REG_FAULT) == (refusals[at].fault << 16 | refusals[at].opcode));
    /* START needs a task and two mappings of its own. */
    guest_write(&guest, REG_START, 1);
    uint32_t starts = refusals[at].kind == PVG_UPCALL_UNMAP_MEMORY || refusals[at].kind == PVG_UPCALL_READ_MEMORY;
    CHECK(guest_read(&guest, REG_START) == starts);
    atomic_store(&host.refuse, 0);
    guest_restart(&guest);
    CHECK(guest_read(&guest, REG_START) == 1 && guest_read(&guest, REG_FAULT) == 0);
  }
  stage_close(&host, &guest);
}

/* Whatever is wrong with a configuration makes no device. */
static void test_create_arguments(void) {
  struct host host = {0};
  host_open(&host);
  struct pvg_config good = host.config, config;
  struct pvg_ram_range ranges[2] = {{RAM_GPA, PAGE, 0, host.ram, 0}, {RAM_GPA + PAGE, PAGE, PAGE, host.ram, 0}};
  uint32_t fine = pvg_device_create(&good, ranges, 2);
  CHECK(fine != 0 && fine != host.device && pvg_device_destroy(fine) == PVG_OK);
#define BAD(field, value) (config = good, config.field = (value), pvg_device_create(&config, ranges, 2) == 0)
  CHECK(BAD(version, 0) && BAD(group, 0) && BAD(page_shift, 13) && BAD(vectors, 0) && BAD(vectors, 65));
  for (uint32_t at = 0; at < PVG_CLASSES; at++) CHECK(BAD(mailboxes[at], 0) && BAD(mailboxes[at], good.group));
  CHECK(BAD(wake, 3) && BAD(gpu, 1) && BAD(ports, 0) && BAD(ports, PVG_PORTS_MAX + 1));
  CHECK(BAD(ports, 3)); /* two displays would have the serial number 0 */
  config = good;
  config.ports = config.display_serials[0] = 0;
  CHECK(pvg_device_create(&config, ranges, 2) == 0);
  CHECK(BAD(display_serials[1], 7) && BAD(display_serials[PVG_PORTS_MAX - 1], 7));
  CHECK(BAD(display_mm[0], 0) && BAD(display_mm[1], 65536) && BAD(display_name[0], 0));
  CHECK(BAD(display_name[3], 0x20202020)); /* behind the text there are zeros */
  CHECK(BAD(encode_delay_us, 1000001) && BAD(reserved, 1));
  CHECK(pvg_gpu_count() == 1 && pvg_gpu_flags(0) == (PVG_GPU_UNIFIED_MEMORY | PVG_GPU_DEFAULT));
  CHECK(pvg_gpu_flags(1) == PVG_E_ARGUMENT && pvg_bridge_can_suspend() == 1);
  CHECK(pvg_device_create(NULL, ranges, 2) == 0 && pvg_device_create(&good, NULL, 2) == 0);
  CHECK(pvg_device_create(&good, ranges, 2049) == 0);
  ranges[1].gpa = RAM_GPA;
  CHECK(pvg_device_create(&good, ranges, 2) == 0); /* they overlap */
  ranges[1] = (struct pvg_ram_range){UINT64_MAX - PAGE + 1, 2 * PAGE, 0, host.ram, 0};
  CHECK(pvg_device_create(&good, ranges, 2) == 0);
  ranges[1] = (struct pvg_ram_range){0, 2 * PAGE, RAM_LENGTH - PAGE, host.ram, 0};
  CHECK(pvg_device_create(&good, ranges, 2) == 0);
  ranges[1] = (struct pvg_ram_range){0, PAGE, 0, 4711, 0};
  CHECK(pvg_device_create(&good, ranges, 2) == 0);
  host_run(&host);
  host_close(&host);
}

int main(void) {
  test_bad_packets();
  test_bad_commands();
  test_refusals();
  test_create_arguments();
  return 0;
}
