/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_bridge.h - the one C ABI that every ParavirtualizedGraphics (PVG) stands behind.
 *
 * It has two parts. pvg_host.h is what has nothing to do with graphics: groups and mailboxes (how threads wait) and guest memory (RAM
 * and task ranges). This file is PVG: the device (downcalls), upcalls (what PVG asks of the host), and who waits inside.
 *
 * Rules that hold for every function of both:
 *
 *  - NO FUNCTION POINTER CROSSES THIS INTERFACE. PVG calls its host by posting a 64-byte record to a
 *    mailbox; a record that needs an answer carries an id, and the PVG thread that posted it sleeps
 *    until pvg_upcall_answer() names that id, or its device is stopped.
 *  - NO POINTER IDENTIFIES AN OBJECT. Objects are 32-bit handles (slot and generation, never 0). A
 *    handle that is stale, forged or of another kind gives PVG_E_HANDLE; it never touches memory.
 *  - Any function may be called from any thread at any time, unless its comment says otherwise.
 *    "Blocks" says that a function may wait for another thread; every such wait is released by
 *    closing the group (pvg_group_close), and returns PVG_E_CLOSED.
 *  - Results are int32: PVG_OK (0) or a positive value on success, a negative PVG_E_* on failure.
 *    A function that returns a handle or an address as uint32_t or uint64_t gives 0 on failure.
 *    pvg_last_error() then says in words what was wrong; its text belongs to the calling thread.
 *  - Buffers handed in are used during the call only. Little-endian hosts only.
 *
 * What this header leaves out: dirty-page reports and the pre-boot framebuffer.
 */
#ifndef PVG_BRIDGE_H
#define PVG_BRIDGE_H

#include <stdint.h>

#include "pvg_host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * The PVG device: downcalls
 * ------------------------------------------------------------------------------------------- */

enum pvg_window {
  PVG_WINDOW_GFX = 0,
  PVG_WINDOW_IOSFC = 1
};

/* One piece of guest-physical memory: [gpa, gpa+length) is RAM `ram` from `ram_offset` on. */
struct pvg_ram_range {
  uint64_t gpa;
  uint64_t length;
  uint64_t ram_offset;
  uint32_t ram;
  uint32_t reserved; /* 0 */
};

/* Which mailbox an upcall goes to: each class has one, and several may have the same. */
enum pvg_upcall_class {
  PVG_CLASS_TASK = 0,       /* create, destroy, map, unmap */
  PVG_CLASS_READ = 1,       /* read memory */
  PVG_CLASS_INTERRUPT = 2,  /* both windows' interrupts */
  PVG_CLASS_IOSFC = 3,      /* the IOSurface mapper's map and unmap */
  PVG_CLASS_DISPLAY = 4,    /* new frames and cursor events */
  PVG_CLASS_MODE = 5,       /* mode changes */
  PVG_CLASS_COMPLETION = 6, /* completed frames */
  PVG_CLASSES = 7
};

/* Whom an answered upcall wakes, besides the thread that waits for it. */
enum pvg_wake {
  PVG_WAKE_JOB = 0,  /* nobody: every upcall waits on a condition of its own */
  PVG_WAKE_KIND = 1, /* whoever waits in an upcall of the same kind: one condition for each kind */
  PVG_WAKE_ALL = 2   /* whoever waits in an upcall: one condition for all */
};

/* How PVG has upcalls about memory answered: by the host, which takes them out of a mailbox, or on the very thread that
 * makes them, which looks things up in the memory map itself. What is answered so is in no mailbox and waits for nobody. */
enum pvg_own_iosfc {
  PVG_OWN_IOSFC_NONE = 0,        /* the host answers */
  PVG_OWN_IOSFC_PER_MAPPING = 1, /* each mapping has a reference; an unmap gives one of that region's back */
  PVG_OWN_IOSFC_CHECKED = 2      /* and an unmap is refused if there is no mapping at that very address */
};

#define PVG_PORTS_MAX 8u

