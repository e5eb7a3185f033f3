/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge_test.c - the bridge to Apple's PVG on the stand-in of its frameworks: frames, what fails, what comes early, what doesn't come back, and what is
 * left when it has ended. STANDIN_FRAMEWORK says which macOS.
 *
 *   bridge_test [rounds]     with STANDIN_NARROW_MAPPER set: only that such a mapper is refused
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft_guest.h"
#include "standin.h"

static bool declared; /* this framework asks for no guest memory */

/* ---- what is left ---- */

static void check_nothing_alive(void) { AWAIT(standin_alive() == 0); }

static void forget(void) {
  for (uint32_t value = 0; value < STANDIN_VALUES; value++) standin_set(value, 0);
}

/* ---- frames ---- */

static void draw(struct host *host, struct guest *guest, uint32_t colour) {
  guest_fill_frame(guest, colour);
  guest_await_stamp(guest, 1, guest->stamp);
  AWAIT(pixel(host, 5, 5) == colour && pixel(host, host->pixels_width - 1, host->pixels_height - 1) == colour);
}

static void test_frames(bool managed) {
  struct host host = {0};
  struct guest guest;
  standin_set(STANDIN_MANAGED, managed);
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  CHECK(guest_read(&guest, REG_FAULT) == 0);
  for (uint32_t frame = 1; frame <= 5; frame++) draw(&host, &guest, 0xff000000u + frame);
  CHECK(pvg_texture_managed(host.texture) == managed);
  uint64_t counts[2];
  CHECK(pvg_display_present_counts(host.device, 0, counts) == PVG_OK && counts[0] == 5 && counts[1] >= 1);
  CHECK(atomic_load(&host.last_present) == 5);
  guest_write(&guest, REG_MODE, 1);
  AWAIT(host.mode_width == 33);
  draw(&host, &guest, 0xff123456u);
  CHECK(host.pixels_width == 33);
  CHECK((atomic_load(&host.counts[PVG_UPCALL_CREATE_TASK]) == 0) == declared);
  stage_close(&host, &guest);
  forget();
  check_nothing_alive();
}

static void test_new_texture_is_zeros(void) {
  struct host host = {0};
  host_open(&host);
  uint32_t pixels[64], texture = pvg_texture_create(host.device, 8, 8, 4);
  CHECK(texture != 0 && pvg_texture_copy(texture, pixels, sizeof pixels) == PVG_OK);
  for (size_t at = 0; at < 64; at++) CHECK(pixels[at] == 0);
  CHECK(pvg_texture_copy(texture, pixels, sizeof pixels - 1) == PVG_E_BOUNDS);
  CHECK(pvg_group_destroy(host.group) == PVG_OK);
  CHECK(pvg_texture_release(texture) == PVG_E_HANDLE);
  check_nothing_alive();
}

/* Eight displays, whose modes may be set at run time; a ninth there is none. */
static void test_ports(void) {
  struct host host = {.config = {.ports = 8}};
  struct guest guest;
  stage_open(&host, &guest);
  for (uint32_t port = 1; port < 8; port++) CHECK(pvg_display_set_modes(host.device, port, host.modes, 2) == PVG_OK);
  CHECK(pvg_display_set_modes(host.device, 8, host.modes, 2) == PVG_E_UNSUPPORTED);
  guest_start(&guest, 0);
  draw(&host, &guest, 0xff00ff00u);
  const struct pvg_display_mode more[2] = {{64, 48, 60000, 0}, {100, 50, 60000, 0}};
  CHECK(pvg_display_set_modes(host.device, 0, more, 2) == PVG_OK);
  guest_write(&guest, REG_MODE, 1);
  AWAIT(host.mode_width == 100);
  draw(&host, &guest, 0xff0000ffu);
  stage_close(&host, &guest);
  check_nothing_alive();
}

/* ---- what fails ---- */

struct failing { uint32_t place; bool iosfc; const char *nil, *thrown; };

/* What is nil, or throws, while a device is made is an error that says so, and nothing is left of the device. */
static void test_failing_creation(void) {
  static const struct failing cases[] = {
    {STANDIN_DEVICE, false, "gave no device", "threw StandinException: place 1 throws"},
    {STANDIN_DISPLAY, false, "gave no display for port 0", "threw StandinException: place 2 throws"},
    {STANDIN_MAPPER, true, "PGIOSurfaceHostDevice gives no instance", "threw StandinException: place 3 throws"},
    {STANDIN_QUEUE, false, "gives no command queue", "threw StandinException: place 4 throws"},
  };
  for (size_t at = 0; at < 2 * sizeof cases / sizeof *cases; at++) {
    const struct failing *failing = &cases[at / 2];
    struct host host = {.config = {.iosfc = failing->iosfc}};
    host_open(&host);
    standin_set(at % 2 ? STANDIN_THROW : STANDIN_NIL, failing->place);
    struct pvg_ram_range range = {RAM_GPA, RAM_LENGTH, 0, host.ram, 0};
    CHECK(pvg_device_create(&host.config, &range, 1) == 0);
    CHECK(strstr(pvg_last_error(), at % 2 ? failing->thrown : failing->nil) != NULL);
    forget();
    CHECK(pvg_group_destroy(host.group) == PVG_OK);
    check_nothing_alive();
  }
}

