/* SPDX-License-Identifier: Apache-2.0
 *
 * pixels.c - pictures that frames and textures share, so that an encode passes one on instead of copying it, and the copy of one
 * into the host's memory that finds out what changed.
 *
 * Invariant: whoever writes to a picture holds its only reference. Pictures begin as zeros. This file takes no lock and knows no
 * frame, no texture and no device.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "soft_pvg.h"

#define HUGE_PAGE (2ull << 20)

struct soft_pixels *soft_pixels_new(uint32_t width, uint32_t height) {
  struct soft_pixels *pixels = calloc(1, sizeof *pixels);
  if (pixels == NULL) return NULL;
  pixels->length = 4ull * width * height;
  pixels->words = mmap(NULL, pixels->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pixels->words == MAP_FAILED) {
    free(pixels);
    return NULL;
  }
  /* A hint: a picture is written and read as a whole, and with small pages the look-ups of addresses cost as much as the memory. */
#ifdef MADV_HUGEPAGE
  if (pixels->length >= HUGE_PAGE) (void)madvise(pixels->words, pixels->length, MADV_HUGEPAGE);
#endif
  pixels->width = width;
  pixels->height = height;
  atomic_init(&pixels->refs, 1);
  return pixels;
}

struct soft_pixels *soft_pixels_ref(struct soft_pixels *pixels) {
  atomic_fetch_add_explicit(&pixels->refs, 1, memory_order_relaxed);
  return pixels;
}

/* Acquire: what those who gave their references back have read was read before the caller writes. */
bool soft_pixels_sole(const struct soft_pixels *pixels) {
  return atomic_load_explicit(&pixels->refs, memory_order_acquire) == 1;
}

void soft_pixels_unref(struct soft_pixels *pixels) {
  if (pixels == NULL || atomic_fetch_sub_explicit(&pixels->refs, 1, memory_order_acq_rel) != 1) return;
  munmap(pixels->words, pixels->length);
  free(pixels);
}
