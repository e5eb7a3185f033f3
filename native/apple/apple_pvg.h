/* SPDX-License-Identifier: Apache-2.0
 *
 * apple_pvg.h - the private structures of the bridge to Apple's ParavirtualizedGraphics.framework.
 *
 * Objective-C without automatic reference counting: what a structure points to it has a reference on, unless it says otherwise.
 *
 * Who runs what. A caller never enters the framework itself: a thread of the bridge's does (entries.m), so that a stop can let the caller go
 * whatever the framework waits for. Callbacks come on threads of the framework's, display events on our queue, completed frames on Metal's;
 * they post and ask as every PVG does (upcall.c). Metal alone is called on the caller's thread, for nothing in it waits for the host.
 *
 * How long things live. Blocks that the framework has hold a Keeper, and threads that are inside the framework another reference on it; the Keeper
 * frees the structure when the last of them is gone. So a framework that lets go late finds a device that answers no, and not freed memory.
 *
 * Lock order: device.lock, then upcall_lock and the leaves of pvg_device.h. None is held while the framework or Metal is called.
 */
#ifndef APPLE_PVG_H
#define APPLE_PVG_H

#import "framework.h"

#include "../pvg_device.h"

enum apple_thread { THREAD_FRAMEWORK = 1, THREAD_DISPLAY = 2, THREAD_GPU = 3, THREAD_ENTRY = 4 /* and up */ };

#define APPLE_ENTRIES 64u      /* threads inside the framework at once, for one device; nested accesses need one each */
#define APPLE_TASKS 512u
#define APPLE_EARLY 64u        /* records from before the device was made */
#define APPLE_ENCODES 4u       /* a port's, in flight */
#define APPLE_PIECES_MAX 65536u
#define APPLE_READ_MAX (256ull << 20)
#define APPLE_GLYPH_SIDE_MAX 16384u
#define APPLE_GLYPH_MAX_LENGTH (4ull << 20)
#define APPLE_IOSFC_LENGTH 0x10000

struct apple_device;

/* ---- what the framework is (framework.m) ---- */

enum apple_model { MODEL_NONE = 0, MODEL_TASKS, MODEL_RANGES };

/* Looked up once; constant from then on. Classes have no references to count. */
struct apple_framework {
  Class device_descriptor, display_descriptor, display_mode, memory_map, iosfc_device, iosfc_descriptor;
  PGDeviceFactory factory;
  const char *factory_name;
  PGOptionROM option_rom;
  enum apple_model model;
  char missing[256]; /* why there is no model, or "" */
};

const struct apple_framework *apple_framework(void);

/* PVG_OK, or PVG_E_UNSUPPORTED with what is missing. */
int32_t apple_framework_check(bool iosfc);

/* Whether instances of a class, or an object, answer to a selector whose types are among those, "|" between them, as the runtime writes them
 * without offsets. NULL: whatever the types are. */
bool apple_class_has(Class class, SEL selector, const char *types);
bool apple_answers(id object, SEL selector, const char *types);

/* ---- exceptions (guard.m) ---- */

/* Runs it in an autorelease pool. PVG_OK, or PVG_E_REFUSED with the text of the exception that it threw. */
int32_t apple_guard(const char *what, void (^body)(void));

/* As apple_guard() where nobody is told: in a callback, of which nothing may get out into the framework. */
void apple_shield(const char *what, void (^body)(void));

/* ---- threads that enter the framework for others (entries.m) ---- */

struct apple_values {
  uint64_t words[2];
  bool given; /* a thread has the work, or had it: it was done, or will be */
};

/* What is done inside, and what it gives. It may run on after its caller was let go, so it uses nothing of the caller's stack. */
typedef int32_t (^apple_work)(struct apple_values *values);

struct apple_call;
struct apple_entry;

struct apple_entries {
  struct apple_entry *list[APPLE_ENTRIES]; /* guarded by device.lock, as all here */
  uint32_t count, inside;
  bool quit;
};

/* Does the work on a thread of the device's and waits for it: what the work returned, with its error text, an exception as PVG_E_REFUSED; or
 * PVG_E_CLOSED as soon as the device is stopped. */
int32_t apple_enter(struct apple_device *device, const char *what, apple_work work, struct apple_values *values);

/* The last work of a device that is stopped; waits until all threads have left the framework, or `patience_ns` has passed: true if they have. */
bool apple_leave(struct apple_device *device, apple_work work, int64_t patience_ns);

