/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_test.c - a hostile guest: random register accesses, packets and ring entries from two vCPUs, against a host that refuses at random.
 *
 *   fuzz_test [seed] [count]     count: packets and register accesses together, without those that start a halted device again
 *
 * Most packets are right but for one field, since nonsense is refused early and reaches little. At the end of every other round the device
 * is suspended as it is, and another one goes on from its state, which must not be refused. At the end, and now and then
 * on the way, the device is reset and must draw again. What lies outside the guest's memory, and next to what the device was
 * given, holds a pattern that must still be there. The seed makes the guest's choices; threads run as they will.
 */
#include "fuzz_mapper.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEFAULT_COUNT 100000u
#else
#define DEFAULT_COUNT 1000000u
#endif
#define VCPUS 2
#define ROUNDS 10
/* ---- packets ---- */

static uint32_t right_packet(struct vcpu *vcpu, uint32_t *body, uint32_t *opcode) {
  uint32_t task = 1 + below(vcpu, 4), page = below(vcpu, TASK_LENGTH / PAGE) * PAGE, count;
  switch (below(vcpu, 12)) {
    case 0: *opcode = OP_SHARED_STATE; body[0] = some_port(vcpu); body[1] = page_gpa(vcpu) >> PAGE_SHIFT; return 2;
    case 1: *opcode = OP_ONLINE_ACK; body[0] = some_port(vcpu); return 1;
    case 2: {
      uint32_t width = 1 + below(vcpu, 64), height = 1 + below(vcpu, 64);
      const uint32_t glyph[] = {some_port(vcpu), width, height, 4 * width, 32, 0, 0, 0, page_gpa(vcpu), 0, 4 * width * height};
      *opcode = OP_CURSOR_GLYPH;
      memcpy(body, glyph, sizeof glyph);
      return 11;
    }
    case 3: *opcode = OP_CURSOR_SHOW; body[0] = some_port(vcpu); body[1] = below(vcpu, 2); return 2;
    case 4: *opcode = OP_DEFINE_TASK; body[0] = 1 + below(vcpu, 255); body[1] = body[3] = 0; body[2] = TASK_LENGTH; return 4;
    case 5: *opcode = OP_DELETE_TASK; body[0] = task; return 1;
    case 6: *opcode = OP_UNMAP; body[0] = task; body[1] = body[3] = body[5] = 0; body[2] = page; body[4] = PAGE; return 6;
    case 7: *opcode = OP_FREE_FIFO; body[0] = 1 + below(vcpu, 8); return 1;
    case 8:
      *opcode = OP_DEFINE_FIFO;
      body[0] = 1 + below(vcpu, 8);
      body[1] = task;
      body[2] = page;
      body[3] = 0;
      body[4] = CHILD_RING_DATA + (4096u << below(vcpu, 4));
      return 5;
    default:
      *opcode = OP_MAP;
      count = below(vcpu, 4);
      body[0] = task;
      body[1] = below(vcpu, 2);
      body[2] = page;
      body[3] = body[5] = 0;
      body[4] = count;
      for (uint32_t at = 0; at < count; at++) {
        body[6 + 4 * at] = page_gpa(vcpu);
        body[7 + 4 * at] = body[9 + 4 * at] = 0;
        body[8 + 4 * at] = PAGE;
      }
      return 6 + 4 * count;
  }
}

static void spoil(struct vcpu *vcpu, uint32_t *body, uint32_t count, uint32_t *opcode) {
  switch (below(vcpu, 12)) {
    case 0: *opcode = next(vcpu); break;
    case 1: *opcode = below(vcpu, 0x40); break;
    case 2: *opcode |= below(vcpu, 12) << 16; break;
    case 3:
    case 4: if (count != 0) body[below(vcpu, count)] = awkward(vcpu); break;
    default: break;
  }
}

static void control_packet(struct vcpu *vcpu) {
  uint32_t body[64] = {0}, opcode, count = right_packet(vcpu, body, &opcode);
  spoil(vcpu, body, count, &opcode);
  if (below(vcpu, 32) == 0) count = below(vcpu, 64);
  control_words(vcpu->guest, opcode, below(vcpu, 3) == 0 ? awkward(vcpu) : 0, body, count);
  if (below(vcpu, 64) == 0) put_u32(vcpu->guest->memory + CONTROL_RING + below(vcpu, CONTROL_LENGTH / 4) * 4, awkward(vcpu));
  atomic_fetch_add(&packets, 1);
}