static void test_failing_calls(void) {
  struct host host = {0};
  struct guest guest;
  uint32_t value[2];
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  draw(&host, &guest, 0xff000001u);
  atomic_store(&host.keep_frames, true);
  uint32_t texture = pvg_texture_create(host.device, 64, 48, 4);
  standin_set(STANDIN_THROW, STANDIN_MMIO);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, REG_VERSION, value) == PVG_E_REFUSED);
  CHECK(strstr(pvg_last_error(), "-[PGDevice mmioReadAtOffset:] threw StandinException") != NULL);
  CHECK(pvg_mmio_write(host.device, PVG_WINDOW_GFX, REG_SHARED_PFN, 1) == PVG_E_REFUSED);
  standin_set(STANDIN_THROW, STANDIN_RESET);
  CHECK(pvg_device_reset(host.device) == PVG_E_REFUSED);
  standin_set(STANDIN_THROW, STANDIN_MODES);
  CHECK(pvg_display_set_modes(host.device, 0, host.modes, 1) == PVG_E_REFUSED);
  standin_set(STANDIN_THROW, STANDIN_ENCODE);
  CHECK(pvg_display_encode(host.device, 0, texture, 1, 1) == PVG_E_REFUSED);
  standin_set(STANDIN_THROW, STANDIN_TEXTURE);
  CHECK(pvg_texture_create(host.device, 8, 8, 4) == 0 && strstr(pvg_last_error(), "threw") != NULL);
  standin_set(STANDIN_THROW, STANDIN_GPUS);
  CHECK(pvg_gpu_count() == PVG_E_REFUSED);
  standin_set(STANDIN_THROW, 0);
  standin_set(STANDIN_NIL, STANDIN_TEXTURE);
  CHECK(pvg_texture_create(host.device, 8, 8, 4) == 0 && strstr(pvg_last_error(), "gives no texture of 8x8") != NULL);
  standin_set(STANDIN_NIL, STANDIN_ENCODE);
  CHECK(pvg_display_encode(host.device, 0, texture, 1, 2) == PVG_E_REFUSED);
  standin_set(STANDIN_NIL, STANDIN_BUFFER);
  CHECK(pvg_display_encode(host.device, 0, texture, 1, 3) == PVG_E_NO_MEMORY);
  standin_set(STANDIN_NIL, 0);
  /* None of that is in flight, and the device is as good as before. */
  uint32_t *pixels = malloc(4 * 64 * 48);
  CHECK(pvg_texture_copy(texture, pixels, 4 * 64 * 48) == PVG_OK);
  free(pixels);
  CHECK(pvg_gpu_count() == 1);
  atomic_store(&host.keep_frames, false);
  guest_fill_frame(&guest, 0xff000002u);
  guest_await_stamp(&guest, 1, guest.stamp);
  host_encode(&host, 99);
  AWAIT(pixel(&host, 5, 5) == 0xff000002u);
  stage_close(&host, &guest);
  check_nothing_alive();
}

/* What is the software PVG's only is refused by name; so are registers that there are not. */
static void test_refused_configurations(void) {
  struct host host = {0};
  uint32_t value[2];
  host_open(&host);
  struct pvg_config config = host.config;
  config.virtual_clock = 1;
  CHECK(pvg_device_create(&config, NULL, 0) == 0 && strstr(pvg_last_error(), "virtual_clock is the software PVG's") != NULL);
  config = host.config;
  config.gpu = 1;
  CHECK(pvg_device_create(&config, NULL, 0) == 0 && strstr(pvg_last_error(), "there is no GPU 1") != NULL);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, 0x4000, value) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, UINT64_MAX - 3, value) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, 2, value) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_IOSFC, 0, value) == PVG_E_UNSUPPORTED);
  CHECK(pvg_device_clock_advance(host.device, 1) == PVG_E_UNSUPPORTED);
  CHECK(pvg_group_destroy(host.group) == PVG_OK);
  check_nothing_alive();
}

