/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_pvg.h - the private structures of the software PVG.
 *
 * One struct soft_device has a control thread, two task threads, a display queue thread, a vsync thread, a GPU thread, an IOSurface
 * mapper's thread if there is one, and up to eight channel threads. Lock order, outermost first; no lock is taken while a later one is
 * held. The first two are taken through locks.c only, because they may be held for as long as the host likes:
 *
 *   1. task.rw              mappings of a task. Written while the host maps, so held while waiting in an upcall.
 *   2. device.display_lock  what an encode takes; the display queue holds it while a mode change waits. There is one for all ports,
 *                           since there is one display queue and one GPU: a mode change that waits on one port holds up the encodes
 *                           of all, which is the worst that a host can meet, so a host that lives with it lives with finer locks too.
 *   3. display.draw_lock    the pixels of the port's frame being drawn, so that exec and swap are atomic to each other. Nobody takes two.
 *   4. device.lock          everything else. Never held during an upcall, a post to a mailbox or drawing. iosfc.lock is beside it.
 *   5. texture.lock         which pictures one texture has (GPU thread against those who read it); not held while they are copied.
 *   6. device.upcall_lock   the table of upcalls.
 *   7. device.waits_lock (pvg_waits.c), the handle tables' locks, a mailbox's mutex (leaves: nothing is taken under them).
 *
 * Guest memory is reached through the `memory` of a task only, with task.rw held; the shared page and a display's page
 * through `shared` and `display.page`, with device.lock held, because they are in the internal task, which is
 * taken away only after these pointers were cleared under the lock.
 */
#ifndef SOFT_PVG_H
#define SOFT_PVG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "../pvg_device.h"
#include "display.h"
#include "layout.h"

#define SOFT_JOBS 64
#define SOFT_RETIRE 256
#define SOFT_MAPPINGS 65536u /* as many as Linux allows a process */
#define SOFT_TASK_MAX_LENGTH (16ull << 30)
#define SOFT_GLYPH_MAX_LENGTH (4u << 20)

enum soft_thread {
  THREAD_CONTROL = 1,
  THREAD_TASK = 2, /* and 3 */
  THREAD_DISPLAY = 4,
  THREAD_VSYNC = 5,
  THREAD_GPU = 6,
  THREAD_IOSFC = 7,
  THREAD_CHANNEL = 8 /* plus the FIFO's number */
};

struct soft_device;
struct soft_iosfc;
struct soft_state;

/* A piece of a task that shows guest memory. */
struct soft_task_mapping {
  uint64_t offset, length, gpa;
  uint32_t read_only;
};

struct soft_mappings {
  struct soft_task_mapping *list;
  uint32_t count, room, reserved;
};

struct soft_task {
  pthread_rwlock_t rw;
  atomic_uint writer; /* the system's number of the thread that holds it for writing, 0: none does */
  struct pvgi_memory memory;
  struct soft_mappings mappings;
  uint64_t length;
  uint32_t range;
  uint32_t pending; /* jobs queued or running on its task thread */
  bool used;
  bool dying;
};

/* A MAP or UNMAP on its way through a task thread. */
struct soft_job {
  uint32_t task;
  uint32_t opcode;
  uint32_t flags;
  uint32_t count;
  uint32_t retire; /* its entry in the retire ring */
  uint64_t offset;
  uint64_t length;
  uint64_t *pieces; /* owned */
};

struct soft_worker {
  struct soft_device *device;
  pthread_t thread;
  pthread_cond_t cond;
  uint32_t number; /* 0 or 1 */
  uint32_t head, count;
  bool busy;   /* somebody carries one of its jobs out */
  bool called; /* the worker was woken since it got its last job */
  _Atomic uint32_t given; /* changes with each job; polled */
  struct pvgi_polling polling;
  struct soft_job jobs[SOFT_JOBS];
};

/* What a channel's thread waits for in the middle of a packet: a stamp, its turn to swap, its flip, a frame to draw, or PARKED_DRAW: for who
 * draws on that display. */
enum soft_park { PARKED_NOT = 0, PARKED_STAMP, PARKED_TURN, PARKED_FLIP, PARKED_FRAME, PARKED_DRAW };

struct soft_parking {
  enum soft_park at;
  const struct soft_display *display; /* but for a stamp's */
  uint32_t fifo, stamp;               /* a stamp's */
};

struct soft_channel {
  struct soft_device *device;
  pthread_t thread;
  uint32_t number;
  uint32_t task;
  uint64_t offset;
  uint32_t data_length;
  uint32_t read;
  bool quit, doorbell;
  const struct soft_task *executes; /* the task that the commands in hand are in */
  bool busy;                 /* its thread is carrying out packets */
  bool put_off;              /* the packet in hand was not done, and is still to be */
  uint32_t size, stamp;      /* of the packet in hand */
  struct soft_display *flip; /* where the swap in hand waits for its frame to be flipped; NULL: it doesn't */
  uint64_t flip_ticket;
  struct soft_parking parking;
  uint8_t packet[PACKET_MAX_SIZE];
  uint8_t commands[EXEC_MAX_LENGTH];
  uint32_t row[16384];
};