static uint32_t drawing(struct vcpu *vcpu, uint8_t *at) {
  uint32_t length = 0;
  for (uint32_t n = 1 + below(vcpu, 4); n != 0; n--) {
    uint32_t opcode = 1 + below(vcpu, 4), words = opcode == DRAW_COPY || opcode == DRAW_BLEND ? 10 : 8;
    uint32_t command[10] = {opcode, 4 * words, below(vcpu, 80) - 8, below(vcpu, 60) - 8, below(vcpu, 80), below(vcpu, 60),
                            words == 8 ? next(vcpu) : 4 * 80, 0, below(vcpu, TASK_LENGTH), 0};
    if (below(vcpu, 6) == 0) command[below(vcpu, words)] = awkward(vcpu);
    memcpy(at + length, command, 4 * words);
    length += 4 * words;
  }
  return length;
}

static void child_packet(struct vcpu *vcpu) {
  struct guest *guest = vcpu->guest;
  uint32_t body[16] = {0}, count = 0, opcode;
  if (below(vcpu, 16) == 0) {
    body[count++] = below(vcpu, 10);
    body[count++] = below(vcpu, 4);
  }
  if (below(vcpu, 2) == 0) {
    opcode = (count / 2) << 16 | OP_SWAP;
    body[count] = some_port(vcpu);
    count += 2;
  } else {
    uint32_t slot = COMMANDS + 1024 * below(vcpu, 32);
    opcode = (count / 2) << 16 | OP_EXEC;
    body[count++] = below(vcpu, 8) == 0 ? below(vcpu, 5) : 1;
    body[count++] = drawing(vcpu, guest->memory + slot);
    body[count++] = slot - CHILD_RING;
    count++;
    if (below(vcpu, 2)) body[count++] = some_port(vcpu);
  }
  spoil(vcpu, body, count, &opcode);
  child_words(guest, opcode, below(vcpu, 2) == 0 ? next(vcpu) : 0, body, count);
  atomic_fetch_add(&packets, 1);
}

/* ---- registers ---- */

static void access_register(struct vcpu *vcpu) {
  static const uint32_t offsets[] = {REG_FIFO_OFFSET, REG_FIFO_LENGTH, REG_FIFO_WRITTEN, REG_FIFO_READ, REG_DISPLAY_STATUS,
                                     REG_GPU_STATUS, REG_SHARED_PFN, REG_CHILD_DOORBELL, REG_MAIN_KICK, REG_FAULT, REG_FIFO_BASE_PFN,
                                     REG_VERSION, REG_MODE_COUNT, REG_MODE_SELECT, REG_MODE_SIZE, REG_MODE, REG_STRIDE, REG_PORTS,
                                     REG_CONNECTED, REG_MODE_RATE, REG_REPLAY, REG_DISPLAY, REG_SERIAL};
  uint32_t device = vcpu->guest->host->device, value[2];
  uint64_t offset = below(vcpu, 8) == 0 ? awkward(vcpu) : offsets[below(vcpu, sizeof offsets / sizeof *offsets)];
  int32_t result = below(vcpu, 3) == 0
                       ? pvg_mmio_write(device, PVG_WINDOW_GFX, offset, below(vcpu, 2) ? awkward(vcpu) : below(vcpu, 10))
                       : pvg_mmio_read(device, PVG_WINDOW_GFX, offset, value);
  CHECK(result == PVG_OK || (result == PVG_E_ARGUMENT && (offset % 4 != 0 || offset >= GFX_WINDOW_LENGTH)));
  atomic_fetch_add(&accesses, 1);
}

