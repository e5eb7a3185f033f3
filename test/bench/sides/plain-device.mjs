/**
 * A software PVG and guest RAM without our actors: for sides of a comparison that serve its upcalls themselves.
 */
import { POLL_MICROSECONDS } from '../../../dist/src/base/limits.js';
import { encodeConfig, encodeModes, encodeRanges } from '../../../dist/src/bridge/device-config.js';
import { checkedHandle } from '../../../dist/src/bridge/native.js';

const RAM_BYTES = 256 * 2 ** 20;
const RAM_BASE = 0x4000_0000;

/** All upcalls go to the mailbox `upcalls`; everything is of `group`, with which it ends. */
export function makePlainDevice(bridge) {
  const made = (what, handle) => checkedHandle(bridge, what, handle);
  const group = made('group', bridge.pvg_group_create());
  const ram = made('RAM', bridge.pvg_ram_create(group, RAM_BYTES));
  const upcalls = made('mailbox', bridge.pvg_mailbox_create(group, 4096, POLL_MICROSECONDS));
  const name = [...new Uint32Array(new TextEncoder().encode('QEMU display'.padEnd(16, '\0')).buffer)];
  const config = encodeConfig({
    ...{ group, mailboxes: Array(7).fill(upcalls), wake: 0, mode_change_waits: 0, page_shift: 14, vectors: 1, iosfc: 1, gpu: 0 },
    ...{ ports: 1, display_serials: [1], display_name: name, display_mm: [400, 300], vsync: 0, refuse_every: 0 },
    ...{ encode_delay_us: 0, managed_textures: 0, announce_every_frame: 0, reads_wait: 0, poll_us: POLL_MICROSECONDS },
  });
  const range = { gpa: RAM_BASE, length: RAM_BYTES, ramOffset: 0, ram };
  const device = made('device', bridge.pvg_device_create(config, encodeRanges([range]), 1));
  bridge.pvg_display_set_modes(device, 0, encodeModes([{ width: 1440, height: 1080, rateHz: 60 }]), 1);
  return { group, ram, upcalls, device, ramBase: RAM_BASE, ramBytes: RAM_BYTES, pageShift: 14 };
}