struct pvg_config {
  uint32_t version;                         /* PVG_BRIDGE_VERSION */
  uint32_t group;                           /* closed together with it */
  uint32_t mailboxes[PVG_CLASSES];          /* by pvg_upcall_class */
  uint32_t wake;                            /* a pvg_wake */
  uint32_t mode_change_waits;               /* non-zero: PVG's display queue waits for the answer to a mode change */
  uint32_t page_shift;                      /* the guest's pages: 12 (x86-64) or 14 (arm64) */
  uint32_t vectors;                         /* interrupt vectors of the gfx window, 1..64 */
  uint32_t iosfc;                           /* non-zero: there is an IOSurface mapper, and so an iosfc window */
  uint32_t gpu;                             /* index of the GPU to use, see pvg_gpu_flags() */
  uint32_t ports;                           /* displays there are, 1..PVG_PORTS_MAX */
  uint32_t display_serials[PVG_PORTS_MAX];  /* what the guest knows each display by; 0 behind the last */
  uint32_t display_name[4];                 /* of every display, for people: 1..13 bytes of text, then zeros */
  uint32_t display_mm[2];                   /* their width and height in millimetres, 1..65535 each */
  uint32_t vsync;                           /* non-zero: frames are flipped at the mode's rate; 0: as they come */
  uint32_t refuse_every;                    /* soft PVG: every n-th encode is refused; 0: none */
  uint32_t encode_delay_us;                 /* soft PVG: what an encode takes on the GPU at least, 0..1 000 000 */
  uint32_t managed_textures;                /* soft PVG: non-zero: textures have a RAM and a VRAM copy */
  uint32_t announce_every_frame;            /* soft PVG: non-zero: each present is a new frame to the host, asked for or not */
  uint32_t reads_wait;                      /* soft PVG: non-zero: a read of the gfx window waits for the kicks in progress when it came */
  uint32_t poll_us;                         /* soft PVG: how long its threads may poll before they sleep, 0..1000 */
  uint32_t map;                             /* the memory map; 0 if nothing below is answered on PVG's own threads */
  uint32_t own_tasks;                       /* non-zero: upcalls of PVG_CLASS_TASK are; a task holds a reference on each region it maps */
  uint32_t own_reads;                       /* non-zero: those of PVG_CLASS_READ are; registers can't be read so */
  uint32_t own_iosfc;                       /* a pvg_own_iosfc: those of PVG_CLASS_IOSFC are */
  uint32_t own_traces;                      /* bit n: pvg_trace_event n is noted, of what is answered so */
  uint32_t virtual_clock;                   /* soft PVG: non-zero: its time stands still but for pvg_device_clock_advance() */
  uint32_t reserved;                        /* 0 */
};

/* Makes a PVG device and its displays, running but without a mode until the guest sets one. `ranges`
 * (0..2048) is the guest's RAM as it is seen; ranges don't overlap. Returns its handle, or 0 (PVG_E_ARGUMENT, PVG_E_HANDLE for a
 * group, mailbox or RAM, PVG_E_NO_MEMORY, PVG_E_FULL). No upcall is made before it has returned. */
PVG_API uint32_t pvg_device_create(const struct pvg_config *config, const struct pvg_ram_range *ranges,
                                   uint32_t range_count);

/* Length in bytes of a window's registers; PVG_E_UNSUPPORTED if the device has no such window. */
PVG_API int32_t pvg_mmio_length(uint32_t device, uint32_t window);

/* One register access; offset is a byte offset, a multiple of 4 (else PVG_E_ARGUMENT). gfx registers have 32 bits, iosfc
 * registers 64: 4 bytes behind such a register its high half is read, and writes there are ignored. Reads put the value, low half first,
 * into value[2]. Unknown registers read 0 and ignore writes. BLOCKS: PVG may make any
 * number of upcalls, from any of its threads, and wait for their answers before it returns, so the caller must
 * not be the thread that answers them. PVG_E_CLOSED once the device was stopped. */
PVG_API int32_t pvg_mmio_read(uint32_t device, uint32_t window, uint64_t offset, uint32_t *value);
PVG_API int32_t pvg_mmio_write(uint32_t device, uint32_t window, uint64_t offset, uint64_t value);

/* The access that the calling thread's transfer has as the first record taken, made without its being handed over. words: 0 read or 1 write,
 * window, 4 or 8 bytes, offset, low and high half of what is written. The words of `posted` say what came of it: 1 or 0 as it was
 * made or not, low and high half of what was read. Returns and BLOCKS as those; PVG_E_ARGUMENT of a thread that has no transfer, or has yet to
 * post what stands there. */
PVG_API int32_t pvg_mmio_carry(uint32_t device);

/* Back to the state after creation: accesses in flight are completed, tasks are destroyed by upcalls,
 * interrupts raised before it may still be delivered. The IOSurface mapper stays as it is. BLOCKS until PVG is quiet, as
 * an access does. */
PVG_API int32_t pvg_device_reset(uint32_t device);