/* A halted device ignores nearly everything, so a guest that wants to go on hurting it has to start it again. */
static void recover(struct vcpu *vcpu) {
  struct guest *guest = vcpu->guest;
  if (guest_read(guest, REG_FAULT) == 0 && guest_read(guest, REG_START) == 1) return;
  atomic_fetch_add(&faults, 1);
  guest_restart(guest);
  for (uint32_t port = 0; port < guest->host->config.ports; port++) {
    guest_write(guest, REG_DISPLAY, port);
    guest_write(guest, REG_MODE, below(vcpu, 2));
  }
  CONTROL(guest, OP_DEFINE_TASK, 0, 1, 0, TASK_LENGTH, 0);
  guest_kick(guest); /* faults if there is one already */
  guest_restart(guest);
  CONTROL(guest, OP_MAP, 0, 1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA + CHILD_RING, 0, TASK_LENGTH, 0);
  guest_kick(guest);
  guest_restart(guest);
  CONTROL(guest, OP_FREE_FIFO, 0, 1);
  guest_kick(guest);
  guest_restart(guest);
  put_u32(guest->memory + CHILD_RING, 0);
  guest->child_written = 0;
  CONTROL(guest, OP_DEFINE_FIFO, 0, 1, 1, 0, 0, CHILD_RING_DATA + CHILD_DATA);
  guest_kick(guest);
}

static void step(struct vcpu *vcpu) {
  struct guest *guest = vcpu->guest;
  uint32_t choice = below(vcpu, 100);
  if (guest->host->config.iosfc && below(vcpu, 8) == 0) {
    step_mapper(vcpu);
  } else if (choice < 30) {
    control_packet(vcpu);
  } else if (choice < 60) {
    child_packet(vcpu);
  } else if (choice < 88) {
    access_register(vcpu);
  } else if (choice < 92) {
    guest_kick(guest);
    atomic_fetch_add(&accesses, 1);
  } else if (choice < 95) {
    guest_doorbell(guest);
    atomic_fetch_add(&accesses, 1);
  } else if (choice < 98) {
    recover(vcpu);
  } else if (choice < 99) {
    /* Rewrites memory that the device may be reading. */
    put_u32(guest->memory + 4 * below(vcpu, RAM_LENGTH / 4), awkward(vcpu));
  } else if (below(vcpu, 8) == 0) {
    atomic_fetch_add(&resets, 1);
    CHECK(pvg_device_reset(guest->host->device) == PVG_OK);
  } else if (below(vcpu, 2) == 0) {
    /* The host's side: sometimes it refuses, sometimes it offers other modes. */
    atomic_store(&guest->host->refuse, below(vcpu, 3) == 0 ? next(vcpu) : 0);
    uint32_t count = 1 + below(vcpu, 2);
    uint32_t port = below(vcpu, guest->host->config.ports);
    CHECK(pvg_display_set_modes(guest->host->device, port, guest->host->modes, count) == PVG_OK);
  }
}

static void *vcpu_main(void *argument) {
  struct vcpu *vcpu = argument;
  for (uint32_t at = 0; at < vcpu->steps; at++) step(vcpu);
  return NULL;
}

/* ---- what must hold ---- */

