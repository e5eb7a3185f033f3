/* SPDX-License-Identifier: Apache-2.0
 *
 * standin.h - how a test tells the stand-in of Apple's frameworks what to be and do, and sees what is left of it.
 *
 * A stand-in behaves as the documentation says, draws with the software PVG, and calls back on threads of its own. There is one library for each version
 * of macOS that it stands in for (pg.m), beside one for what a system has (Metal, libdispatch, blocks). Values are the process's, read when
 * something is made or done. Tests only: nothing of it is in what is installed.
 */
#ifndef STANDIN_H
#define STANDIN_H

#include <stdbool.h>
#include <stdint.h>

#define STANDIN_API __attribute__((visibility("default")))

/* In the order in which they stand here. */
enum standin_value {
  STANDIN_REFUSE_EVERY,    /* every n-th encode is refused */
  STANDIN_ENCODE_DELAY_US, /* what an encode takes at least */
  STANDIN_MANAGED,         /* textures have a RAM and a VRAM copy */
  STANDIN_ANNOUNCE_EVERY,  /* each present is a new frame, asked for or not */
  STANDIN_VSYNC,           /* frames are flipped at the mode's rate */
  STANDIN_READS_WAIT,      /* a read waits for kicks in progress */
  STANDIN_NIL,             /* a standin_place: what is there gives nil */
  STANDIN_THROW,           /* a standin_place: what is there throws */
  STANDIN_EARLY,           /* callbacks while a device is made: 1 from another thread, 2 from the same one; 3: as 1, and wrong ones */
  STANDIN_HANG,            /* a standin_place: what is there doesn't return until this is 0 again */
  STANDIN_ANSWERS,         /* set by what STANDIN_EARLY does: bit 0: there was a task; bit n: the n-th wrong call was answered yes; bit 31: done */
  STANDIN_PAGE_SHIFT,      /* of the guest; 0: 14 with a mapper, as on arm64, else 12 */
  STANDIN_GLYPH,           /* what a glyph says of its rows: 1 that they are shorter than its width, 2 that they are a gigabyte long */
  STANDIN_VALUES
};

enum standin_place {
  STANDIN_NOWHERE,
  STANDIN_DEVICE,       /* the factory */
  STANDIN_DISPLAY,      /* newDisplayWithDescriptor: */
  STANDIN_MAPPER,       /* its initialiser */
  STANDIN_QUEUE,        /* newCommandQueue */
  STANDIN_BUFFER,       /* commandBuffer */
  STANDIN_TEXTURE,      /* newTextureWithDescriptor: */
  STANDIN_MMIO,         /* a register access */
  STANDIN_RESET,
  STANDIN_ENCODE,
  STANDIN_MODES,        /* setModeList: */
  STANDIN_GPUS,         /* MTLCopyAllDevices() */
  STANDIN_SUSPEND,
  STANDIN_PLACES
};

STANDIN_API void standin_set(uint32_t value, int64_t to);
STANDIN_API int64_t standin_get(uint32_t value);

/* Objects of the stand-in's that are alive, in the whole process. */
STANDIN_API int64_t standin_alive(void);
STANDIN_API void standin_count(int64_t more);

/* True if nil is to be given there. Throws or hangs if that is wanted. */
STANDIN_API bool standin_fails(uint32_t place);

#endif
