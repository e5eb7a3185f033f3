/* SPDX-License-Identifier: Apache-2.0
 *
 * group.c - groups: what is released together, and the guards that close them when a thread ends.
 *
 * Invariants:
 *  - No lock is held while a member is closed, stopped or destroyed. A PVG posts into mailboxes while it holds locks
 *    of its own, and members take themselves off the list of their group while they end.
 *  - A closed group takes no new members, so that closing, which marks each member before it calls it, comes to
 *    an end and misses nobody.
 *  - A group that is being destroyed keeps its slot until its last member is gone; only pvg_group_destroy() already
 *    takes it for dead.
 *
 * It does not own what its members point to: it knows their kinds and handles only.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "handle.h"
#include "internal.h"

#define MAXIMUM_GROUPS 256
#define MAXIMUM_GUARDS 8

struct member {
  enum pvgi_kind kind;
  uint32_t handle;
  bool released; /* closing has dealt with it, or has nothing to do for its kind */
};

struct group {
  struct pvgi_slot slot;
  uint32_t cause;
  bool destroying;
  struct member *members;
  size_t count;
  size_t room;
};

static struct group groups[MAXIMUM_GROUPS] = {
    [0 ... MAXIMUM_GROUPS - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}}};
static struct pvgi_table table = PVGI_TABLE("group", PVGI_TAG_GROUP, groups);

/* ---- members ---- */

