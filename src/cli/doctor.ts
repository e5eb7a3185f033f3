/**
 * `apple-gfx doctor`: what a report of a fault has to say about the machine. On a Mac: which of the framework's classes, selectors, types and functions
 * are there, and which model of guest memory is used; everywhere: which bridge, and whether it makes a device and a frame.
 *
 * Invariant: whatever is wrong becomes a line, and the device is closed. What it doesn't do: mend anything.
 */
import { arch, platform, release } from 'node:os';
import { describeError } from '../base/errors.js';
import { howToBuild } from '../bridge/library.js';
import { loadBridge, type PvgBridge } from '../bridge/native.js';
import type { BridgeChoice } from '../bridge/pvg.js';
import { createDevice } from '../create-device.js';
import type { Device } from '../device.js';

const MAX_REPORT_BYTES = 65_536;
/** REG_VERSION of the gfx window. */
const VERSION_OFFSET = 0x1034;

function readReport(bridge: PvgBridge): string {
  const bytes = new Uint8Array(MAX_REPORT_BYTES);
  const length = bridge.pvg_bridge_report(bytes, bytes.length);
  if (length < 0) return `no report: ${bridge.pvg_last_error()}`;
  return new TextDecoder().decode(bytes.subarray(0, Math.min(length, bytes.length))).trimEnd();
}

/** A frame: whatever the display shows when nobody has drawn, which may be nothing. */
async function tryFrame(device: Device): Promise<string> {
  await device.update();
  const surface = device.surface;
  return surface ? `a surface of ${surface.width}x${surface.height}, and an update was answered` : 'no surface before a guest sets a mode';
}

async function tryDevice(bridge: BridgeChoice, variant: 'mmio' | 'pci'): Promise<readonly string[]> {
  const device = await createDevice({ bridge, variant, ramBytes: 2 ** 24 });
  try {
    const version = await device.mmioRead(VERSION_OFFSET);
    return [
      `${variant} device: made, version register 0x${version.toString(16)}, option ROM ${device.optionRom ? `of ${device.optionRom.length} bytes` : 'none'}`,
      `${variant} frame: ${await tryFrame(device)}`,
    ];
  } finally {
    await device.close();
  }
}

/** Prints the report; the exit code. */
export async function doctor(choice: BridgeChoice): Promise<number> {
  const say = (text: string): unknown => process.stdout.write(`${text}\n`);
  say(`system: ${platform()} ${release()} on ${arch()}, Node.js ${process.version}`);
  let bridge: PvgBridge;
  try {
    bridge = loadBridge(choice);
  } catch (error) {
    say(`bridge: none: ${describeError(error)}`);
    return 1;
  }
  say(`bridge: ${bridge.pvg_bridge_name()} (${choice === 'auto' ? 'chosen' : 'as asked for'}), version ${bridge.pvg_bridge_version()}`);
  if (platform() !== 'darwin' && bridge.pvg_bridge_name() === 'soft')
    say(`Apple's ParavirtualizedGraphics.framework: a part of macOS, so the software PVG is used here`);
  else if (bridge.pvg_bridge_name() === 'soft') say(`Apple's bridge is not used; if it wasn't built, ${howToBuild()}`);
  say(readReport(bridge));
  let made = 0;
  for (const variant of ['pci', 'mmio'] as const) {
    try {
      for (const line of await tryDevice(choice, variant)) say(line);
      made++;
    } catch (error) {
      say(`${variant} device: none: ${describeError(error)}`);
    }
  }
  return made > 0 ? 0 : 1;
}