/* A mapper of other types than the bridge knows is never called: no device has one, and others are made. */
static void test_narrow_mapper(void) {
  struct host host = {0};
  host_open(&host);
  struct pvg_config config = host.config;
  config.iosfc = 1;
  CHECK(pvg_device_create(&config, NULL, 0) == 0 && strstr(pvg_last_error(), "its registers don't have 64 bits") != NULL);
  CHECK(pvg_group_destroy(host.group) == PVG_OK);
  check_nothing_alive();
}

/* ---- what comes early ---- */

/* An interrupt that is raised while the device is made is told once it is; a question from another thread waits, one from the same is answered no. */
static void test_early(uint32_t how) {
  struct host host = {0};
  standin_set(STANDIN_EARLY, how);
  host_open(&host);
  host_run(&host);
  AWAIT(atomic_load(&host.interrupts[0]) == 1);
  AWAIT(standin_get(STANDIN_ANSWERS) != 0);
  bool asked = !declared && how != 2;
  CHECK((standin_get(STANDIN_ANSWERS) & 0x7fffffff) == asked);
  CHECK(atomic_load(&host.counts[PVG_UPCALL_CREATE_TASK]) == asked && atomic_load(&host.counts[PVG_UPCALL_MAP_MEMORY]) == 0);
  CHECK(atomic_load(&host.counts[PVG_UPCALL_UNMAP_MEMORY]) == 0 && atomic_load(&host.counts[PVG_UPCALL_READ_MEMORY]) == 0);
  host_close(&host);
  forget();
  check_nothing_alive();
}

/* ---- what doesn't come back ---- */

struct caller { struct host *host; int32_t result; bool reset; atomic_bool done; };

static void *call(void *argument) {
  struct caller *caller = argument;
  uint32_t value[2];
  caller->result = caller->reset ? pvg_device_reset(caller->host->device)
                                 : pvg_mmio_read(caller->host->device, PVG_WINDOW_GFX, REG_VERSION, value);
  atomic_store(&caller->done, true);
  return NULL;
}

static bool waits(struct host *host) {
  struct pvg_wait waits[8];
  int32_t count = pvg_device_waits(host->device, waits, 8);
  return count == 1 && waits[0].what == PVG_WAIT_THREAD && strcmp(pvg_device_thread_name(waits[0].target), "pvg-entry") == 0;
}

/* A stop lets go who is in a framework that doesn't come back, and the device ends when that does. */
static void test_hanging(bool reset) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  struct caller caller = {.host = &host, .reset = reset};
  pthread_t thread;
  standin_set(STANDIN_HANG, reset ? STANDIN_RESET : STANDIN_MMIO);
  CHECK(pthread_create(&thread, NULL, call, &caller) == 0);
  AWAIT(waits(&host));
  CHECK(!atomic_load(&caller.done));
  CHECK(pvg_device_stop(host.device) == PVG_OK);
  pthread_join(thread, NULL);
  CHECK(caller.result == PVG_E_CLOSED);
  forget();
  stage_close(&host, &guest);
  check_nothing_alive();
}

#define ENTRIES 64u /* threads inside the framework at once; APPLE_ENTRIES */

static bool all_wait(struct host *host) {
  static struct pvg_wait waits[ENTRIES + 1];
  return pvg_device_waits(host->device, waits, ENTRIES + 1) == (int32_t)ENTRIES;
}

/* Who finds every thread inside the framework is told so; what he wanted is not begun, and can be once they have come back. */
static void test_all_inside(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  draw(&host, &guest, 0xff010203u);
  atomic_store(&host.keep_frames, true);
  uint32_t texture = pvg_texture_create(host.device, 64, 48, 4), *pixels = malloc(4 * 64 * 48), value[2];
  struct caller callers[ENTRIES];
  pthread_t threads[ENTRIES];
  standin_set(STANDIN_HANG, STANDIN_MMIO);
  for (uint32_t at = 0; at < ENTRIES; at++) {
    callers[at] = (struct caller){.host = &host};
    CHECK(pthread_create(&threads[at], NULL, call, &callers[at]) == 0);
  }
  AWAIT(all_wait(&host));
  CHECK(pvg_display_encode(host.device, 0, texture, 1, 7) == PVG_E_NO_MEMORY && strstr(pvg_last_error(), "no more threads") != NULL);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, REG_VERSION, value) == PVG_E_NO_MEMORY);
  standin_set(STANDIN_HANG, 0);
  for (uint32_t at = 0; at < ENTRIES; at++) {
    pthread_join(threads[at], NULL);
    CHECK(callers[at].result == PVG_OK);
  }
  CHECK(pvg_texture_copy(texture, pixels, 4 * 64 * 48) == PVG_OK);
  CHECK(pvg_display_encode(host.device, 0, texture, 1, 8) == PVG_OK);
  free(pixels);
  stage_close(&host, &guest);
  check_nothing_alive();
}