static int32_t append(struct group *group, enum pvgi_kind kind, uint32_t handle) {
  if (group->count == group->room) {
    size_t room = group->room == 0 ? 16 : group->room * 2;
    struct member *members = realloc(group->members, room * sizeof *members);
    if (members == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory to note a group's member");
    group->members = members;
    group->room = room;
  }
  bool waits = kind == PVGI_MAILBOX || kind == PVGI_DEVICE;
  group->members[group->count++] = (struct member){.kind = kind, .handle = handle, .released = !waits};
  return PVG_OK;
}

int32_t pvgi_group_add(uint32_t handle, enum pvgi_kind kind, uint32_t member) {
  struct group *group = pvgi_slot_lock(&table, handle);
  if (group == NULL) return pvgi_no_such(&table, handle);
  int32_t status = group->cause != PVG_CAUSE_NONE ? pvgi_fail(PVG_E_CLOSED, "group 0x%x is closed", handle)
                                                  : append(group, kind, member);
  pvgi_slot_unlock(&group->slot);
  return status;
}

/* Members that end on their own and groups that end cross each other, so it is no error to find nothing. */
void pvgi_group_remove(uint32_t handle, enum pvgi_kind kind, uint32_t member) {
  struct group *group = pvgi_slot_lock(&table, handle);
  if (group == NULL) return;
  /* From the end, because what was made last mostly ends first. */
  for (size_t place = group->count; place-- > 0;) {
    if (group->members[place].kind != kind || group->members[place].handle != member) continue;
    group->members[place] = group->members[--group->count];
    break;
  }
  pvgi_slot_unlock(&group->slot);
}

int32_t pvgi_group_add_device(uint32_t group, uint32_t device) { return pvgi_group_add(group, PVGI_DEVICE, device); }

void pvgi_group_remove_device(uint32_t group, uint32_t device) { pvgi_group_remove(group, PVGI_DEVICE, device); }

static void release_member(struct member member) {
  if (member.kind == PVGI_MAILBOX) pvg_mailbox_close(member.handle);
  if (member.kind == PVGI_DEVICE) pvg_device_stop(member.handle);
}

static void destroy_member(struct member member) {
  switch (member.kind) {
    case PVGI_DEVICE: pvg_device_destroy(member.handle); break;
    case PVGI_MAILBOX: pvg_mailbox_destroy(member.handle); break;
    case PVGI_RANGE: pvg_range_destroy(member.handle); break;
    case PVGI_RAM: pvg_ram_destroy(member.handle); break;
    case PVGI_MAP: pvg_map_destroy(member.handle); break;
  }
}

/* Marks one member as released and copies it; false if none is left. */
static bool next_unreleased(struct group *group, struct member *member) {
  for (size_t place = 0; place < group->count; place++) {
    if (group->members[place].released) continue;
    group->members[place].released = true;
    *member = group->members[place];
    return true;
  }
  return false;
}

/* Takes one member of that kind off the list; false if none is left. */
static bool next_of_kind(struct group *group, enum pvgi_kind kind, struct member *member) {
  for (size_t place = group->count; place-- > 0;) {
    if (group->members[place].kind != kind) continue;
    *member = group->members[place];
    group->members[place] = group->members[--group->count];
    return true;
  }
  return false;
}

/* ---- the group itself ---- */

uint32_t pvg_group_create(void) {
  struct group *group = pvgi_slot_claim(&table);
  if (group == NULL) return 0;
  group->cause = PVG_CAUSE_NONE;
  group->destroying = false;
  uint32_t handle = group->slot.handle;
  pvgi_slot_unlock(&group->slot);
  return handle;
}

int32_t pvg_group_close(uint32_t handle, uint32_t cause) {
  if (cause < PVG_CAUSE_CLOSED || cause > PVG_CAUSE_DEADLOCK) {
    return pvgi_fail(PVG_E_ARGUMENT, "%u is no cause to close a group with", cause);
  }
  struct group *group = pvgi_slot_lock(&table, handle);
  if (group == NULL) return pvgi_no_such(&table, handle);
  if (group->cause == PVG_CAUSE_NONE) group->cause = cause;
  /* A second closer finds every member marked and does nothing. The list is searched anew each time, and the group
   * looked up, because both may change while the lock isn't held. */
  struct member member;
  while (group != NULL && next_unreleased(group, &member)) {
    pvgi_slot_unlock(&group->slot);
    release_member(member);
    group = pvgi_slot_lock(&table, handle);
  }
  if (group != NULL) pvgi_slot_unlock(&group->slot);
  return PVG_OK;
}

int32_t pvg_group_cause(uint32_t handle) {
  struct group *group = pvgi_slot_lock(&table, handle);
  if (group == NULL) return pvgi_no_such(&table, handle);
  int32_t cause = (int32_t)group->cause;
  pvgi_slot_unlock(&group->slot);
  return cause;
}

int32_t pvg_group_destroy(uint32_t handle) {
  struct group *group = pvgi_slot_lock(&table, handle);
  if (group != NULL && group->destroying) {
    pvgi_slot_unlock(&group->slot);
    group = NULL;
  }
  if (group == NULL) return pvgi_no_such(&table, handle);
  group->destroying = true;
  pvgi_slot_unlock(&group->slot);
  pvg_group_close(handle, PVG_CAUSE_CLOSED);
  /* Devices first, for their threads use the rest; ranges before the RAM that they show. Only this thread frees the
   * slot, so `group` stays this group. */
  static const enum pvgi_kind order[] = {PVGI_DEVICE, PVGI_MAP, PVGI_MAILBOX, PVGI_RANGE, PVGI_RAM};
  struct member member;
  pthread_mutex_lock(&group->slot.mutex);
  for (size_t step = 0; step < sizeof order / sizeof order[0]; step++) {
    while (next_of_kind(group, order[step], &member)) {
      pvgi_slot_unlock(&group->slot);
      destroy_member(member);
      pthread_mutex_lock(&group->slot.mutex);
    }
  }
  free(group->members);
  group->members = NULL;
  group->count = 0;
  group->room = 0;
  pvgi_slot_free_unlock(&table, &group->slot);
  pvgi_signals_end(handle);
  return PVG_OK;
}

/* ---- guards ---- */

/* The groups that a thread guards; 0 where there is none. Its memory is the thread's own. */
struct guards {
  uint32_t groups[MAXIMUM_GUARDS];
};

static pthread_key_t guards_key;
static int guards_key_error;
static pthread_once_t guards_once = PTHREAD_ONCE_INIT;

/* The destructor of thread-specific data runs however a thread ends but for the end of the process, when nobody is
 * left to be released. The library is linked with -z nodelete so that this code is still there by then. */
static void close_guarded(void *value) {
  struct guards *guards = value;
  for (size_t place = 0; place < MAXIMUM_GUARDS; place++) {
    if (guards->groups[place] != 0) pvg_group_close(guards->groups[place], PVG_CAUSE_THREAD);
  }
  free(guards);
}

static void make_guards_key(void) { guards_key_error = pthread_key_create(&guards_key, close_guarded); }

/* The calling thread's guards, or NULL if it has none and `make` is false or memory is short. */
static struct guards *own_guards(bool make) {
  pthread_once(&guards_once, make_guards_key);
  if (guards_key_error != 0) return NULL;
  struct guards *guards = pthread_getspecific(guards_key);
  if (guards != NULL || !make) return guards;
  guards = calloc(1, sizeof *guards);
  if (guards != NULL && pthread_setspecific(guards_key, guards) != 0) {
    free(guards);
    guards = NULL;
  }
  return guards;
}

static bool group_lives(uint32_t handle) {
  struct group *group = pvgi_slot_lock(&table, handle);
  if (group == NULL) return false;
  pvgi_slot_unlock(&group->slot);
  return true;
}

int32_t pvg_group_guard(uint32_t handle) {
  if (!group_lives(handle)) return pvgi_no_such(&table, handle);
  struct guards *guards = own_guards(true);
  if (guards == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory for the thread's guards");
  uint32_t *place = NULL;
  for (size_t at = 0; at < MAXIMUM_GUARDS; at++) {
    uint32_t *entry = &guards->groups[at];
    if (*entry == handle) return PVG_OK;
    /* A group that was destroyed without being unguarded must not use up a place for good. */
    if (*entry != 0 && !group_lives(*entry)) *entry = 0;
    if (*entry == 0 && place == NULL) place = entry;
  }
  if (place == NULL) return pvgi_fail(PVG_E_FULL, "the thread guards %d groups already", MAXIMUM_GUARDS);
  *place = handle;
  return PVG_OK;
}

int32_t pvg_group_unguard(uint32_t handle) {
  struct guards *guards = own_guards(false);
  bool found = false;
  for (size_t at = 0; guards != NULL && handle != 0 && at < MAXIMUM_GUARDS; at++) {
    if (guards->groups[at] != handle) continue;
    guards->groups[at] = 0;
    found = true;
  }
  if (!group_lives(handle)) return pvgi_no_such(&table, handle);
  return found ? PVG_OK : pvgi_fail(PVG_E_ARGUMENT, "the thread does not guard group 0x%x", handle);
}
