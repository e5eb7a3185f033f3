/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.h - the guest's driver: what src/guest/driver.ts does, on a real machine and for one display.
 *
 * Invariant: it waits for interrupts only. Whether a frame is done stands in memory, which the device writes; registers are read when the
 * device is brought up, and afterwards only to find out about a fault.
 */
#ifndef GUEST_DRIVER_H
#define GUEST_DRIVER_H

#include "machine.h"
#include "scene.h"

struct driver {
  struct machine *machine;
  struct size size;
  uint32_t control_written; /* bytes put into the control ring */
  uint32_t child_written;   /* and into the child ring */
  uint32_t stamp;           /* of the last packet that has one */
  uint32_t frame;
  uint32_t interrupts[2];   /* that came, by vector */
  uint32_t timeouts;        /* waits that no interrupt has ended */
};

/* Brings the device up in the mode of that size, or in the preferred one if `size` is zero. */
void driver_start(struct driver *driver, struct machine *machine, struct size size);

/* Has the display's interrupt raised as well, at every present; without it the stamps' interrupts alone say that a frame is done. */
void driver_watch_display(struct driver *driver);

/* Draws the next frame and presents it; waits while two are in the device. */
void driver_present(struct driver *driver);

/* Waits until all that was put in is done. */
void driver_finish(struct driver *driver);

/* Has the device copy 32 × 32 pixels of the task's memory into the frame being drawn; returns at once. driver_finish() waits for it. */
void driver_copy(struct driver *driver);

/* Writes what the last interrupt announced back, so that the next one is raised. */
void driver_acknowledge(const struct driver *driver);

#endif
