/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_host.h - the half of the C ABI that every PVG's library has and no PVG shows in: versions and errors, groups,
 * mailboxes, guest memory and its map. The rules at the head of pvg_bridge.h hold here too.
 *
 * It knows PVG devices only as members of a group, and a record's meaning not at all.
 */
#ifndef PVG_HOST_H
#define PVG_HOST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PVG_API __attribute__((visibility("default")))

/* Raised whenever a signature, a record or a structure below changes. */
#define PVG_BRIDGE_VERSION 10u

enum pvg_status {
  PVG_OK = 0,
  PVG_E_HANDLE = -1,      /* the handle names no living object of that kind */
  PVG_E_ARGUMENT = -2,    /* a value is out of the range its comment gives */
  PVG_E_CLOSED = -3,      /* the group, mailbox or device was closed or stopped */
  PVG_E_FULL = -4,        /* a mailbox or a table of objects has no room */
  PVG_E_NO_MEMORY = -5,   /* the system refused memory, a mapping or a thread */
  PVG_E_BOUNDS = -6,      /* a range is empty, unaligned, overflows or leaves its object */
  PVG_E_REFUSED = -7,     /* PVG refused: an encode it won't do */
  PVG_E_UNSUPPORTED = -8, /* this PVG has no such thing (a window, a port) */
  PVG_E_WOKEN = -9        /* whoever may wake the call has done so, before there was what it waits for */
};

/* ---------------------------------------------------------------------------------------------
 * Version and errors
 * ------------------------------------------------------------------------------------------- */

/* PVG_BRIDGE_VERSION of the library. */
PVG_API uint32_t pvg_bridge_version(void);

/* Which PVG this library is: "soft" or "apple". Static text. */
PVG_API const char *pvg_bridge_name(void);

/* What the calling thread's last failing call of this library had to say, never NULL. The text stays
 * valid until that thread's next failing call. */
PVG_API const char *pvg_last_error(void);

/* The system's number of the calling thread, as its tools and QEMU's logs show it. */
PVG_API uint32_t pvg_thread_id(void);

/* 1 if devices of this PVG can be suspended and resumed, else 0. */
PVG_API int32_t pvg_bridge_can_suspend(void);

/* The GPUs there are, and what GPU `index` is: a set of pvg_gpu_flag bits (PVG_E_ARGUMENT if there is none of that index). */
enum pvg_gpu_flag {
  PVG_GPU_UNIFIED_MEMORY = 1,
  PVG_GPU_REMOVABLE = 2,
  PVG_GPU_DEFAULT = 4 /* the one that the system prefers */
};
PVG_API int32_t pvg_gpu_count(void);
PVG_API int32_t pvg_gpu_flags(uint32_t index);

/* Copies up to `room` bytes of the path of the option ROM that this PVG brings along, and returns how many it has; 0 if there is none. */
PVG_API int32_t pvg_option_rom(void *path, uint32_t room);

/* Copies up to `room` bytes of a text for people, of what this PVG finds on this machine and is going to use, and returns how many it has. */
PVG_API int32_t pvg_bridge_report(void *text, uint32_t room);

/* ---------------------------------------------------------------------------------------------
 * Groups: what is released together
 *
 * A group is one running device's set of mailboxes and PVG devices. Closing it closes every mailbox
 * in it and stops every PVG device in it, so that no thread stays blocked in this library on its behalf.
 * ------------------------------------------------------------------------------------------- */

enum pvg_cause {
  PVG_CAUSE_NONE = 0,      /* not closed */
  PVG_CAUSE_CLOSED = 1,    /* closed on purpose */
  PVG_CAUSE_THREAD = 2,    /* a guarded thread ended without pvg_group_unguard() */
  PVG_CAUSE_DEADLOCK = 3   /* the host found its threads waiting for each other */
};

/* A new group, or 0 (PVG_E_FULL: 256 exist). */
PVG_API uint32_t pvg_group_create(void);

/* Closes the group; the first cause (a pvg_cause above 0) is kept, further calls do nothing. Does not
 * block: threads are released, not awaited. */
PVG_API int32_t pvg_group_close(uint32_t group, uint32_t cause);

