/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_choice.h - what a fuzzing vCPU is, and how it chooses: by its seed, the same everywhere.
 *
 * The counters say what was done, and the canaries are memory that nobody may touch. What is chosen from is not decided here.
 */
#ifndef FUZZ_CHOICE_H
#define FUZZ_CHOICE_H

#include "soft_guest.h"

#define CANARY 0xa5u
#define CANARIES 64
#define CANARY_LENGTH 65536u

struct vcpu {
  struct guest *guest;
  pthread_t thread;
  uint64_t random;
  uint32_t number, steps;
};

static atomic_ulong packets, accesses, faults, resets, moves;
static uint8_t *canaries[CANARIES];

/* xorshift64*: enough to choose, and the same everywhere. */
static inline uint32_t next(struct vcpu *vcpu) {
  vcpu->random ^= vcpu->random >> 12;
  vcpu->random ^= vcpu->random << 25;
  vcpu->random ^= vcpu->random >> 27;
  return (uint32_t)((vcpu->random * 2685821657736338717ull) >> 32);
}

static inline uint32_t below(struct vcpu *vcpu, uint32_t limit) { return next(vcpu) % limit; }

/* Numbers at which checks go wrong. */
static inline uint32_t awkward(struct vcpu *vcpu) {
  static const uint32_t values[] = {0, 1, 2, 3, 4, 8, 12, 16, 63, 64, 65, 255, 256, 4095, 4096, 4097, 16383, 16384, 16385, 32768, 65535,
                                    65536, 0xfffff, 0x100000, 0x100001, 0x7fffffff, 0x80000000, 0xfffff000, 0xfffffffc, UINT32_MAX};
  switch (below(vcpu, 4)) {
    case 0: return next(vcpu);
    case 1: return 1u << below(vcpu, 32);
    default: return values[below(vcpu, sizeof values / sizeof *values)];
  }
}

/* A port, and sometimes the one behind the last. */
static inline uint32_t some_port(struct vcpu *vcpu) {
  uint32_t ports = vcpu->guest->host->config.ports;
  return below(vcpu, ports + (below(vcpu, 16) == 0));
}

static inline uint32_t page_gpa(struct vcpu *vcpu) { return (uint32_t)RAM_GPA + below(vcpu, RAM_LENGTH / PAGE) * PAGE; }

#endif
