/* SPDX-License-Identifier: Apache-2.0
 *
 * control.m - what the stand-in was told, and how many of its objects are alive.
 */
#import <Foundation/Foundation.h>
#include <stdatomic.h>
#include <unistd.h>

#include "standin.h"

static _Atomic int64_t values[STANDIN_VALUES];
static _Atomic int64_t alive;

void standin_set(uint32_t value, int64_t to) {
  if (value < STANDIN_VALUES) atomic_store(&values[value], to);
}

int64_t standin_get(uint32_t value) { return value < STANDIN_VALUES ? atomic_load(&values[value]) : 0; }

int64_t standin_alive(void) { return atomic_load(&alive); }

void standin_count(int64_t more) { atomic_fetch_add(&alive, more); }

bool standin_fails(uint32_t place) {
  while (standin_get(STANDIN_HANG) == (int64_t)place) usleep(1000);
  if (standin_get(STANDIN_THROW) == (int64_t)place) [NSException raise:@"StandinException" format:@"place %u throws", place];
  return standin_get(STANDIN_NIL) == (int64_t)place;
}
