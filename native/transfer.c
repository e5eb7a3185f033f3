/* SPDX-License-Identifier: Apache-2.0
 *
 * transfer.c - memory through which a thread's records pass: what it posts and takes lies there, and no call hands it over.
 *
 * Invariant: a thread's transfer is made when it first asks, is where it is for as long as the thread lives, and is looked at by that thread alone.
 * Mailboxes and devices know nothing of it.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "polling.h"

_Static_assert(offsetof(struct pvg_transfer, posted) == 64 && offsetof(struct pvg_transfer, taken) == 128, "as every language that reads it has it");

static _Thread_local struct pvg_transfer *own;

static pthread_key_t key; /* its destructor is all that it is for */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_key;

static void make_key(void) { has_key = pthread_key_create(&key, free) == 0; }

uint64_t pvg_thread_transfer(void) {
  pthread_once(&once, make_key);
  if (own == NULL && has_key) {
    struct pvg_transfer *made = aligned_alloc(64, sizeof *made);
    if (made != NULL && pthread_setspecific(key, made) == 0) {
      memset(made, 0, sizeof *made);
      own = made;
    } else {
      free(made);
    }
  }
  if (own == NULL) pvgi_fail(PVG_E_NO_MEMORY, "no memory for a thread's records");
  return (uint64_t)(uintptr_t)own;
}

static int32_t take(struct pvg_transfer *transfer) {
  return pvg_mailbox_take(transfer->from, transfer->taken, transfer->max, transfer->timeout_us);
}

static int32_t take_timed(struct pvg_transfer *transfer) {
  transfer->entered_ns = (uint64_t)pvgi_now_ns();
  int32_t result = take(transfer);
  transfer->returned_ns = (uint64_t)pvgi_now_ns();
  return result;
}

int32_t pvg_mailbox_transfer(void) {
  struct pvg_transfer *transfer = own;
  if (transfer == NULL) return pvgi_fail(PVG_E_ARGUMENT, "the thread has no transfer");
  if (transfer->max > PVG_TRANSFER_RECORDS) return pvgi_fail(PVG_E_ARGUMENT, "%u records don't fit, %u do", transfer->max, PVG_TRANSFER_RECORDS);
  if (transfer->to != 0) {
    pvg_mailbox_post(transfer->to, &transfer->posted, -1);
    transfer->to = 0;
  }
  return transfer->timed != 0 ? take_timed(transfer) : take(transfer);
}

int32_t pvg_mmio_carry(uint32_t device) {
  struct pvg_transfer *transfer = own;
  if (transfer == NULL || transfer->to != 0) return pvgi_fail(PVG_E_ARGUMENT, "the thread has no transfer, or one that is to be posted");
  const uint64_t *access = transfer->taken[0].words;
  uint32_t window = (uint32_t)access[1], value[2] = {0, 0};
  int32_t status = access[0] == 1 ? pvg_mmio_write(device, window, access[3], access[5] << 32 | access[4]) : pvg_mmio_read(device, window, access[3], value);
  uint64_t *answer = transfer->posted.words;
  memset(answer, 0, sizeof transfer->posted.words);
  answer[0] = status == PVG_OK;
  answer[1] = value[0];
  answer[2] = access[2] == 8 ? value[1] : 0;
  return status;
}