static void make_canaries(void) {
  for (int at = 0; at < CANARIES; at++) {
    canaries[at] = at % 2 ? malloc(CANARY_LENGTH)
                          : mmap(NULL, CANARY_LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(canaries[at] != NULL && canaries[at] != MAP_FAILED);
    memset(canaries[at], CANARY, CANARY_LENGTH);
  }
}

static void check_canaries(void) {
  for (int at = 0; at < CANARIES; at++) {
    for (uint32_t byte = 0; byte < CANARY_LENGTH; byte++) CHECK(canaries[at][byte] == CANARY);
  }
}

static uint32_t guarded_ram(uint32_t group) {
  uint32_t ram = pvg_ram_create(group, 16 * PAGE);
  CHECK(ram != 0);
  memset((void *)(uintptr_t)pvg_ram_address(ram), CANARY, 16 * PAGE);
  return ram;
}

static void check_ram(uint32_t ram) {
  const uint8_t *bytes = (const uint8_t *)(uintptr_t)pvg_ram_address(ram);
  for (uint32_t byte = 0; byte < 16 * PAGE; byte++) CHECK(bytes[byte] == CANARY);
}

static void check_usable(struct host *host, struct guest *guest, uint32_t colour) {
  atomic_store(&host->refuse, 0);
  CHECK(pvg_display_set_modes(host->device, 0, host->modes, 2) == PVG_OK);
  CHECK(pvg_device_reset(host->device) == PVG_OK);
  guest_start(guest, 1);
  CHECK(guest_read(guest, REG_FAULT) == 0);
  guest->stamp = 0;
  for (bool found = false; !found;) {
    /* An encode that is refused loses its frame until the next one, so the guest goes on presenting. */
    guest_fill_frame(guest, colour);
    guest_await_stamp(guest, 1, guest->stamp);
    nanosleep(&(struct timespec){0, 200000}, NULL);
    pthread_mutex_lock(&host->lock);
    found = host->pixels_width == 33 && host->pixels[20 * 33 + 32] == colour;
    pthread_mutex_unlock(&host->lock);
  }
}

static void open_round(struct host *host, uint32_t round) {
  *host = (struct host){.config = {.vsync = round % 2, .managed_textures = round / 2 % 2, .refuse_every = round % 3 * 5,
                                   .vectors = 1 + round, .iosfc = round % 2 == 0, .wake = round % 3,
                                   .reads_wait = round / 2 % 2, .ports = 1 + round * 3 % PVG_PORTS_MAX,
                                   .announce_every_frame = round % 4 == 3},
                        .unordered = round % 2};
  host->modes[0] = (struct pvg_display_mode){64, 48, 250000, 0};
  host->modes[1] = (struct pvg_display_mode){33, 21, 1000000, 0};
  host->mode_count = 2;
  host_open(host);
}

/* The device is suspended as the guest has left it, and another one goes on: any state that a guest can bring about is a good one. */
static void move(struct host *host, struct host *next, struct vcpu *vcpu, uint32_t round) {
  uint64_t length = 0;
  CHECK(pvg_device_suspend(host->device) == PVG_OK);
  CHECK(pvg_device_state(host->device, NULL, 0, &length) == PVG_OK);
  uint8_t *state = malloc(length);
  CHECK(state != NULL && pvg_device_state(host->device, state, length, &length) == PVG_OK);
  open_round(next, round);
  host_run(next);
  struct guest *old = vcpu->guest, guest = *old;
  guest_open(&guest, next);
  memcpy(guest.memory, old->memory, RAM_LENGTH);
  guest.written = old->written;
  guest.child_written = old->child_written;
  guest_close(old);
  *old = guest;
  CHECK(pvg_device_resume(next->device, state, length) == PVG_OK);
  free(state);
  vcpu->steps = 500;
  vcpu_main(vcpu);
  atomic_fetch_add(&moves, 1);
}

static void run_round(uint32_t round, uint64_t seed, uint32_t count) {
  struct host host, next;
  struct guest guests[VCPUS];
  struct vcpu vcpus[VCPUS];
  bool moved = round / 2 % 2 == 0;
  open_round(&host, round);
  uint32_t before = guarded_ram(host.group), after = guarded_ram(host.group);
  host_run(&host);
  for (uint32_t at = 0; at < VCPUS; at++) {
    guest_open(&guests[at], &host);
    vcpus[at] = (struct vcpu){.guest = &guests[at], .number = at, .steps = count / VCPUS,
                              .random = (seed * 1000003u + round * 131u + at) * 2654435761u + 1};
    CHECK(pthread_create(&vcpus[at].thread, NULL, vcpu_main, &vcpus[at]) == 0);
  }
  for (uint32_t at = 0; at < VCPUS; at++) pthread_join(vcpus[at].thread, NULL);
  atomic_store(&host.refuse, 0);
  if (moved) move(&host, &next, &vcpus[0], round);
  check_usable(moved ? &next : &host, &guests[0], 0xff000000u | (round + 1) * 0x10305u);
  if (host.config.iosfc) check_mapper(&vcpus[0]);
  check_ram(before);
  check_ram(after);
  for (uint32_t at = 0; at < VCPUS; at++) guest_close(&guests[at]);
  if (moved) host_close(&next);
  host_close(&host);
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : DEFAULT_COUNT;
  make_canaries();
  while (atomic_load(&packets) + atomic_load(&accesses) < count) {
    for (uint32_t round = 0; round < ROUNDS; round++) run_round(round, seed, count / ROUNDS);
    check_canaries();
    seed++;
  }
  printf("%lu packets, %lu accesses, %lu restarts after faults, %lu resets, %lu resumes\n", atomic_load(&packets),
         atomic_load(&accesses), atomic_load(&faults), atomic_load(&resets), atomic_load(&moves));
  return 0;
}
