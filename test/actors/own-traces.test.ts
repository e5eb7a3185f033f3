/**
 * What PVG's own threads note becomes the lines that an actor would have written, with the thread and the time of PVG's.
 */
import { describe, expect, it } from 'vitest';
import { OwnTraceReader, ownTraces } from '../../actors/own-traces.js';
import type { Report } from '../../actors/wiring.js';
import { TraceEvent } from '../../src/bridge/pvg.js';
import { TRACE_NAMES } from '../../src/trace/events.js';

type Noted = readonly [event: number, words: readonly (number | bigint)[]];
const THREAD = 4711;
const MICROSECONDS = 1_700_000_000_000_000;

/** What is reported of entries, and how many guest errors were counted. */
function read(noted: readonly Noted[]): { readonly reports: readonly Report[]; readonly errors: number } {
  const reports: Report[] = [];
  const left = [...noted];
  let errors = 0;
  const reader = new OwnTraceReader({
    take(entries, max) {
      const taken = left.splice(0, max);
      taken.forEach(([event, words], index) => {
        entries.fill(0n, 10 * index, 10 * (index + 1));
        const head = BigInt(event) | (BigInt(THREAD) << 32n);
        entries.set([head, BigInt(MICROSECONDS) * 1000n, ...words.map(BigInt)], 10 * index);
      });
      return taken.length;
    },
    onGuestError: () => errors++,
    report: (report) => reports.push(report),
  });
  reader.drain();
  return { reports, errors };
}

const linesOf = (...noted: Noted[]): readonly string[] =>
  read(noted).reports.map((report) => (report.report === 'trace' ? report.line : report.report));

describe('a line', () => {
  it.each<[string, Noted]>([
    ['apple_gfx_create_task vm_size=0x8000 base_addr=0x7f00', [TraceEvent.createTask, [0x8000, 0x7f00]]],
    ['apple_gfx_destroy_task task=0x7f00, task->mapped_regions->len=3', [TraceEvent.destroyTask, [0x7f00, 3]]],
    ['apple_gfx_map_memory task=0x7f00 range_count=0x2 virtual_offset=0x4000 read_only=1', [TraceEvent.mapMemory, [0x7f00, 2, 0x4000, 1]]],
    ['apple_gfx_map_memory_range [1] phys_addr=0x40 phys_len=0x4000', [TraceEvent.mapMemoryRange, [1, 0x40, 0x4000]]],
    ['apple_gfx_remap retval=0 source=0x1 target=0x2', [TraceEvent.remap, [0, 1, 2]]],
    ['apple_gfx_remap retval=-5 source=0x1 target=0x2', [TraceEvent.remap, [5, 1, 2]]],
    ['apple_gfx_unmap_memory task=0x7f00 virtual_offset=0x0 length=0x4000', [TraceEvent.unmapMemory, [0x7f00, 0, 0x4000]]],
    ['apple_gfx_read_memory phys_addr=0x1 length=0x2 dest=0x3', [TraceEvent.readMemory, [1, 2, 3]]],
    ['apple_gfx_iosfc_map_memory phys=0x1 len=0x2 ro=1 va=0x3 e=0x4 f=0x5 -> *va=0x6', [TraceEvent.iosfcMap, [1, 2, 1, 3, 4, 5, 6]]],
    ['apple_gfx_iosfc_unmap_memory_region unmapping @ 0x1 from memory region 0x2', [TraceEvent.iosfcUnmapRegion, [1, 2]]],
    [
      'apple_gfx_map_memory_range [0] phys_addr=0xffffffffffffffff phys_len=0x1',
      [TraceEvent.mapMemoryRange, [0, 0xffff_ffff_ffff_fff0n, 1]],
    ],
  ])('%s', (line, noted) => {
    expect(linesOf(noted)).toEqual([line]);
  });

  it('has the thread and the time of what happened', () => {
    const { reports } = read([[TraceEvent.readMemory, []]]);
    expect(reports).toMatchObject([{ origin: { thread: THREAD, microseconds: MICROSECONDS } }]);
  });

  it('comes in the order of the entries, however many there are', () => {
    const noted = Array.from({ length: 1000 }, (_, index): Noted => [TraceEvent.readMemory, [index]]);
    const lines = linesOf(...noted);
    expect(lines).toHaveLength(1000);
    expect(lines[999]).toBe('apple_gfx_read_memory phys_addr=0x3e7 length=0x0 dest=0x0');
  });
});

describe('said whatever is switched on', () => {
  it('is how many entries were lost', () => {
    expect(linesOf([TraceEvent.lost, [17]])).toEqual(['agfx_traces_lost count=17']);
  });

  it('is what the guest did wrong, and it is counted', () => {
    const { reports, errors } = read([[TraceEvent.iosfcUnmapNothing, [0xabc]]]);
    expect(reports).toEqual([{ report: 'guestError', text: 'iosfc unmap of 0xabc: nothing is mapped there' }]);
    expect(errors).toBe(1);
  });
});

it('the bridge is told which events are wanted, by QEMU’s names', () => {
  expect(ownTraces([])).toBe(0);
  expect(ownTraces(['agfx_bh_began', 'apple_gfx_write'])).toBe(0);
  expect(ownTraces(['apple_gfx_iosfc_map_memory', 'apple_gfx_remap'])).toBe((1 << TraceEvent.iosfcMap) | (1 << TraceEvent.remap));
  expect(ownTraces(TRACE_NAMES.filter((name) => name !== 'apple_gfx_read_memory'))).toBe(
    0b11_1111_1100 - (1 << TraceEvent.readMemory) + (1 << 10),
  );
});
