/* SPDX-License-Identifier: Apache-2.0
 *
 * registers.c - MMIO accesses: the way in to both windows, and the gfx window's registers but for the displays' ones.
 *
 * START and MAIN_KICK complete only when the control thread has done the work, with every upcall that takes; all others
 * complete at once. Any value may come from the guest: what is not a register reads 0 and ignores writes.
 */
#include "iosfc.h"

static uint32_t read_locked(struct soft_device *device, uint64_t offset) {
  if (soft_display_register(offset)) return soft_display_read_locked(device, offset);
  switch (offset) {
    case REG_FIFO_OFFSET: return device->fifo_offset;
    case REG_FIFO_LENGTH: return device->fifo_length;
    case REG_FIFO_WRITTEN: return device->fifo_written;
    case REG_FIFO_READ: return device->fifo_read;
    case REG_START: return device->running;
    case REG_DISPLAY_STATUS: return device->display_status;
    case REG_GPU_STATUS: return device->gpu_status;
    case REG_SHARED_PFN: return device->shared_pfn;
    case REG_FAULT: return device->fault;
    case REG_FIFO_BASE_PFN: return device->fifo_base;
    case REG_VERSION: return VERSION_VALUE;
    default: return 0;
  }
}

/* Asks the control thread for something and waits until it was done. */
static void await_control_locked(struct soft_device *device, uint64_t *asked, const uint64_t *done) {
  uint64_t ticket = ++*asked;
  soft_control_signal_locked(device);
  soft_control_await_locked(device, done, ticket);
}

static void kick_locked(struct soft_device *device) {
  if (device->halted) return;
  if (!device->running) {
    soft_fault_locked(device, FAULT_NOT_STARTED, 0);
    return;
  }
  await_control_locked(device, &device->kick_asked, &device->kick_done);
}

static void doorbell_locked(struct soft_device *device, uint32_t fifo) {
  if (device->halted || fifo < 1 || fifo > CHILD_FIFO_MAX || device->channels[fifo] == NULL) return;
  device->channels[fifo]->doorbell = true;
  pthread_cond_broadcast(&device->channel_cond);
}

static void write_locked(struct soft_device *device, uint64_t offset, uint32_t value) {
  if (soft_display_register(offset)) {
    soft_display_write_locked(device, offset, value);
    return;
  }
  switch (offset) {
    case REG_FIFO_OFFSET: device->fifo_offset = value; break;
    case REG_FIFO_LENGTH: device->fifo_length = value; break;
    case REG_FIFO_WRITTEN: device->fifo_written = value; break;
    case REG_START: await_control_locked(device, &device->start_asked, &device->start_done); break;
    case REG_DISPLAY_STATUS: device->display_status &= ~value; break;
    case REG_GPU_STATUS: device->gpu_status &= ~value; break;
    case REG_SHARED_PFN: device->shared_pfn = value; break;
    case REG_CHILD_DOORBELL: doorbell_locked(device, value); break;
    case REG_MAIN_KICK: kick_locked(device); break;
    case REG_FIFO_BASE_PFN: device->fifo_base = value; break;
    default: break;
  }
}

/* With reads_wait the accesses of several vCPUs meet here: a kick that is in progress on one ends before a read on another does. */
static uint32_t read_gfx(struct soft_device *device, uint64_t offset) {
  pthread_mutex_lock(&device->lock);
  if (device->config.reads_wait) soft_control_await_locked(device, &device->kick_done, device->kick_asked);
  uint32_t value = read_locked(device, offset);
  pthread_mutex_unlock(&device->lock);
  return value;
}

static void write_gfx(struct soft_device *device, uint64_t offset, uint32_t value) {
  pthread_mutex_lock(&device->lock);
  write_locked(device, offset, value);
  /* A kick that faulted raised an interrupt, which a thread of PVG's posts: this one is the host's. */
  if (device->interrupts != 0) pthread_cond_signal(&device->vsync_cond);
  pthread_mutex_unlock(&device->lock);
}

/* ---- both windows ---- */

static bool has_window(const struct soft_device *device, uint32_t window) {
  return window == PVG_WINDOW_GFX || (window == PVG_WINDOW_IOSFC && device->iosfc != NULL);
}

static uint32_t length_of(uint32_t window) { return window == PVG_WINDOW_GFX ? GFX_WINDOW_LENGTH : IOSFC_WINDOW_LENGTH; }

/* The device, entered, or NULL with *result set. A device without that window, or that register, isn't entered either. */
static struct soft_device *enter(uint32_t handle, uint32_t window, uint64_t offset, int32_t *result) {
  struct soft_device *device = soft_device_enter(handle);
  *result = PVG_E_HANDLE;
  if (device == NULL) return NULL;
  if (!has_window(device, window)) {
    *result = pvgi_fail(PVG_E_UNSUPPORTED, "the device has no window %u", window);
  } else if (offset % 4 != 0 || offset >= length_of(window)) {
    *result = pvgi_fail(PVG_E_ARGUMENT, "register offset 0x%llx is not a multiple of 4 below 0x%x",
                        (unsigned long long)offset, length_of(window));
  } else {
    return device;
  }
  soft_device_leave(device);
  return NULL;
}

int32_t pvg_mmio_length(uint32_t handle, uint32_t window) {
  int32_t result;
  struct soft_device *device = enter(handle, window, 0, &result);
  if (device == NULL) return result;
  soft_device_leave(device);
  return (int32_t)length_of(window);
}

int32_t pvg_mmio_read(uint32_t handle, uint32_t window, uint64_t offset, uint32_t *value) {
  if (value == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the value");
  int32_t result;
  struct soft_device *device = enter(handle, window, offset, &result);
  if (device == NULL) return result;
  result = soft_access_begin(device, window);
  if (result == PVG_OK) {
    uint64_t found = window == PVG_WINDOW_GFX ? read_gfx(device, offset) : soft_iosfc_read(device->iosfc, offset);
    value[0] = (uint32_t)found;
    value[1] = (uint32_t)(found >> 32);
    result = soft_access_end(device, window);
  }
  soft_device_leave(device);
  return result;
}

int32_t pvg_mmio_write(uint32_t handle, uint32_t window, uint64_t offset, uint64_t value) {
  int32_t result;
  struct soft_device *device = enter(handle, window, offset, &result);
  if (device == NULL) return result;
  result = soft_access_begin(device, window);
  if (result == PVG_OK) {
    if (window == PVG_WINDOW_GFX) {
      write_gfx(device, offset, (uint32_t)value);
    } else {
      soft_iosfc_write(device->iosfc, offset, value);
    }
    result = soft_access_end(device, window);
  }
  soft_device_leave(device);
  return result;
}