/* Members of the device by their names, and as one when it is suspended and resumed. `interrupts`: bit 0: GPU, bit 1: display;
 * raised, not posted yet. `ring_length`: of the running ring, whatever the register says since. */
#define SOFT_REGISTERS                                                                   \
  uint32_t fifo_offset, fifo_length, fifo_written, fifo_read, fifo_base, shared_pfn;     \
  uint32_t display_select, display_status, gpu_status, fault, interrupts, ring_length;

struct soft_registers { SOFT_REGISTERS };

/* See suspend.c. */
enum soft_phase { PHASE_RUNNING = 0, PHASE_SUSPENDING, PHASE_SUSPENDED, PHASE_RESUMING, PHASE_FAILED };

struct soft_device {
  union {
    struct pvgi_device base; /* whose `stopped` is written with `lock` held as well */
    struct { PVGI_DEVICE_MEMBERS };
  };
  struct pvg_ram_range ranges[PVGI_RAM_RANGES];
  uint32_t range_count;
  enum soft_phase phase; /* written with `lock` and `upcall_lock` held, so it may be read with either */
  uint32_t accesses[2];  /* in progress, by window; a reset counts as one of the gfx window */
  uint32_t raising;      /* bit n: thread n is posting interrupts */
  pthread_mutex_t display_lock, lock;
  atomic_uint display_holder; /* the system's number of the thread that holds display_lock, 0: none does */
  pthread_cond_t control_cond, served_cond, done_cond, channel_cond, queue_cond, vsync_cond, gpu_cond;
  pthread_t control_thread, queue_thread, vsync_thread, gpu_thread;
  uint32_t threads_started; /* while it is being created only */

  /* Requests to the control thread: a ticket is done when done >= ticket. */
  uint64_t reset_asked, reset_done, start_asked, start_done, kick_asked, kick_done;
  _Atomic uint32_t control_asked, control_served; /* change with each ticket asked for, and done; polled */
  struct pvgi_polling control_polling, served_polling;
  bool running, halted, resetting;

  /* A resume: its ticket, the state to go on from, whether the control thread is at it, and what came of it. */
  uint64_t resume_asked, resume_done;
  struct soft_state *resume;
  bool resume_begun;
  int32_t resume_result;

  union {
    struct soft_registers registers;
    struct { SOFT_REGISTERS };
  };

  uint8_t *ring, *shared; /* in the internal task, NULL while there is none */
  uint32_t stamps[CHILD_FIFO_MAX + 1];
  struct soft_task tasks[TASK_MAX + 1]; /* 0 is the internal task */
  atomic_uint mappings;                 /* entries of all their lists, with those that are reserved */
  struct soft_channel *channels[CHILD_FIFO_MAX + 1];
  struct soft_worker workers[2];
  _Atomic uint32_t jobs_done; /* changes whenever a worker has done one; polled */
  struct pvgi_polling jobs_polling;
  struct { uint32_t stamp; bool done; } retire[SOFT_RETIRE];
  uint32_t retire_head, retire_count;
  uint8_t packet[PACKET_MAX_SIZE]; /* the control thread's */

  struct soft_display displays[PVG_PORTS_MAX]; /* config.ports of them */
  uint64_t encode_calls;

  struct soft_event queue[SOFT_QUEUE];
  uint32_t queue_head, queue_count;
  bool queue_busy;          /* the host is being told of `telling`, which was taken out */
  struct soft_event telling; /* without its payload */
  bool state_asked;          /* the state was asked for; `unanswered` is set, and the state is the same from then on */
  bool unanswered;           /* the host had not answered `telling` then: an answer that comes later changes no state */

  struct soft_encode encodes[SOFT_ENCODES * PVG_PORTS_MAX];
  uint32_t encode_head, encode_count; /* the running one is counted until it is done */

  /* A virtual clock. gpu_until_ns: when the encode that the clock holds up goes on, 0: it holds none up. */
  int64_t clock_ns, gpu_until_ns;
  bool clock_moves;        /* a thread is moving it */
  uint32_t clock_waiters;  /* threads that wait for PVG to be at rest, to be told of each step towards it */

  struct soft_iosfc *iosfc; /* NULL if there is none */
};

static inline struct soft_device *soft_device_enter(uint32_t handle) { return (struct soft_device *)pvgi_device_enter(handle); }

static inline void soft_device_leave(struct soft_device *device) { pvgi_device_leave(&device->base); }

static inline struct soft_texture *soft_texture_take(uint32_t handle) { return (struct soft_texture *)pvgi_texture_take(handle); }

static inline void soft_texture_drop(struct soft_texture *texture) { pvgi_texture_drop(&texture->base); }