/* Brings the device to rest for good: accesses in flight and the upcalls they need are completed, later accesses and resets return
 * PVG_E_CLOSED, encodes in flight complete, later ones are refused, nothing is flipped or raised any more. What PVG was about to
 * tell its host is part of the state, and so is a mode change that the host hasn't answered: its answer is not waited for. Tasks stay as
 * they are; destroying the device undoes nothing by upcalls. BLOCKS as a reset does. Again: PVG_OK. PVG_E_UNSUPPORTED if this PVG can't. */
PVG_API int32_t pvg_device_suspend(uint32_t device);

/* Copies the state of a suspended device into `state`, which has room for `room` bytes, and puts its length into *length. With
 * less room than that, or none (NULL), only the length is given; it never becomes more. PVG_E_REFUSED if the device isn't suspended. The
 * state holds neither guest memory nor anything of this process. */
PVG_API int32_t pvg_device_state(uint32_t device, void *state, uint64_t room, uint64_t *length);

/* Makes a device that was just created, with the same windows, page size and ports, go on from such a state: tasks and mappings are made
 * anew by upcalls, so it BLOCKS as an access does, and guest memory must be as it was. Mode lists are the state's, whatever was set
 * before. Until it has returned, accesses return PVG_E_CLOSED. PVG_E_ARGUMENT if the state is damaged, foreign or does not fit the
 * configuration, or if the device was used already: found before any upcall is made. PVG_E_REFUSED if the host refused an upcall. After
 * a failure the device may only be destroyed. Then PVG goes on: the host is told what it had not been told, and again of a current frame
 * that it has not encoded. */
PVG_API int32_t pvg_device_resume(uint32_t device, const void *state, uint64_t length);

/* Releases every thread that waits inside PVG: upcalls count as refused, accesses return PVG_E_CLOSED, and
 * no new upcall is made. Does not block. Idempotent. */
PVG_API int32_t pvg_device_stop(uint32_t device);

/* Stops it, ends its threads and frees it with its textures. Blocks until its threads have ended. Calls that
 * are inside the device on other threads return PVG_E_CLOSED first. */
PVG_API int32_t pvg_device_destroy(uint32_t device);

/* ---- a virtual clock ----
 *
 * It begins at 0 and goes on only when it is told to. Vertical blanks lie on a grid of exact fractions from the moment on at which the guest
 * sets the rate: the n-th is at n / rate, rounded down to a nanosecond, however many there were before. A reset leaves the clock as it is, and a
 * state carries it. Frames are flipped at the blanks, whether the host has asked for the one before or not. */

#define PVG_CLOCK_MAX (1ull << 62)     /* ns it may show at most: 146 years */
#define PVG_CLOCK_NEVER UINT64_MAX

/* What the clock shows (times[0]), when the next blank of any port comes (times[1]) and when the encode in progress completes, if
 * encode_delay_us makes it wait (times[2]), in nanoseconds of it, PVG_CLOCK_NEVER where there is none; and whether PVG is at rest, as below, at
 * this moment (times[3], 0 or 1), with how many encodes in flight (times[4]). Doesn't wait. PVG_E_UNSUPPORTED on a real clock. */
PVG_API int32_t pvg_device_clock(uint32_t device, uint64_t *times);

/* Moves the clock on by `ns`. It doesn't pass anything that happens on the way: it stands still at each blank and each completion
 * until PVG is at rest, and PVG was at rest before it moved, and is when this returns. At rest PVG has carried out all packets of the child
 * FIFOs but those that wait for a blank, a stamp or a frame that an encode holds; has posted every interrupt and told every display event; and
 * every encode has completed but those that the clock holds up. What it has posted the host may still have in its mailboxes, and accesses and
 * resets in progress are not waited for. One thread moves it at a time, others wait. BLOCKS as an access does, also for
 * as long as a guest keeps giving the child FIFOs work. PVG_E_ARGUMENT beyond PVG_CLOCK_MAX, PVG_E_UNSUPPORTED on a real clock; PVG_E_CLOSED on a
 * device that was stopped or suspended, also meanwhile: then the clock shows how far it came. */
PVG_API int32_t pvg_device_clock_advance(uint32_t device, uint64_t ns);

/* ---- display ---- */

/* A display mode; rate in millihertz. */
struct pvg_display_mode {
  uint32_t width;            /* 1..16384 pixels */
  uint32_t height;           /* 1..16384 pixels */
  uint32_t rate_mhz;         /* 1000..65 535 000 */
  uint32_t reserved;         /* 0 */
};

