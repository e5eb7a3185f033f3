/* SPDX-License-Identifier: Apache-2.0
 *
 * ram_import_test.c - RAM that is somebody else's: what can be one and what can't, that it is shared, that it can be taken away from everybody
 * while it is used, that a file cut short ends nothing, and what is told of pages that may have been written.
 *
 * Bytes are looked at through a reference on the range (pvgi_range_acquire), as a PVG does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "internal.h"

#define PAGES 64u

static uint64_t page;

static uint8_t *view(uint64_t address) { return (uint8_t *)(uintptr_t)address; }

static int make_file(uint64_t pages, unsigned flags) {
  int fd = memfd_create("ram-import-test", MFD_CLOEXEC | flags);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)(pages * page)) == 0);
  return fd;
}

static uint8_t *map_file(int fd, uint64_t pages) {
  void *bytes = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(bytes != MAP_FAILED);
  return bytes;
}

static uint8_t *range_bytes(uint32_t range, struct pvgi_memory *memory) {
  CHECK(pvgi_range_acquire(range, memory) == PVG_OK);
  return memory->base;
}

static bool refused(uint32_t ram, const char *word) { return ram == 0 && strstr(pvg_last_error(), word) != NULL; }

/* ---- descriptors ---- */

static void test_descriptor(void) {
  uint32_t group = pvg_group_create();
  int fd = make_file(PAGES, MFD_ALLOW_SEALING);
  uint8_t *file = map_file(fd, PAGES);
  file[8 * page] = 0x11;
  uint32_t ram = pvg_ram_import(group, fd, 8 * page, 16 * page, 1), range = pvg_range_create(group, 4 * page);
  CHECK(ram != 0 && (fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK) != 0);
  CHECK(pvg_ram_fd(ram) != fd && close(fd) == 0); /* the caller's own is of no account any more */
  CHECK(pvg_range_map(range, page, ram, page, page, 0) == PVG_OK && pvg_range_map(range, 2 * page, ram, 0, page, 1) == PVG_OK);
  struct pvgi_memory memory;
  uint8_t *bytes = range_bytes(range, &memory);
  bytes[page] = 0x22;
  CHECK(bytes[2 * page] == 0x11 && file[9 * page] == 0x22 && view(pvg_ram_address(ram))[page] == 0x22);
  CHECK(pvg_range_map(range, 0, ram, 16 * page, page, 0) == PVG_E_BOUNDS);
  pvgi_range_release(&memory);
  CHECK(pvg_group_destroy(group) == PVG_OK && file[9 * page] == 0x22);
  munmap(file, PAGES * page);
}

/* What can't be written is never shown for writing, and who writes to its addresses changes nobody else's. */
static void test_read_only(void) {
  uint32_t group = pvg_group_create();
  int fd = make_file(PAGES, 0);
  uint8_t *file = map_file(fd, PAGES);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int reader = open(path, O_RDONLY | O_CLOEXEC);
  file[0] = 0x33;
  CHECK(refused(pvg_ram_import(group, reader, 0, page, 1), "reading only"));
  uint32_t ram = pvg_ram_import(group, reader, 0, 2 * page, 0), range = pvg_range_create(group, page);
  CHECK(pvg_range_map(range, 0, ram, 0, page, 0) == PVG_E_ARGUMENT && pvg_range_map(range, 0, ram, 0, page, 1) == PVG_OK);
  view(pvg_ram_view(ram))[0] = 0x44;
  CHECK(file[0] == 0x33);
  struct pvgi_memory memory;
  CHECK(range_bytes(range, &memory)[0] == 0x33);
  pvgi_range_release(&memory);
  int writer = open(path, O_WRONLY | O_CLOEXEC), named = open(path, O_PATH | O_CLOEXEC);
  CHECK(refused(pvg_ram_import(group, writer, 0, page, 1), "for reading") && refused(pvg_ram_import(group, named, 0, page, 1), "for reading"));
  CHECK(close(fd) == 0 && close(reader) == 0 && close(writer) == 0 && close(named) == 0 && pvg_group_destroy(group) == PVG_OK);
  munmap(file, PAGES * page);
}