/* ---- suspend and resume ---- */

/* A device goes on on a new one; a state that is damaged, cut short or of another kind is refused by what is wrong with it. */
static void test_resume(void) {
  struct host host = {0}, next = {0};
  struct guest guest;
  uint64_t length = 0;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  draw(&host, &guest, 0xff445566u);
  CHECK(pvg_device_state(host.device, NULL, 0, &length) == PVG_E_REFUSED);
  CHECK(pvg_device_suspend(host.device) == PVG_OK && pvg_device_suspend(host.device) == PVG_OK);
  uint32_t value[2];
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, REG_VERSION, value) == PVG_E_CLOSED);
  CHECK(pvg_device_state(host.device, NULL, 0, &length) == PVG_OK);
  uint8_t *state = malloc(length);
  CHECK(pvg_device_state(host.device, state, length, &length) == PVG_OK);
  host_open(&next);
  host_run(&next);
  memcpy((void *)(uintptr_t)pvg_ram_address(next.ram), guest.memory, RAM_LENGTH);
  state[length / 2] ^= 1;
  CHECK(pvg_device_resume(next.device, state, length) == PVG_E_ARGUMENT && strstr(pvg_last_error(), "is damaged") != NULL);
  state[length / 2] ^= 1;
  CHECK(pvg_device_resume(next.device, state, length - 1) == PVG_E_ARGUMENT && strstr(pvg_last_error(), "cut short") != NULL);
  CHECK(pvg_device_resume(next.device, state, 4) == PVG_E_ARGUMENT);
  CHECK(pvg_device_resume(next.device, "no state at all, but long enough", 32) == PVG_E_ARGUMENT);
  CHECK(pvg_device_resume(next.device, state, length) == PVG_OK);
  CHECK(pvg_device_resume(next.device, state, length) == PVG_E_ARGUMENT);
  struct guest moved = guest;
  moved.host = &next;
  moved.memory = mmap(NULL, RAM_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, pvg_ram_fd(next.ram), 0);
  next.mode_width = 64;
  next.mode_height = 48;
  draw(&next, &moved, 0xff778899u);
  free(state);
  stage_close(&next, &moved);
  stage_close(&host, &guest);
  check_nothing_alive();
}

/* ---- again and again ---- */

/* Mappings of guest RAM in this process: the RAM itself, and every view of it. */
static uint32_t mappings_of_ram(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  char line[512];
  uint32_t found = 0;
  while (fgets(line, sizeof line, maps) != NULL) found += strstr(line, "/memfd:pvg-ram") != NULL;
  fclose(maps);
  return found;
}

static void test_rounds(uint32_t rounds) {
  standin_set(STANDIN_PAGE_SHIFT, PAGE_SHIFT);
  for (uint32_t round = 0; round < rounds; round++) {
    struct host host = {.config = {.iosfc = round % 2}};
    struct guest guest;
    stage_open(&host, &guest);
    guest_start(&guest, 0);
    draw(&host, &guest, 0xff000000u + round);
    stage_close(&host, &guest);
  }
  check_nothing_alive();
  AWAIT(mappings_of_ram() == 0);
}

int main(int count, char **arguments) {
  char report[16384] = {0};
  CHECK(pvg_bridge_report(report, sizeof report - 1) > 0);
  declared = strstr(report, "guest memory by: declared ranges") != NULL;
  CHECK(declared || strstr(report, "guest memory by: tasks") != NULL);
  /* Where there are both models the host is asked, unless it is told otherwise. */
  bool both = strstr(report, "-setCreateTask:  v") != NULL && strstr(report, "class PGMemoryMapDescriptor: there") != NULL;
  const char *wanted = getenv("APPLE_GFX_MEMORY");
  CHECK(!both || declared == (wanted != NULL && strcmp(wanted, "ranges") == 0));
  if (getenv("STANDIN_NARROW_MAPPER") != NULL) {
    test_narrow_mapper();
    return 0;
  }
  test_frames(false);
  test_frames(true);
  test_new_texture_is_zeros();
  test_ports();
  test_failing_creation();
  test_failing_calls();
  test_refused_configurations();
  for (uint32_t how = 1; how <= 3; how++) test_early(how);
  test_hanging(false);
  test_hanging(true);
  test_all_inside();
  test_resume();
  test_rounds(count > 1 ? (uint32_t)atoi(arguments[1]) : 10);
  return 0;
}