/* Tells the guest which modes there are (1..128, the first is preferred). The first call plugs the display in; a later one
 * reaches the guest as an event, and the mode in use stays until the guest sets another, also if the list has it no longer. Does not
 * wait. PVG_E_CLOSED on a device that is suspended or being resumed. */
PVG_API int32_t pvg_display_set_modes(uint32_t device, uint32_t port, const struct pvg_display_mode *modes,
                                      uint32_t count);

/* Where the guest's cursor is: position[0] = x, position[1] = y; 0xffff, 0xffff: not on this display. */
PVG_API int32_t pvg_display_cursor_position(uint32_t device, uint32_t port, uint32_t *position);

/* What a texture must at least be usable for, a bit set to hand to pvg_texture_create(). */
PVG_API int32_t pvg_display_minimum_texture_usage(uint32_t device, uint32_t port);

/* How many frames the guest has presented (counts[0]) and how many of them were encoded (counts[1]); frames that
 * were replaced before anybody encoded them make the difference. */
PVG_API int32_t pvg_display_present_counts(uint32_t device, uint32_t port, uint64_t *counts);

/* How many display events (mode changes, glyphs, cursor events, new frames) are queued in PVG or were posted and wait for
 * their answer. 0 tells a host that it has been told everything. */
PVG_API int32_t pvg_display_pending_events(uint32_t device, uint32_t port);

/* Starts to copy the display's current frame into the texture on the GPU, from the top left, clipped to the
 * smaller of both; with `synchronize` non-zero a managed texture's RAM copy follows. When the work is done,
 * PVG_UPCALL_FRAME_COMPLETED carries `frame_id` to the completion mailbox: exactly once per PVG_OK, unless the
 * device is stopped. PVG_E_REFUSED if there is no frame to encode, or PVG won't. Takes PVG's display lock, which
 * PVG may hold while it waits in an upcall, of any port: BLOCKS. At most 4 encodes of a port are in flight (else it waits); those of
 * other ports don't count. */
PVG_API int32_t pvg_display_encode(uint32_t device, uint32_t port, uint32_t texture, uint32_t synchronize,
                                   uint64_t frame_id);

/* ---- textures ---- */

/* A texture of width × height (1..16384 each) little-endian ARGB words for the device's GPU, zeroed, or 0. */
PVG_API uint32_t pvg_texture_create(uint32_t device, uint32_t width, uint32_t height, uint32_t usage);

/* 1 if it has a RAM copy that must be synchronised to be read, else 0. */
PVG_API int32_t pvg_texture_managed(uint32_t texture);

/* Copies what the CPU sees of the texture, rows packed, into `pixels`; length must be 4·width·height
 * (PVG_E_BOUNDS). Not while an encode into it is in flight: PVG_E_REFUSED then. */
PVG_API int32_t pvg_texture_copy(uint32_t texture, void *pixels, uint64_t length);

/* As pvg_texture_copy(), where `pixels` hold the picture that was copied there last: what is equal already is not written. The picture
 * is in tiles of PVG_TILE_SIDE pixels squared (those at the right and lower edge may be smaller), each with a word in `tiles`, row by
 * row; tile_count must be how many those are (PVG_E_BOUNDS). The words of the tiles in which a pixel changed, and of no others,
 * become `sequence`, before the tile is written. Returns how many tiles that were. Others may read both memories meanwhile. */
#define PVG_TILE_SIDE 64u
PVG_API int32_t pvg_texture_show(uint32_t texture, void *pixels, uint64_t length, uint32_t *tiles, uint32_t tile_count,
                                 uint32_t sequence);

/* Drops the host's reference; an encode in flight keeps its own. */
PVG_API int32_t pvg_texture_release(uint32_t texture);

/* ---------------------------------------------------------------------------------------------
 * Upcalls: what PVG asks of its host
 *
 * A record in a mailbox. Kinds marked (waits) block the PVG thread that posted them until they are answered;
 * their id is never 0. The others have id 0, but for a glyph, whose id names its bitmap. PVG may hold locks of its own
 * while it waits. Upcalls of one device may come from several threads at once; all display events come from
 * one thread, in order.
 * ------------------------------------------------------------------------------------------- */