static void test_wrong_descriptors(void) {
  uint32_t group = pvg_group_create();
  int pipes[2], sockets[2], fd = make_file(4, 0), folder = open("/", O_RDONLY | O_CLOEXEC), device = open("/dev/zero", O_RDWR | O_CLOEXEC);
  CHECK(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && folder >= 0 && device >= 0);
  CHECK(refused(pvg_ram_import(group, -1, 0, page, 1), "descriptor -1") && refused(pvg_ram_import(group, 1 << 20, 0, page, 1), "descriptor"));
  CHECK(refused(pvg_ram_import(group, pipes[0], 0, page, 0), "a pipe") && refused(pvg_ram_import(group, sockets[0], 0, page, 1), "a socket"));
  CHECK(refused(pvg_ram_import(group, folder, 0, page, 0), "a directory") && refused(pvg_ram_import(group, device, 0, page, 1), "a character device"));
  CHECK(refused(pvg_ram_import(group, fd, 0, 5 * page, 1), "has 0x4000 bytes") && refused(pvg_ram_import(group, fd, 4 * page, page, 1), "has 0x4000"));
  CHECK(pvg_ram_import(group, fd, 1, page, 1) == 0 && pvg_ram_import(group, fd, 0, page + 1, 1) == 0 && pvg_ram_import(group, fd, 0, 0, 1) == 0);
  CHECK(pvg_ram_import(group, fd, UINT64_MAX - page + 1, page, 1) == 0 && pvg_ram_import(group, fd, INT64_MAX - page + 1, page, 1) == 0);
  CHECK(pvg_ram_import(group, fd, 0, UINT64_MAX - page + 1, 1) == 0 && pvg_ram_import(0, fd, 0, page, 1) == 0);
  int before = dup(fd);
  close(before);
  CHECK(pvg_ram_import(0, fd, 0, page, 1) == 0 && pvg_ram_import(group, fd, 0, 5 * page, 1) == 0);
  int after = dup(fd);
  CHECK(before == after && close(after) == 0); /* none of these has left a descriptor open */
  close(fd), close(folder), close(device), close(pipes[0]), close(pipes[1]), close(sockets[0]), close(sockets[1]);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* ---- memory of this process ---- */

static void test_address(void) {
  uint32_t group = pvg_group_create();
  uint8_t *own = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  uint64_t start = (uint64_t)(uintptr_t)own;
  CHECK(mprotect(own + 4 * page, page, PROT_READ) == 0); /* makes it several mappings to the system */
  uint32_t ram = pvg_ram_import_address(group, start + page, 3 * page, 1), rom = pvg_ram_import_address(group, start, 8 * page, 0);
  CHECK(ram != 0 && rom != 0 && pvg_ram_fd(ram) == PVG_E_UNSUPPORTED);
  CHECK(refused(pvg_ram_import_address(group, start, 8 * page, 1), "can't be written"));
  uint32_t range = pvg_range_create(group, 4 * page);
  CHECK(pvg_range_map(range, 0, ram, page, 2 * page, 0) == PVG_OK && pvg_range_map(range, 2 * page, rom, 7 * page, page, 1) == PVG_OK);
  struct pvgi_memory memory;
  uint8_t *bytes = range_bytes(range, &memory);
  bytes[page] = 0x55;
  own[7 * page] = 0x66;
  CHECK(own[3 * page] == 0x55 && bytes[2 * page] == 0x66 && view(pvg_ram_address(ram))[2 * page] == 0x55);
  CHECK(pvg_ram_revoke(ram) == PVG_OK && own[3 * page] == 0x55 && bytes[page] == 0);
  bytes[page] = 0x77;
  CHECK(own[3 * page] == 0x55);
  pvgi_range_release(&memory);
  CHECK(pvg_group_destroy(group) == PVG_OK && own[3 * page] == 0x55 && own[7 * page] == 0x66);
  munmap(own, PAGES * page);
}

static void test_wrong_addresses(void) {
  uint32_t group = pvg_group_create();
  uint8_t *reserved = mmap(NULL, 8 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint64_t start = (uint64_t)(uintptr_t)reserved;
  int first = make_file(4, 0), second = make_file(4, 0);
  CHECK(refused(pvg_ram_import_address(group, start, page, 1), "private"));
  CHECK(mmap(reserved, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, first, 0) == reserved);
  CHECK(mmap(reserved + 2 * page, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, second, (off_t)(2 * page)) != MAP_FAILED);
  CHECK(pvg_ram_import_address(group, start, 2 * page, 1) != 0);
  CHECK(refused(pvg_ram_import_address(group, start, 4 * page, 1), "another file")); /* its second half would be of the first file */
  CHECK(refused(pvg_ram_import_address(group, start + 2 * page, 4 * page, 1), "private"));
  CHECK(munmap(reserved + 4 * page, 4 * page) == 0);
  CHECK(mmap(reserved + 2 * page, 2 * page, PROT_NONE, MAP_SHARED | MAP_FIXED, first, (off_t)(2 * page)) != MAP_FAILED);
  CHECK(refused(pvg_ram_import_address(group, start, 4 * page, 0), "can't be read"));
  CHECK(pvg_ram_import_address(group, 0, page, 1) == 0 && pvg_ram_import_address(group, start + 1, page, 1) == 0);
  CHECK(pvg_ram_import_address(group, UINT64_MAX - page + 1, page, 1) == 0 && pvg_ram_import_address(group, UINT64_C(1) << 46, page, 1) == 0);
  close(first), close(second);
  munmap(reserved, 4 * page);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* Private memory between what can't be touched, as engines reserve it; it may grow afterwards. */
static void test_share(void) {
  uint8_t *reserved = mmap(NULL, 32 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *own = reserved + 8 * page;
  uint64_t start = (uint64_t)(uintptr_t)own;
  CHECK(mprotect(own, 8 * page, PROT_READ | PROT_WRITE) == 0);
  own[0] = 0x12, own[5 * page + 9] = 0x34;
  CHECK(pvg_memory_share(start + page, page) == PVG_E_ARGUMENT && pvg_memory_share(start, 9 * page) == PVG_E_ARGUMENT);
  CHECK(pvg_memory_share(start + 1, page) == PVG_E_BOUNDS && pvg_memory_share(start, 0) == PVG_E_BOUNDS);
  CHECK(pvg_memory_share(start, 8 * page) == PVG_OK && own[0] == 0x12 && own[5 * page + 9] == 0x34 && own[page] == 0);
  uint32_t one = pvg_group_create(), other = pvg_group_create();
  uint32_t ram = pvg_ram_import_address(one, start, 8 * page, 1);
  CHECK(ram != 0 && pvg_memory_share(start, 8 * page) == PVG_OK);
  uint32_t again = pvg_ram_import_address(other, start + 4 * page, 2 * page, 1);
  view(pvg_ram_address(again))[page + 9] = 0x56;
  CHECK(own[5 * page + 9] == 0x56 && view(pvg_ram_address(ram))[5 * page + 9] == 0x56);
  CHECK(mprotect(own, 10 * page, PROT_READ | PROT_WRITE) == 0 && pvg_memory_share(start, 10 * page) == PVG_OK);
  CHECK(refused(pvg_ram_import_address(one, start, 10 * page, 1), "another file") && pvg_ram_import_address(one, start + 8 * page, 2 * page, 1) != 0);
  CHECK(pvg_group_destroy(one) == PVG_OK && pvg_group_destroy(other) == PVG_OK && own[0] == 0x12);
  munmap(reserved, 32 * page);
  uint8_t *heap = malloc(4 * page);
  CHECK(pvg_memory_share(((uint64_t)(uintptr_t)heap + page - 1) / page * page, page) == PVG_E_ARGUMENT);
  free(heap);
}

/* ---- taken away ---- */

static atomic_bool stop;
static uint32_t drawn_range, drawn_ram;
static struct pvgi_memory drawn;

/* Mapping pages is no race with who writes there, though the thread sanitizer takes it for a write. */
__attribute__((no_sanitize("thread"))) static void *draw(void *nothing) {
  for (uint32_t at = 0; !atomic_load(&stop); at++) {
    for (uint32_t i = 0; i < 8; i++) ((volatile uint8_t *)drawn.base)[i * page + at % page] = 0xdd;
  }
  return nothing;
}

static void *remap(void *nothing) {
  for (uint32_t at = 0; !atomic_load(&stop); at++) {
    int32_t status = pvg_range_map(drawn_range, at % 8 * page, drawn_ram, at % PAGES * page, page, 0);
    CHECK(status == PVG_OK || status == PVG_E_HANDLE);
  }
  return nothing;
}

/* Whoever draws and maps goes on; the file stays as it is from the moment on at which it was taken away. */
static void test_revoke(bool destroyed) {
  uint32_t group = pvg_group_create();
  int fd = make_file(PAGES, 0);
  uint8_t *file = map_file(fd, PAGES);
  for (int round = 0; round < 20; round++) {
    pthread_t threads[3];
    drawn_ram = pvg_ram_import(group, fd, 0, PAGES * page, 1);
    drawn_range = pvg_range_create(group, 8 * page);
    CHECK(drawn_ram != 0 && pvg_range_map(drawn_range, 0, drawn_ram, 0, 8 * page, 0) == PVG_OK);
    range_bytes(drawn_range, &drawn);
    atomic_store(&stop, false);
    for (int at = 0; at < 3; at++) CHECK(pthread_create(&threads[at], NULL, at == 0 ? remap : draw, NULL) == 0);
    while (file[0] != 0xdd) usleep(100);
    struct pvgi_memory held;
    CHECK(pvgi_ram_acquire(drawn_ram, &held) == PVG_OK);
    if (destroyed) CHECK(pvg_ram_destroy(drawn_ram) == PVG_OK);
    CHECK(pvg_ram_revoke(drawn_ram) == PVG_OK);
    memset(file, 0x77, PAGES * page);
    CHECK(held.base[page] == 0); /* whoever held it has zeros that are nobody else's */
    held.base[page] = 1;
    usleep(2000);
    atomic_store(&stop, true);
    for (int at = 0; at < 3; at++) CHECK(pthread_join(threads[at], NULL) == 0);
    for (uint64_t at = 0; at < PAGES * page; at++) CHECK(file[at] == 0x77);
    CHECK(pvg_range_map(drawn_range, 0, drawn_ram, 0, page, 1) == PVG_E_HANDLE);
    pvgi_range_release(&drawn);
    pvgi_ram_release(&held);
    if (!destroyed) CHECK(pvg_ram_fd(drawn_ram) == PVG_E_UNSUPPORTED && pvg_ram_destroy(drawn_ram) == PVG_OK);
    CHECK(pvg_range_destroy(drawn_range) == PVG_OK);
  }
  CHECK(pvg_ram_revoke(0) == PVG_E_HANDLE && pvg_ram_revoke(0xffffffffu) == PVG_E_HANDLE && pvg_ram_revoke(drawn_range) == PVG_E_HANDLE);
  close(fd);
  munmap(file, PAGES * page);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* Pieces that were cut, joined and replaced are found all the same, and what is another's stays. */
static void test_revoke_pieces(void) {
  uint32_t group = pvg_group_create(), range = pvg_range_create(group, PAGES * page);
  int fd = make_file(PAGES, 0);
  uint8_t *file = map_file(fd, PAGES);
  memset(file, 0x99, PAGES * page);
  uint32_t ram = pvg_ram_import(group, fd, 0, PAGES * page, 1), other = pvg_ram_import(group, fd, 0, PAGES * page, 1);
  uint32_t owner[PAGES] = {0};
  uint64_t seed = 12345;
  for (int step = 0; step < 4000; step++) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t at = (uint32_t)(seed >> 33) % PAGES, count = 1 + (uint32_t)(seed >> 40) % (PAGES - at), which = (uint32_t)(seed >> 50) % 3;
    uint32_t from = (uint32_t)(seed >> 55) % 2 == 0 ? at : (uint32_t)(seed >> 52) % (PAGES - count + 1);
    count = count > 12 ? count % 12 + 1 : count;
    if (which == 2) {
      CHECK(pvg_range_unmap(range, at * page, count * page) == PVG_OK);
    } else {
      CHECK(pvg_range_map(range, at * page, which == 0 ? ram : other, from * page, count * page, (uint32_t)step & 1) == PVG_OK);
    }
    for (uint32_t i = at; i < at + count; i++) owner[i] = which == 2 ? 0 : which == 0 ? ram : other;
  }
  CHECK(pvg_ram_revoke(ram) == PVG_OK);
  struct pvgi_memory memory;
  const uint8_t *bytes = range_bytes(range, &memory);
  for (uint32_t i = 0; i < PAGES; i++) CHECK(bytes[i * page] == (owner[i] == other ? 0x99 : 0));
  pvgi_range_release(&memory);
  close(fd);
  munmap(file, PAGES * page);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* Addresses that nobody has a view of are given back, others are not. */
static void test_addresses(void) {
  uint32_t group = pvg_group_create();
  int fd = make_file(PAGES, 0);
  uint32_t seen = pvg_ram_import(group, fd, 0, page, 1), unseen = pvg_ram_import(group, fd, 0, page, 1);
  uint8_t *view_of_it = view(pvg_ram_view(seen));
  unsigned char resident;
  void *address = view(pvg_ram_address(unseen));
  CHECK(mincore(address, page, &resident) == 0);
  CHECK(pvg_ram_destroy(seen) == PVG_OK && pvg_ram_destroy(unseen) == PVG_OK);
  CHECK(mincore(address, page, &resident) != 0 && *view_of_it == 0);
  *view_of_it = 1;
  close(fd);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* ---- files that are cut short ---- */

static void *touch(void *bytes) {
  volatile uint8_t *all = bytes;
  for (uint32_t at = 0; at < PAGES; at++) {
    CHECK(all[at * page] == 0);
    all[at * page] = 1;
  }
  return NULL;
}

static void test_truncated(void) {
  uint32_t group = pvg_group_create(), range = pvg_range_create(group, PAGES * page), again = pvg_range_create(group, PAGES * page);
  int fd = make_file(PAGES, 0);
  uint32_t ram = pvg_ram_import(group, fd, 0, PAGES * page, 1);
  uint8_t *file = map_file(fd, PAGES);
  memset(file, 0xaa, PAGES * page);
  uint32_t twice = pvg_ram_import_address(group, (uint64_t)(uintptr_t)file, PAGES * page, 1);
  CHECK(pvg_range_map(range, 0, ram, 0, PAGES * page, 0) == PVG_OK && pvg_range_map(again, 0, twice, 0, PAGES * page, 0) == PVG_OK);
  struct pvgi_memory memory, copy;
  uint8_t *bytes = range_bytes(range, &memory), *others = range_bytes(again, &copy);
  CHECK(bytes[0] == 0xaa && ftruncate(fd, 0) == 0);
  pthread_t threads[2];
  CHECK(pthread_create(&threads[0], NULL, touch, bytes) == 0 && pthread_create(&threads[1], NULL, touch, others) == 0);
  touch(view(pvg_ram_address(ram)));
  CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
  CHECK(pvg_range_map(range, 0, twice, 0, page, 0) == PVG_OK && bytes[0] == 0);
  CHECK(pvg_ram_revoke(ram) == PVG_OK && pvg_ram_revoke(twice) == PVG_OK && bytes[0] == 0 && others[0] == 0);
  pvgi_range_release(&memory);
  pvgi_range_release(&copy);
  close(fd);
  munmap(file, PAGES * page);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static atomic_int passed_on;

static void others_handler(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  atomic_fetch_add(&passed_on, 1);
  if (info->si_code == BUS_ADRERR) mprotect(info->si_addr, page, PROT_READ), mmap(info->si_addr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* What is nobody's of ours goes to whom it went before. */
static void test_others(void) {
  int fd = make_file(1, 0);
  volatile uint8_t *file = map_file(fd, 1);
  CHECK(ftruncate(fd, 0) == 0 && atomic_load(&passed_on) == 0);
  CHECK(file[0] == 0 && atomic_load(&passed_on) == 1);
  raise(SIGBUS);
  CHECK(atomic_load(&passed_on) == 2);
  close(fd);
}

/* ---- pages that may have been written ---- */

static void take(uint32_t ram, uint64_t *word) { CHECK(pvg_ram_take_dirty(ram, page, word, 1) == PVG_OK); }

static void test_dirty(void) {
  uint32_t group = pvg_group_create(), range = pvg_range_create(group, 16 * page), other = pvg_range_create(group, page);
  int fd = make_file(PAGES, 0);
  uint32_t ram = pvg_ram_import(group, fd, 0, PAGES * page, 1);
  uint64_t word, words[2];
  CHECK(pvg_range_map(range, 0, ram, 4 * page, 2 * page, 0) == PVG_OK);
  take(ram, &word);
  CHECK(word == UINT64_MAX); /* nobody knows what was written before */
  take(ram, &word);
  CHECK(word == 0x30); /* what is shown for writing always counts */
  CHECK(pvg_range_map(range, 4 * page, ram, 8 * page, page, 1) == PVG_OK && pvg_range_map(other, 0, ram, 63 * page, page, 0) == PVG_OK);
  CHECK(pvg_range_unmap(range, page, page) == PVG_OK);
  take(ram, &word);
  CHECK(word == (UINT64_C(1) << 63 | 0x30));
  take(ram, &word);
  CHECK(word == (UINT64_C(1) << 63 | 0x10));
  CHECK(pvg_range_map(range, 0, ram, 20 * page, page, 0) == PVG_OK && pvg_range_destroy(other) == PVG_OK);
  take(ram, &word);
  CHECK(word == (UINT64_C(1) << 63 | UINT64_C(1) << 20 | 0x10)); /* what was replaced, and the range that is gone */
  take(ram, &word);
  CHECK(word == UINT64_C(1) << 20);
  CHECK(pvg_ram_take_dirty(ram, 32 * page, &word, 1) == PVG_OK && word == 1);
  CHECK(pvg_ram_take_dirty(ram, 2 * page, &word, 1) == PVG_OK && word == 1 << 10);
  CHECK(pvg_ram_take_dirty(ram, page, words, 2) == PVG_E_BOUNDS && pvg_ram_take_dirty(ram, page / 2, words, 2) == PVG_E_ARGUMENT);
  CHECK(pvg_ram_take_dirty(ram, 3 * page, words, 1) == PVG_E_ARGUMENT && pvg_ram_take_dirty(ram, page, NULL, 1) == PVG_E_ARGUMENT);
  CHECK(pvg_ram_take_dirty(range, page, words, 1) == PVG_E_HANDLE && pvg_ram_end_dirty(range) == PVG_E_HANDLE);
  CHECK(pvg_ram_revoke(ram) == PVG_OK);
  take(ram, &word);
  CHECK(word == UINT64_C(1) << 20);
  take(ram, &word);
  CHECK(word == 0);
  CHECK(pvg_ram_end_dirty(ram) == PVG_OK && pvg_ram_end_dirty(ram) == PVG_OK);
  take(ram, &word);
  CHECK(word == UINT64_MAX);
  close(fd);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

int main(void) {
  page = pvg_page_size();
  struct sigaction action = {.sa_sigaction = others_handler, .sa_flags = SA_SIGINFO};
  CHECK(sigaction(SIGBUS, &action, NULL) == 0);
  test_descriptor();
  test_read_only();
  test_wrong_descriptors();
  test_address();
  test_wrong_addresses();
  test_share();
  test_revoke(false);
  test_revoke(true);
  test_revoke_pieces();
  test_addresses();
  test_truncated();
  test_others();
  test_dirty();
  return 0;
}