/* The pvg_cause the group was closed with, PVG_CAUSE_NONE while it is open. */
PVG_API int32_t pvg_group_cause(uint32_t group);

/* Closes the group, destroys its PVG devices (joining their threads), its maps, mailboxes, task ranges and RAM,
 * then the group itself. Blocks until PVG's own threads have ended. Idempotent by PVG_E_HANDLE. */
PVG_API int32_t pvg_group_destroy(uint32_t group);

/* Ties the group to the calling thread: if the thread ends before pvg_group_unguard(), however it ends,
 * the group is closed with PVG_CAUSE_THREAD. A thread guards at most 8 groups (PVG_E_FULL). */
PVG_API int32_t pvg_group_guard(uint32_t group);
PVG_API int32_t pvg_group_unguard(uint32_t group);

/* ---------------------------------------------------------------------------------------------
 * Mailboxes: the one waiting primitive
 *
 * A bounded first-in first-out queue of 64-byte records; any number of producers and consumers. Records
 * posted by one thread are taken in the order they were posted; what a thread wrote before it posted a
 * record is visible to the thread that took it.
 * ------------------------------------------------------------------------------------------- */

struct pvg_record {
  uint32_t kind;      /* a pvg_upcall_kind, or PVG_KIND_HOST and above: the host's own */
  uint32_t id;        /* the upcall to answer, or whatever the poster put there */
  uint64_t words[6];  /* arguments, by kind */
  uint32_t thread;    /* set by PVG: which of its threads posted (1 and up); hosts may use it freely */
  uint32_t reserved;  /* 0 from PVG; hosts may use it freely */
};

/* Kinds below this are PVG's, from it on the host's. */
#define PVG_KIND_HOST 0x100u

/* A mailbox of `capacity` records (1..65536) in `group`, or 0. A take that finds it empty polls before it sleeps, for as long as that has
 * been worth it lately and at most `poll_us` microseconds (0..1000; if the calling thread may use one core only, once a wait, unless it is 0). Whoever
 * polls gives the core away whenever another thread wants it; of several takers one polls at most, and the others sleep. */
PVG_API uint32_t pvg_mailbox_create(uint32_t group, uint32_t capacity, uint32_t poll_us);

/* Appends one record of 64 bytes. If it is full: with timeout_us 0 fails with PVG_E_FULL at once, with -1
 * blocks until there is room, else blocks for that long. PVG_E_CLOSED once the mailbox is closed. */
PVG_API int32_t pvg_mailbox_post(uint32_t mailbox, const void *record, int64_t timeout_us);

/* Takes 1..max records (max 1..1024) into `records` (64·max bytes) and returns how many. If it is empty:
 * with timeout_us 0 returns 0 at once, with -1 blocks until there is one, else for that long, then 0.
 * After close: hands out what is left, then PVG_E_CLOSED. */
PVG_API int32_t pvg_mailbox_take(uint32_t mailbox, void *records, uint32_t max, int64_t timeout_us);

/* Refuses further posts and releases every waiter. Idempotent. */
PVG_API int32_t pvg_mailbox_close(uint32_t mailbox);

/* Closes it and gives the slot back. Blocked callers return PVG_E_CLOSED; records left are discarded. */
PVG_API int32_t pvg_mailbox_destroy(uint32_t mailbox);

/* Records waiting; threads sleeping in take. Values of a moment, for statistics. */
PVG_API int32_t pvg_mailbox_depth(uint32_t mailbox);
PVG_API int32_t pvg_mailbox_waiters(uint32_t mailbox);

/* Memory of one thread's, through which its records pass without being handed over in each call. It is the thread's own and lives as long as that does. */
#define PVG_TRANSFER_RECORDS 64u

struct pvg_transfer {
  uint64_t entered_ns, returned_ns; /* when its last transfer began to take and when it returned, CLOCK_MONOTONIC, if `timed`: what lies between is time idle */
  uint32_t to;                      /* the mailbox that `posted` is for; 0: nothing is to be posted */
  uint32_t from;                    /* the mailbox to take from */
  uint32_t max;                     /* 1..PVG_TRANSFER_RECORDS */
  uint32_t timed;                   /* whether the times are wanted: 0 or 1 */
  int64_t timeout_us;               /* as pvg_mailbox_take() has it */
  uint64_t reserved[3];
  struct pvg_record posted;
  struct pvg_record taken[PVG_TRANSFER_RECORDS];
};