/* ---- the device ---- */

/* Owns the structure. */
@interface Keeper : NSObject {
@public
  struct apple_device *device;
}
@end

struct apple_task {
  struct pvgi_memory memory;
  uint32_t range; /* 0: the place is free */
};

struct apple_display {
  struct apple_device *device;
  uint32_t port;
  id<PGDisplay> display;         /* set while it is made, guarded by device.lock: see apple_display_take() */
  atomic_uint telling;           /* handlers in progress */
  uint32_t encodes;              /* in flight; guarded by device.lock */
  atomic_ullong frames, encoded; /* announced by the framework; encoded */
};

enum apple_phase { PHASE_MAKING = 0, PHASE_RUNNING, PHASE_SUSPENDED, PHASE_FAILED };

struct apple_texture {
  union {
    struct pvgi_texture base;
    struct { PVGI_TEXTURE_MEMBERS };
  };
  id<MTLTexture> texture;
  bool managed;
  pthread_mutex_t lock; /* guards `staging` */
  uint32_t *staging;    /* what the CPU saw last; NULL until it is wanted */
};

struct apple_device {
  union {
    struct pvgi_device base; /* whose `stopped` is written with `lock` held as well */
    struct { PVGI_DEVICE_MEMBERS };
  };
  Keeper *keeper; /* no reference of its own: it owns this structure */
  pthread_mutex_t lock;
  pthread_cond_t done_cond; /* something that is waited for under `lock` has changed */
  _Atomic uint32_t done_rings;
  struct pvgi_polling done_polling;
  enum apple_phase phase; /* guarded by `lock` */
  bool used;              /* accessed since it was made; guarded by `lock` */
  uint32_t mmio_length;
  struct pvg_ram_range ranges[PVGI_RAM_RANGES];
  uint32_t range_count;
  struct pvgi_memory memories[PVGI_RAM_RANGES]; /* of MODEL_RANGES: kept while the framework may look */

  /* Set while the device is made or resumed, released when it ends; used on the entries' threads. */
  id<MTLDevice> gpu;
  id<MTLCommandQueue> commands;
  id<PGDevice> device;
  id<PGIOSurfaceHostDevice> mapper;
  dispatch_queue_t queue;
  struct apple_display displays[PVG_PORTS_MAX];

  struct apple_entries entries;

  /* Records that came before the device was made; guarded by `lock`. */
  struct pvg_record early[APPLE_EARLY];
  uint32_t early_count;

  pthread_mutex_t tasks_lock; /* a leaf */
  struct apple_task tasks[APPLE_TASKS];
  pthread_mutex_t mapper_lock; /* one mapping is answered at a time, if our own threads answer them */

  NSData *state; /* of a suspended device */
};

static inline struct apple_device *apple_device_enter(uint32_t handle) { return (struct apple_device *)pvgi_device_enter(handle); }

static inline void apple_device_leave(struct apple_device *device) { pvgi_device_leave(&device->base); }

/* device.m */
bool apple_is_creator(void);
void apple_post(struct apple_device *device, const struct pvg_record *record);
bool apple_ask(struct apple_device *device, struct pvgi_call *call, uint64_t *value);
void apple_wake(struct apple_device *device);

/* gpus.m: a reference for the caller to release, or nil. */
id<MTLDevice> apple_gpu(uint32_t index);

/* tasks.m: the descriptor's blocks, or its ranges. */
int32_t apple_memory_describe(struct apple_device *device, id<PGDeviceDescriptor> descriptor);
void apple_tasks_free(struct apple_device *device);

/* iosfc.m: makes device.mapper. */
int32_t apple_iosfc_make(struct apple_device *device);

/* display.m: makes the displays of all ports; take: the port's display, retained, or nil. */
int32_t apple_displays_make(struct apple_device *device);
void apple_displays_release(struct apple_device *device);
id<PGDisplay> apple_display_take(struct apple_display *display);
struct apple_display *apple_display_enter(uint32_t handle, uint32_t port, int32_t *result);

/* events.m: the handlers of a display's descriptor. */
void apple_events_describe(struct apple_display *display, id<PGDisplayDescriptor> descriptor);

/* frames.m */
uint64_t apple_count(id<PGDisplay> display, SEL selector, uint64_t otherwise);

#endif
