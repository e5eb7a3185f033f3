/**
 * `human-monitor-command`: what QEMU's monitor for people has, as far as a device can tell it.
 *
 * Invariant: every line is read off the device at that moment. A command that there isn't is said to be unknown in the text, as QEMU says it, and is no
 * error of QMP's.
 */
import type { ListedRegion } from '../../memory/address-space.js';
import type { Device } from '../../device.js';
import { MAX_VECTORS } from '../../base/limits.js';
import { inspect } from './inspection.js';
import { traceEvent, traceStates } from './trace-state.js';

const hex = (value: number, digits = 1): string => value.toString(16).padStart(digits, '0');

/** Runs a line; the text that a person would see. */
export async function humanMonitor(device: Device, line: string): Promise<string> {
  const [name = '', ...words] = line.trim().split(/\s+/);
  if (name === '') return '';
  if (name === 'trace-event') return text(traceEvent(device, words));
  if (name !== 'info') return text([`unknown command: '${name}'`]);
  const [topic = '', ...rest] = words;
  const takes = topic === 'trace-events' ? 1 : 0;
  if (rest.length > takes) return text([`extraneous arguments for command 'info ${topic}'`]);
  switch (topic) {
    case 'qtree':
      return text(qtree(device));
    case 'mtree':
      return text(mtree(await inspect(device, 'bql')));
    case 'irq':
      return text(interrupts(device));
    case 'sync-profile':
      return text(syncProfile(device));
    case 'trace-events':
      return text(traceStates(device, rest[0] ?? '*').map(({ name: event, isOn }) => `${event} : state ${isOn ? 1 : 0}`));
    default:
      return text([`unknown command: 'info${topic === '' ? '' : ` ${topic}`}'`]);
  }
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join('');

/** The device, its properties, and its displays. */
function qtree(device: Device): string[] {
  const { pci } = device;
  const lines = [`dev: apple-gfx-${pci === null ? 'mmio' : 'pci'}`, `  revision = "${device.revision.name}"`];
  if (pci !== null) {
    lines.push(`  class ${hex(pci.classCode, 4)}, pci id ${hex(pci.vendor, 4)}:${hex(pci.device, 4)}`);
    lines.push(`  bar 0: mem at 0x${hex(device.windowBase)}, 0x${hex(pci.bar0Bytes)} bytes`);
    lines.push(`  msi: ${pci.msi.vectors} vectors, ${Math.min(device.interrupts.msiVectors, pci.msi.vectors)} of them enabled`);
    if (pci.romBytes > 0) lines.push(`  rom: 0x${hex(pci.romBytes)} bytes`);
  } else {
    lines.push(`  mmio 0x${hex(device.windowBase)}`, `  mmio 0x${hex(device.iosfcBase ?? 0)}`);
  }
  for (const { number, serial, modes, surface } of device.displays) {
    lines.push(`  display ${number}`, `    serial = ${serial}`);
    lines.push(`    modes = "${modes.map(({ width, height, rateHz }) => `${width}x${height}@${rateHz}`).join(':')}"`);
    lines.push(`    surface = ${surface === null ? '<null>' : `"${surface.width}x${surface.height}"`}`);
  }
  return lines;
}

const TYPES: Readonly<Record<ListedRegion['kind'], string>> = { ram: 'ram', rom: 'rom', deviceRam: 'ramd', mmio: 'i/o', device: 'i/o' };

/** The memory map, by address. */
function mtree({ regions }: Readonly<Record<string, unknown>>): string[] {
  // What the actor makes of AddressSpace.list().
  const listed = (regions ?? []) as readonly ListedRegion[];
  const lines = [...listed]
    .sort((a, b) => a.gpa - b.gpa)
    .map(({ gpa, length, priority, kind, name, references }) => {
      const range = `${hex(gpa, 16)}-${hex(gpa + length - 1, 16)}`;
      return `  ${range} (prio ${priority}, ${TYPES[kind]}): ${name}${references > 0 ? `, ${references} references` : ''}`;
    });
  return ['memory-region: guest', ...lines];
}

/** How often each line or vector was raised, of those that were. */
function interrupts({ interrupts: lines, pci }: Device): string[] {
  const counts = Array.from({ length: MAX_VECTORS }, (_, vector) => ({ vector, count: lines.count(vector) }));
  const raised = counts.filter(({ count }) => count > 0).map(({ vector, count }) => `${String(vector).padStart(2)}: ${count}`);
  return [`IRQ statistics for apple-gfx-${pci === null ? 'mmio' : 'pci'}:`, ...raised];
}

/**
 * QEMU's table has the time that threads waited for each lock at each place in its code. Here one actor has the BQL, and nobody waits for it but in that
 * actor's queue; what is counted is for how long it was held, over all accesses.
 */
function syncProfile({ statistics }: Device): string[] {
  const { bqlHoldMicroseconds, mmioAccesses } = statistics;
  const average = mmioAccesses === 0 ? 0 : bqlHoldMicroseconds / mmioAccesses;
  const cells = ['BQL actor', (bqlHoldMicroseconds / 1e6).toFixed(5), String(mmioAccesses), average.toFixed(2)];
  const head = ['Type', 'Hold Time (s)', 'Accesses', 'Average (us)'];
  const row = (words: readonly string[]): string => words.map((word, at) => (at === 0 ? word.padEnd(12) : word.padStart(15))).join('');
  return [row(head), '-'.repeat(row(head).length), row(cells), 'Wait times are not counted.'];
}