/* Where the calling thread's is, zeros at first; 0 if there is no memory. */
PVG_API uint64_t pvg_thread_transfer(void);

/* Posts `posted` if there is a `to`, which is 0 then, waiting for room; and takes into `taken`: pvg_mailbox_take()'s result. One call where a thread
 * answers and waits for the next. A record for a mailbox that is closed or gone is dropped, as its taker would have it. PVG_E_ARGUMENT of
 * a thread that has no transfer. BLOCKS as pvg_mailbox_take(). */
PVG_API int32_t pvg_mailbox_transfer(void);

/* System calls that this library has made in this process because threads wait for each other: counts[0] = sleeps, [1] = wakes,
 * [2] = cores given away while polling. For statistics. */
PVG_API int32_t pvg_wait_calls(uint64_t *counts);

/* ---------------------------------------------------------------------------------------------
 * Guest memory
 *
 * RAM is a sealed memfd mapped shared, or memory that was given: a file's, or a shared mapping of this process. Its host addresses stay valid
 * for the life of the process if somebody may have a view of them (of a RAM that was given: once pvg_ram_view() was asked): when the
 * RAM is destroyed its pages are given back and its addresses then read as zeros, so that a view somebody
 * forgot cannot crash the process. Offsets and lengths are bytes.
 * ------------------------------------------------------------------------------------------- */

/* Host page size; every offset and length of a range or a mapping is a multiple of it. */
PVG_API uint32_t pvg_page_size(void);

/* A RAM of `length` bytes (page multiple, 1 page..1 TiB) that belongs to `group`, zeroed, or 0. */
PVG_API uint32_t pvg_ram_create(uint32_t group, uint64_t length);

/* RAM that is `length` bytes of a memfd or regular file from `offset` on, or 0. The descriptor is duplicated; its file must be that long.
 * With `writable` 0 a descriptor that can only be read will do: ranges can't show such a RAM for writing, and what is written to its
 * addresses stays in this process. Of a file on hugetlbfs offset and length are multiples of its pages, and so is what ranges show.
 * A memfd that can still be sealed is sealed against becoming shorter. Where a file becomes shorter all the same, what is missing reads
 * as zeros: from the first such import on the library answers bus errors in RAM and ranges, and passes others on.
 * PVG_E_ARGUMENT (a descriptor of another kind, or not open for that), PVG_E_BOUNDS, PVG_E_NO_MEMORY, PVG_E_FULL. */
PVG_API uint32_t pvg_ram_import(uint32_t group, int32_t fd, uint64_t offset, uint64_t length, uint32_t writable);

/* As pvg_ram_import() for memory of this process: whole pages of one shared mapping (PVG_E_ARGUMENT if it isn't). It is mapped a second time,
 * so what becomes of the mapping that was given is of no account, and nothing is done to it. It must be there during the call. */
PVG_API uint32_t pvg_ram_import_address(uint32_t group, uint64_t address, uint64_t length, uint32_t writable);

/* Makes private memory of this process shared in its place, with its contents: [address, address+length) is whole pages, and where they are
 * private they begin an anonymous mapping that can be read and written (PVG_E_ARGUMENT). What is shared is left as it is. NOBODY MAY
 * WRITE THERE MEANWHILE: it might be lost. */
PVG_API int32_t pvg_memory_share(uint64_t address, uint64_t length);

/* Where a buffer of the caller's is in this process. */
PVG_API uint64_t pvg_memory_address(const void *memory);

/* Where it is mapped in this process while it lives, 0 if there is no such RAM. */
PVG_API uint64_t pvg_ram_address(uint32_t ram);

/* As pvg_ram_address(); from now on these addresses stay valid for the life of the process. */
PVG_API uint64_t pvg_ram_view(uint32_t ram);

/* Its memfd or file, which stays the library's: duplicate it to keep it. PVG_E_UNSUPPORTED if it has none: it was revoked, or is memory of
 * this process. */
PVG_API int32_t pvg_ram_fd(uint32_t ram);