enum pvg_upcall_kind {
  /* (waits) words[0] = length in bytes. Answer: ok, value = a range from pvg_range_create(). */
  PVG_UPCALL_CREATE_TASK = 1,
  /* (waits) words[0] = the task's range. */
  PVG_UPCALL_DESTROY_TASK = 2,
  /* (waits) words[0] = range, [1] = offset in it, [2] = 1 if read-only, [3] = how many pieces, [4] and [5] = the
   * first piece's gpa and length; pvg_upcall_pieces() gives them all. */
  PVG_UPCALL_MAP_MEMORY = 3,
  /* (waits) words[0] = range, [1] = offset in it, [2] = length. */
  PVG_UPCALL_UNMAP_MEMORY = 4,
  /* (waits) words[0] = gpa, [1] = length, [2] = destination address, for traces. Fill it with
   * pvg_upcall_supply() or pvg_upcall_supply_ram() before answering ok. */
  PVG_UPCALL_READ_MEMORY = 5,
  /* words[0] = vector. */
  PVG_UPCALL_RAISE_INTERRUPT = 6,
  /* words[0] = port. */
  PVG_UPCALL_NEW_FRAME = 7,
  /* (waits, if the configuration says so) words[0] = port, [1] = width, [2] = height, [3] = pixel format. */
  PVG_UPCALL_MODE_CHANGE = 8,
  /* words[0] = port, [1] = width << 32 | height, [2] = hotspot x << 32 | y, [3] = bytes per row, [4] = bits per
   * pixel, [5] = length of the bitmap in bytes. pvg_upcall_payload() gives the bitmap, which lives until the id is
   * answered. */
  PVG_UPCALL_CURSOR_GLYPH = 9,
  /* words[0] = port, [1] = 1 to show, [2] and [3] = where the cursor was then, x and y. */
  PVG_UPCALL_CURSOR_SHOW = 10,
  /* words[0] = port, [1] and [2] = where the cursor was when it was told, x and y; 0xffff, 0xffff: not on this display. */
  PVG_UPCALL_CURSOR_MOVE = 11,
  /* words[0] = port, [1] = frame_id, [2] = 0 if the GPU's work succeeded, [3] = number of the guest's present that
   * was encoded (1 and up). To the completion mailbox. */
  PVG_UPCALL_FRAME_COMPLETED = 12,
  /* (waits) The IOSurface mapper's: words[0] = gpa, [1] = length, [2] = 1 if read-only, [3] and [4] = opaque, for traces.
   * Answer: ok, value = host address of the guest's memory, which must lie, all `length` bytes of it, in one RAM. */
  PVG_UPCALL_IOSFC_MAP = 13,
  /* (waits) words[0] = the host address that was mapped, [1] to [5] = opaque, for traces. */
  PVG_UPCALL_IOSFC_UNMAP = 14,
  /* words[0] = vector. The iosfc line's. */
  PVG_UPCALL_IOSFC_INTERRUPT = 15
};

/* Answers upcall `id` of `device`: ok 0 or 1, and a value for the kinds that return one. What the caller did before is visible to
 * the PVG thread. PVG_E_HANDLE if the id waits for no answer: unknown, answered already, or released by stop. */
PVG_API int32_t pvg_upcall_answer(uint32_t device, uint32_t id, uint32_t ok, uint64_t value);

/* Copies up to `max` pieces of a waiting MAP_MEMORY from number `first` on into pieces[2·max] as gpa, length pairs;
 * returns how many. */
PVG_API int32_t pvg_upcall_pieces(uint32_t device, uint32_t id, uint32_t first, uint64_t *pieces, uint32_t max);

/* Writes `length` bytes at `offset` of a waiting READ_MEMORY's destination (PVG_E_BOUNDS outside it), from the
 * caller's memory or from a RAM. */
PVG_API int32_t pvg_upcall_supply(uint32_t device, uint32_t id, uint64_t offset, const void *bytes, uint64_t length);
PVG_API int32_t pvg_upcall_supply_ram(uint32_t device, uint32_t id, uint64_t offset, uint32_t ram, uint64_t ram_offset,
                                      uint64_t length);

/* How upcalls have waited so far: counts[0] = upcalls whose thread slept until they were answered (an answer that was there before it slept
 * is in no count), [1] = threads that woke up because of an answer, their own or another's, [2] = those of them whose own answer was not
 * there yet and who went back to wait. With PVG_WAKE_JOB [1] is [0] and [2] is 0. */
PVG_API int32_t pvg_upcall_wakes(uint32_t device, uint64_t *counts);

/* What PVG's own threads answer: counts[0] = tasks there are, [1] = mappings of the IOSurface mapper, all 0 if the host is asked. */
PVG_API int32_t pvg_device_own_counts(uint32_t device, uint64_t *counts);