/* locks.c */
void soft_display_lock(struct soft_device *device);
void soft_display_unlock(struct soft_device *device);
void soft_task_write_lock(struct soft_task *task);
void soft_task_write_unlock(struct soft_task *task);
void soft_task_read_lock(struct soft_device *device, struct soft_task *task);
void soft_task_read_unlock(struct soft_task *task);

/* device.c */
void soft_wake_all(struct soft_device *device);

/* A thread of PVG's came to rest: who waits for all of them looks again. */
static inline void soft_rested_locked(struct soft_device *device) {
  if (device->phase != PHASE_RUNNING || device->clock_waiters != 0) pthread_cond_broadcast(&device->done_cond);
}

/* clock.c: the device's time, in nanoseconds: the system's CLOCK_MONOTONIC, or what its virtual clock shows. */
int64_t soft_now_locked(const struct soft_device *device);

/* interrupts.c */
void soft_fault_locked(struct soft_device *device, uint32_t fault, uint32_t opcode);
void soft_interrupts(struct soft_device *device, uint32_t thread);

/* fifo.c: signal tells the control thread that something is asked of it, and releases the lock for that; await waits until it has done everything up
 * to that ticket, or the device is stopped. */
void *soft_control_main(void *argument);
void soft_control_signal_locked(struct soft_device *device);
void soft_control_await_locked(struct soft_device *device, const uint64_t *done, uint64_t ticket);
void soft_ring_copy(void *out, const uint8_t *data, uint32_t length, uint32_t position, uint32_t count);
void soft_stamp_locked(struct soft_device *device, uint32_t fifo, uint32_t stamp);
void soft_retire_done_locked(struct soft_device *device, uint32_t entry);
uint32_t soft_u32(const uint8_t *bytes);
uint64_t soft_u64(const uint8_t *bytes);

/* packets.c */
uint32_t soft_control_packet(struct soft_device *device, const uint8_t *body, uint32_t size, uint32_t opcode,
                             uint32_t retire, bool *later);
bool soft_glyph_is_sane(const uint64_t words[6]);

/* start.c */
uint64_t soft_internal_length(const struct soft_device *device, uint32_t ring_length);
void soft_start(struct soft_device *device);
void soft_reset(struct soft_device *device);

/* suspend.c: PVG_OK, or why no access may begin. */
int32_t soft_access_begin(struct soft_device *device, uint32_t window);
int32_t soft_access_end(struct soft_device *device, uint32_t window);
void soft_phase_locked(struct soft_device *device, enum soft_phase phase);

/* resume.c */
void soft_resume(struct soft_device *device);

/* task.c */
void *soft_worker_main(void *argument);
/* The control thread's. A job is for its worker once the workers are called, which is before the next packet; the drain carries out what nobody was
 * called for, and waits for the rest. */
void soft_worker_submit(struct soft_device *device, const struct soft_job *job);
void soft_workers_call_locked(struct soft_device *device);
void soft_workers_drain_locked(struct soft_device *device);
bool soft_task_create(struct soft_device *device, uint32_t number, uint64_t length);
void soft_task_destroy(struct soft_device *device, uint32_t number);
bool soft_task_map(struct soft_device *device, uint32_t thread, struct soft_task *task, uint64_t offset, bool read_only,
                   const uint64_t *pieces, uint32_t count);

/* mappings.c */
bool soft_mappings_reserve(struct soft_device *device, struct soft_mappings *mappings, uint64_t from, uint64_t to, uint32_t count);
void soft_mappings_settle(struct soft_device *device, struct soft_mappings *mappings);
void soft_mappings_free(struct soft_device *device, struct soft_mappings *mappings);
void soft_mappings_cut(struct soft_mappings *mappings, uint64_t from, uint64_t to);
void soft_mappings_put(struct soft_device *device, struct soft_mappings *mappings, uint64_t offset, bool read_only,
                       const uint64_t *pieces, uint32_t count);

/* channel.c: between draw_begin and draw_end the display's draw_lock is held; the first returns with the device's lock held, as the second
 * expects it, which lets go of both. */
bool soft_channel_create(struct soft_device *device, uint32_t number, uint32_t task, uint64_t offset, uint32_t data);
void soft_channel_free(struct soft_device *device, uint32_t number);
bool soft_channel_leaves_locked(const struct soft_channel *channel);
bool soft_channel_rests_locked(const struct soft_channel *channel);
void soft_channel_park_locked(struct soft_channel *channel, enum soft_park at, const struct soft_display *display);
void soft_channel_unpark_locked(struct soft_channel *channel);
bool soft_channel_parked_locked(const struct soft_channel *channel);
void soft_draw_begin(struct soft_channel *channel, struct soft_display *display);
void soft_draw_end(struct soft_channel *channel, struct soft_display *display);

/* draw.c: 0 or a FAULT_*; writes the frame, reads `memory`. */
uint32_t soft_draw(struct soft_frame *frame, const struct pvgi_memory *memory, uint64_t limit, const uint8_t *commands,
                   uint32_t length, uint32_t *row);

#endif