/* Takes the RAM away from everybody in this process: its own addresses and all that ranges show of it are fresh zero pages, its descriptor is
 * closed, and no range can show it any more (PVG_E_HANDLE). When this returns PVG_OK nothing in this library can touch the old bytes, and
 * copies in progress go on with zeros. The handle lives until it is destroyed. Also for one that was destroyed while ranges showed it.
 * PVG_E_NO_MEMORY if the system refuses; it may be tried again. */
PVG_API int32_t pvg_ram_revoke(uint32_t ram);

/* Which pages of `page_bytes` (a power of two, 1 host page and up) ranges may have written since the last call: a bit for each, in `count`
 * words, which is as many as hold them (PVG_E_BOUNDS). Those that a range shows for writing always count. The first call says that all
 * were; what is logged from then on until pvg_ram_end_dirty() takes memory, and time when a range shows something else. */
PVG_API int32_t pvg_ram_take_dirty(uint32_t ram, uint64_t page_bytes, uint64_t *words, uint64_t count);
PVG_API int32_t pvg_ram_end_dirty(uint32_t ram);

/* Gives the memory back. Task ranges that map pages of it keep those pages until they are unmapped. */
PVG_API int32_t pvg_ram_destroy(uint32_t ram);

/* Reserves a contiguous host range of `length` bytes (page multiple, 1 page..64 GiB) of fresh zero pages that
 * cost nothing until touched, or 0. The handle is the task's name in upcalls. */
PVG_API uint32_t pvg_range_create(uint32_t group, uint64_t length);

/* Where the range starts in this process, 0 if there is no such range. For traces; nobody but the
 * library may touch what is there. */
PVG_API uint64_t pvg_range_address(uint32_t range);

/* Maps `length` bytes of `ram` from `ram_offset` on at `offset` of the range: shared, not copied, replacing
 * what was there; with `read_only` non-zero the target pages can't be written. PVG_E_BOUNDS unless both
 * pieces are non-empty, page-aligned and inside their objects; PVG_E_ARGUMENT for a RAM that can't be written, unless `read_only`;
 * PVG_E_NO_MEMORY when the system has no mapping to spare; after any the target is as it was. */
PVG_API int32_t pvg_range_map(uint32_t range, uint64_t offset, uint32_t ram, uint64_t ram_offset, uint64_t length,
                              uint32_t read_only);

/* Replaces that part of the range by fresh zero pages; checks as above. */
PVG_API int32_t pvg_range_unmap(uint32_t range, uint64_t offset, uint64_t length);

/* Releases the range. PVG keeps one that it was given alive until it has been told that the task is
 * destroyed (the answer to PVG_UPCALL_DESTROY_TASK). */
PVG_API int32_t pvg_range_destroy(uint32_t range);

/* ---------------------------------------------------------------------------------------------
 * The memory map: where guest-physical addresses lead
 *
 * One owner publishes a snapshot of the map, flat and sorted; anybody looks things up in it, without a lock and without
 * waiting for anybody. References keep a region that was taken off the map until the last one is given back. Each region has a
 * slot, whose cell counts them: a word that the host may use itself, atomically, by these rules:
 *
 *  - PVG_MAP_FREE: the slot is nobody's. Who replaces that by 0 has it for a new region.
 *  - else twice the number of references, plus 1 once the region was removed from the map.
 *  - Who makes it 1, by the removal or by giving the last reference back, and nobody else, destroys the region's RAM
 *    and then makes it PVG_MAP_FREE.
 *
 * A region is removed like this: a snapshot without it (or where it is PVG_REGION_REMOVED) is published, and then 1 is added. A
 * reference is taken on what a look-up has found, by somebody who looks it up as one step with taking it.
 * ------------------------------------------------------------------------------------------- */

#define PVG_MAP_RANGES 2048u    /* at most in a snapshot */
#define PVG_MAP_SLOTS 4096u    /* slots, and regions in a snapshot at most; numbered from 1 */
#define PVG_MAP_FREE (-1)
#define PVG_MAP_REGISTERS 0xffffffffu