/* Tasks that PVG's own threads know of give back their references on the region of that slot, whose RAM was revoked. PVG_OK also if none has any. */
PVG_API int32_t pvg_device_own_forget(uint32_t device, uint32_t slot);

/* Answers an upcall on the calling thread as PVG's own would: ok is PVG_OK, and value[0] is what the kind gives; else PVG_E_REFUSED. For
 * tests, and to measure it. PVG_E_UNSUPPORTED if the host answers that kind, or it needs more than a record says: a read, or a
 * MAP_MEMORY of more than one piece. */
PVG_API int32_t pvg_device_own_answer(uint32_t device, const struct pvg_record *record, uint64_t *value);

/* What happened on PVG's own threads while they answered. Words by event; addresses are the host's. */
enum pvg_trace_event {
  PVG_TRACE_LOST = 0,              /* always on. words[0] = how many entries were lost just before, because nobody took them */
  PVG_TRACE_IOSFC_UNMAP_NOTHING = 1, /* always on: what the guest did wrong. words[0] = address */
  PVG_TRACE_CREATE_TASK = 2,       /* length, address of the range or 0 */
  PVG_TRACE_DESTROY_TASK = 3,      /* address of the range, regions it had references on */
  PVG_TRACE_MAP_MEMORY = 4,        /* address of the range, pieces, offset, 1 if read-only */
  PVG_TRACE_MAP_MEMORY_RANGE = 5,  /* number of the piece, gpa, length */
  PVG_TRACE_REMAP = 6,             /* minus the pvg_status or 0, source, target */
  PVG_TRACE_UNMAP_MEMORY = 7,      /* address of the range, offset, length */
  PVG_TRACE_READ_MEMORY = 8,       /* gpa, length, destination */
  PVG_TRACE_IOSFC_MAP = 9,         /* gpa, length, 1 if read-only, where the answer goes, two opaque, address or 0 */
  PVG_TRACE_IOSFC_UNMAP_REGION = 10, /* address, region */
  PVG_TRACE_EVENTS = 11
};

struct pvg_trace_entry {
  uint32_t event;       /* a pvg_trace_event */
  uint32_t thread;      /* the system's number of the thread */
  uint64_t nanoseconds; /* since 1970 */
  uint64_t words[8];
};

/* Takes the oldest entries, up to `max`; returns how many. Up to 16384 are kept until then, further ones are lost and counted. */
PVG_API int32_t pvg_device_traces(uint32_t device, struct pvg_trace_entry *entries, uint32_t max);

/* Has pvg_trace_event n noted from now on if bit n of `own_traces` is set, and else no more, as of struct pvg_config. */
PVG_API int32_t pvg_device_set_traces(uint32_t device, uint32_t own_traces);

/* Copies the whole bitmap of a CURSOR_GLYPH into `bytes`, whose length must be the record's words[5]. */
PVG_API int32_t pvg_upcall_payload(uint32_t device, uint32_t id, void *bytes, uint64_t length);

/* ---------------------------------------------------------------------------------------------
 * Who waits inside PVG, for a host that looks for deadlocks
 * ------------------------------------------------------------------------------------------- */

enum pvg_wait_for {
  PVG_WAIT_UPCALL = 1, /* for the host to answer an upcall, or to make room in its mailbox: `target` = pvg_upcall_kind */
  PVG_WAIT_THREAD = 2, /* for one of PVG's threads to do something: `target` = its number */
  PVG_WAIT_LOCK = 3    /* for a lock of PVG's: `target` = the system's number of the thread that holds it */
};

struct pvg_wait {
  uint32_t waiter;  /* the system's number of the thread that waits, PVG's or a caller's */
  uint32_t thread;  /* PVG's number of it (1 and up), 0 if it is a caller's */
  uint32_t what;    /* a pvg_wait_for */
  uint32_t target;
  uint32_t id;      /* tells this wait from any other of that thread's; the upcall's if an answer is waited for */
  uint32_t reserved;
};

/* Who waits in the device now: up to `max` entries, in no order; returns how many. A wait that ends by time passing, or
 * because the guest does something, is none. An entry seen twice has been waiting all the time in between. */
PVG_API int32_t pvg_device_waits(uint32_t device, struct pvg_wait *waits, uint32_t max);

/* The name of PVG's thread of that number, for people; never NULL. Static text. */
PVG_API const char *pvg_device_thread_name(uint32_t thread);

#ifdef __cplusplus
}
#endif
#endif
