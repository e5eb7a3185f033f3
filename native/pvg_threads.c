/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_threads.c - threads of a PVG's: how they start, and what a thread knows of itself.
 *
 * A thread's numbers, the system's and PVG's own, are set before it does anything, and never change; a caller's thread has no number of
 * PVG's, which is 0. This file doesn't know what the threads do.
 */
#define _GNU_SOURCE /* pthread_setname_np */
#include <signal.h>
#include <stdlib.h>

#include "pvg_device.h"

static _Thread_local uint32_t own_system, own_number;

/* The system is asked once a thread, since the answer is wanted in every upcall. */
uint32_t pvgi_own_system(void) {
  if (own_system == 0) own_system = pvg_thread_id();
  return own_system;
}

uint32_t pvgi_own_number(void) { return own_number; }

struct start {
  uint32_t number;
  void *(*entry)(void *);
  void *argument;
};

static void *thread_main(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  own_number = start.number;
#ifdef __APPLE__
  pthread_setname_np(pvg_device_thread_name(start.number)); /* only a thread itself can do that there */
#endif
  pvgi_own_system();
  return start.entry(start.argument);
}

/* PVG's threads take no signals: those are the host's. 0, or the system's error. */
int pvgi_thread_create(pthread_t *thread, uint32_t number, void *(*entry)(void *), void *argument) {
  struct start *start = malloc(sizeof *start);
  if (start == NULL) return -1;
  *start = (struct start){.number = number, .entry = entry, .argument = argument};
  sigset_t all, before;
  sigfillset(&all);
  sigdelset(&all, SIGBUS); /* of memory whose file was cut short, which is answered (bus_error.c); blocked it would end the process */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(thread, NULL, thread_main, start);
#ifndef __APPLE__
  if (error == 0) pthread_setname_np(*thread, pvg_device_thread_name(number));
#endif
  if (error != 0) free(start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}