enum pvg_region_flag {
  PVG_REGION_MAPPABLE = 1, /* may be mapped: it is no other device's memory */
  PVG_REGION_WRITABLE = 2, /* may be mapped for writing */
  PVG_REGION_REMOVED = 4   /* is in no range, but something may still be mapped; left out once its RAM is gone */
};

/* Memory of the host's: `length` bytes of RAM `ram` from `ram_offset` on. */
struct pvg_map_region {
  uint64_t ram_offset;
  uint64_t length;
  uint32_t ram;
  uint32_t slot;   /* 1..PVG_MAP_SLOTS, of no other region in the snapshot */
  uint32_t region; /* what the host calls it, for traces */
  uint32_t flags;  /* of pvg_region_flag */
};

/* What is seen at [gpa, gpa+length). */
struct pvg_map_range {
  uint64_t gpa;
  uint64_t length;
  uint64_t offset;   /* of the first byte in its region */
  uint32_t place;    /* the region's index among those published with it, or PVG_MAP_REGISTERS: it is no memory */
  uint32_t reserved; /* 0 */
};

/* What was found. */
struct pvg_map_found {
  uint64_t address;    /* host address of the first byte */
  uint64_t contiguous; /* bytes of the region from there on; of pvg_map_find_host the region's own end */
  uint64_t ram_offset; /* of the first byte */
  uint32_t ram;
  uint32_t slot;
  uint32_t region;
  uint32_t flags;
};

/* An empty map in `group`, all of its slots free, or 0 (PVG_E_FULL: 256 exist). */
PVG_API uint32_t pvg_map_create(uint32_t group);

/* Replaces the snapshot. Ranges are sorted by address and don't overlap, nor do two regions' host addresses. PVG_E_ARGUMENT (a range or
 * region makes no sense), PVG_E_HANDLE (a RAM that isn't there), PVG_E_NO_MEMORY: the old snapshot stays. Once it has returned, nobody is in
 * the middle of a look-up in an older snapshot. BLOCKS for those who are, which wait for nobody. */
PVG_API int32_t pvg_map_publish(uint32_t map, const struct pvg_map_range *ranges, uint32_t range_count,
                                const struct pvg_map_region *regions, uint32_t region_count);

/* Looks all of [gpa, gpa+length) up as memory that can be mapped, and that may be written if `write` is non-zero. PVG_E_BOUNDS if it isn't
 * that, in one region. The answer is of a moment. */
PVG_API int32_t pvg_map_lookup(uint32_t map, uint64_t gpa, uint64_t length, uint32_t write, struct pvg_map_found *found);

/* As pvg_map_lookup(), and takes a reference on what it has found. */
PVG_API int32_t pvg_map_lookup_acquire(uint32_t map, uint64_t gpa, uint64_t length, uint32_t write, struct pvg_map_found *found);

/* The region whose memory holds a host address, on the map or removed but still referred to; PVG_E_BOUNDS if there is none. */
PVG_API int32_t pvg_map_find_host(uint32_t map, uint64_t address, struct pvg_map_found *found);

/* As pvg_map_find_host(), and gives back a reference of that region's, whosoever it is. PVG_E_BOUNDS if it has none. */
PVG_API int32_t pvg_map_release_host(uint32_t map, uint64_t address, struct pvg_map_found *found);

/* One more reference on a region that the caller has one on, or which can't be removed meanwhile. PVG_E_ARGUMENT if the slot is free. */
PVG_API int32_t pvg_map_acquire(uint32_t map, uint32_t slot);

/* Gives one back. If that was the last of a removed region, its RAM is destroyed and 1 returned, else PVG_OK. PVG_E_ARGUMENT if there is
 * none to give back. */
PVG_API int32_t pvg_map_release(uint32_t map, uint32_t slot);

/* How many there are, 0 of a slot that is free. */
PVG_API int32_t pvg_map_references(uint32_t map, uint32_t slot);

/* Address of the cells, int32 each, the one of slot n at index n; cell 0 is 1. 0 if there is no such map. They stay mapped for the life of the
 * process, but are another map's after this one was destroyed. */
PVG_API uint64_t pvg_map_cells(uint32_t map);

PVG_API int32_t pvg_map_destroy(uint32_t map);

#ifdef __cplusplus
}
#endif
#endif
