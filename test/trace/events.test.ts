/**
 * Every trace event of QEMU's, written as QEMU's users know it (device.md 8). When each of them comes is in test/actors/trace-order.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { TRACE_FORMATS, type TraceArgs, type TraceName } from '../../src/trace/events.js';
import { Tracer } from '../../src/trace/tracer.js';

/** The line of an event. */
function line<N extends TraceName>(name: N, args: TraceArgs<N>): string {
  const lines: string[] = [];
  new Tracer(['*'], (text) => lines.push(text)).emit(name, args);
  return lines.join('\n');
}

const MIB = 2 ** 20;
const mapping = { gpa: 0x4000_8000, length: 0x4000, readOnly: 1, va: 7, e: 0xe, f: 0xf, address: 0x7f00_0000_8000 };

const LINES: readonly string[] = [
  line('apple_gfx_read', { offset: 0x1034, value: 0xffff_fffe, high: 0 }),
  line('apple_gfx_write', { offset: 0, value: 0, high: 0 }),
  line('apple_gfx_create_task', { length: 16 * 1024 * MIB, base: 0x7f12_3456_7000 }),
  line('apple_gfx_destroy_task', { task: 0x7f12_3456_7000, regions: 12 }),
  line('apple_gfx_map_memory', { task: 0x7000, count: 1024, offset: 0x10_0000, readOnly: 1 }),
  line('apple_gfx_map_memory_range', { index: 10, gpa: 2 ** 32, length: 0x4000 }),
  line('apple_gfx_remap', { status: -5, source: 0xabc0, target: 0xdef0 }),
  line('apple_gfx_unmap_memory', { task: 0x7000, offset: 0x4000, length: 0x8000 }),
  line('apple_gfx_read_memory', { gpa: 0x4000_0000, length: 64, destination: 0x7fff_0000 }),
  line('apple_gfx_raise_irq', { vector: 31 }),
  line('apple_gfx_new_frame', undefined),
  line('apple_gfx_mode_change', { width: 1920, height: 1080 }),
  line('apple_gfx_cursor_set', { bpp: 32, width: 40, height: 40 }),
  line('apple_gfx_cursor_show', { show: 0 }),
  line('apple_gfx_cursor_move', undefined),
  line('apple_gfx_common_init', { name: 'apple-gfx-pci', length: 16_384 }),
  line('apple_gfx_common_realize_modes_property', { count: 2 }),
  line('apple_gfx_display_mode', { index: 0, width: 640, height: 480 }),
  line('apple_gfx_mmio_iosfc_read', { offset: 0x1000, value: 0x10, high: 0xa }),
  line('apple_gfx_mmio_iosfc_write', { offset: 0x1018, value: 0x4000, high: 0 }),
  line('apple_gfx_iosfc_map_memory', { ...mapping, ok: 1 }),
  line('apple_gfx_iosfc_map_memory_new_region', { index: 1, region: 0x3, start: 0x5800_0000, end: 0x5800_4000 }),
  line('apple_gfx_iosfc_unmap_memory', { words: [0x10, 1, 2, 3, 4, 0xff] }),
  line('apple_gfx_iosfc_unmap_memory_region', { address: 0x10, region: 3, index: 1, count: 20 }),
  line('apple_gfx_iosfc_raise_irq', { vector: 0 }),
];

describe('events', () => {
  it('of QEMU are written with QEMU’s arguments, hexadecimal numbers in lower case', () => {
    expect(LINES).toEqual([
      'apple_gfx_read offset=0x1034 res=0xfffffffe',
      'apple_gfx_write offset=0x0 val=0x0',
      'apple_gfx_create_task vm_size=0x400000000 base_addr=0x7f1234567000',
      'apple_gfx_destroy_task task=0x7f1234567000, task->mapped_regions->len=12',
      'apple_gfx_map_memory task=0x7000 range_count=0x400 virtual_offset=0x100000 read_only=1',
      'apple_gfx_map_memory_range [10] phys_addr=0x100000000 phys_len=0x4000',
      'apple_gfx_remap retval=-5 source=0xabc0 target=0xdef0',
      'apple_gfx_unmap_memory task=0x7000 virtual_offset=0x4000 length=0x8000',
      'apple_gfx_read_memory phys_addr=0x40000000 length=0x40 dest=0x7fff0000',
      'apple_gfx_raise_irq vector=0x1f',
      'apple_gfx_new_frame',
      'apple_gfx_mode_change x=1920 y=1080',
      'apple_gfx_cursor_set bpp=32 width=40 height=0x28',
      'apple_gfx_cursor_show show=0',
      'apple_gfx_cursor_move',
      'apple_gfx_common_init device: apple-gfx-pci; MMIO size: 16384 bytes',
      "apple_gfx_common_realize_modes_property using 2 modes supplied by 'display-modes' device property",
      'apple_gfx_display_mode mode  0:  640x 480',
      'apple_gfx_mmio_iosfc_read offset=0x1000 res=0xa00000010',
      'apple_gfx_mmio_iosfc_write offset=0x1018 val=0x4000',
      'apple_gfx_iosfc_map_memory phys=0x40008000 len=0x4000 ro=1 va=0x7 e=0xe f=0xf -> *va=0x7f0000008000, success = 1',
      'apple_gfx_iosfc_map_memory_new_region index=1, region=0x3, 0x58000000-0x58004000',
      'apple_gfx_iosfc_unmap_memory a=0x10 b=0x1 c=0x2 d=0x3 e=0x4 f=0xff',
      'apple_gfx_iosfc_unmap_memory_region mapping @ 0x10 in region 1, map count 20, memory region 0x3',
      'apple_gfx_iosfc_raise_irq vector=0x0',
    ]);
  });

  it('of QEMU are all there, and no other has QEMU’s prefix', () => {
    const names = LINES.map((text) => text.split(' ')[0]);
    expect(names).toEqual(Object.keys(TRACE_FORMATS).filter((name) => name.startsWith('apple_gfx_')));
  });

  it('of the merged revision say less of a mapping, and more plainly what is unmapped', () => {
    expect(line('apple_gfx_iosfc_map_memory', mapping)).toBe(
      'apple_gfx_iosfc_map_memory phys=0x40008000 len=0x4000 ro=1 va=0x7 e=0xe f=0xf -> *va=0x7f0000008000',
    );
    expect(line('apple_gfx_iosfc_unmap_memory_region', { address: 0x10, region: 3 })).toBe(
      'apple_gfx_iosfc_unmap_memory_region unmapping @ 0x10 from memory region 0x3',
    );
  });

  it('pad a mode as QEMU does, whose numbers have up to four digits', () => {
    expect(line('apple_gfx_display_mode', { index: 12, width: 16_384, height: 1080 })).toBe('apple_gfx_display_mode mode 12: 16384x1080');
  });

  it('with a number that a guest made too large to be exact have the largest there is', () => {
    expect(line('apple_gfx_map_memory_range', { index: 0, gpa: Number.POSITIVE_INFINITY, length: 4 })).toBe(
      'apple_gfx_map_memory_range [0] phys_addr=0xffffffffffffffff phys_len=0x4',
    );
  });

  it('that are not switched on are not even formatted', () => {
    const lines: string[] = [];
    const tracer = new Tracer(['apple_gfx_new*'], (text) => lines.push(text));
    tracer.emit('apple_gfx_read', undefined as unknown as TraceArgs<'apple_gfx_read'>);
    tracer.emit('apple_gfx_new_frame', undefined);
    expect(lines).toEqual(['apple_gfx_new_frame']);
  });
});
