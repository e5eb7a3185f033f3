/**
 * Logs of QEMU's as recordings: which lines are events, what they say, and what is said of those that don't fit.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedMachines } from '../../../src/cli/trace-machines.js';
import { MACHINE_NAMES, RING_FIELDS, TRACE_FORMATS, TRACE_NAMES } from '../../../src/trace/events.js';
import type { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { type ImportSummary, LogImport, MAX_COMPLAINTS } from '../../../src/visualiser/convert/import-log.js';
import { readLine } from '../../../src/visualiser/convert/import-line.js';
import { converted, eventCounts, randomEvents, storeOf, storeWith } from './recordings.js';

const machines = checkedMachines();

interface Imported extends ImportSummary {
  readonly store: TraceStore;
}

function imported(text: string | Uint8Array, pieces = Number.POSITIVE_INFINITY): Imported {
  const log = new LogImport({ machines, producer: 'a test' });
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  for (let at = 0; at < bytes.length; at += pieces) log.push(bytes.subarray(at, at + pieces));
  const { chunks, summary } = log.finish();
  return { ...summary, store: storeOf(Buffer.concat(chunks)) };
}

const complaintsOf = (lines: readonly string[]): string[] =>
  imported(`${lines.join('\n')}\n`).complaints.map(({ line, text }) => `${line}: ${text}`);

/** A log that fits, as a QEMU might write it: tasks are called by other addresses than their ranges'. */
const QEMU = [
  'qemu-system-x86_64: warning: something else',
  '100@1700000000.000001:apple_gfx_common_init device: apple-gfx-pci; MMIO size: 16384 bytes',
  "100@1700000000.000002:apple_gfx_common_realize_modes_property using 2 modes supplied by 'display-modes' device property",
  '100@1700000000.000003:apple_gfx_display_mode mode  0: 1920x1080',
  '100@1700000000.000004:apple_gfx_display_mode mode  1:  640x 480',
  '200@1700000001.000000:memory_region_ops_read cpu 0 mr 0x5581 addr 0x1234 value 0x0 size 4',
  '200@1700000001.000100:apple_gfx_write offset=0x1030 val=0x10040',
  '300@1700000001.000200:apple_gfx_create_task vm_size=0x18000 base_addr=0x7f0000001000',
  '300@1700000001.000300:apple_gfx_create_task vm_size=0x18000 base_addr=0x7f0000101000',
  '300@1700000001.000400:apple_gfx_map_memory task=0x600000aa range_count=0x2 virtual_offset=0x1000 read_only=0',
  '300@1700000001.000401:apple_gfx_map_memory_range [0] phys_addr=0x40100000 phys_len=0x2000',
  '300@1700000001.000402:apple_gfx_remap retval=0 source=0x7e0000000000 target=0x7f0000102000',
  '300@1700000001.000403:apple_gfx_map_memory_range [1] phys_addr=0x40200000 phys_len=0x1000',
  '300@1700000001.000404:apple_gfx_remap retval=0 source=0x7e0000100000 target=0x7f0000104000',
  '200@1700000001.000500:apple_gfx_read offset=0x102c res=0x1',
  '400@1700000001.000600:apple_gfx_mode_change x=640 y=480',
  '400@1700000001.000700:apple_gfx_cursor_set bpp=32 width=64 height=0x64',
  '400@1700000001.000800:apple_gfx_cursor_show show=1',
  '400@1700000001.000900:apple_gfx_new_frame',
  '300@1700000001.001000:apple_gfx_iosfc_map_memory phys=0x40300000 len=0x1000 ro=0 va=0x7fff1234 e=0x10000 f=(nil) -> *va=0x7e0000200000',
  '300@1700000001.001100:apple_gfx_iosfc_unmap_memory_region unmapping @ 0x7e0000200000 from memory region 0x5581000',
  '300@1700000001.001200:apple_gfx_unmap_memory task=0x600000aa virtual_offset=0x1000 length=0x3000',
  '300@1700000001.001300:apple_gfx_destroy_task task=0x600000aa, task->mapped_regions->len=1',
  '100@1700000001.001400:apple_gfx_raise_irq vector=0x0',
];

describe('lines', () => {
  const value = fc.oneof(fc.nat(100), fc.constantFrom(0, 1, 2 ** 31, 2 ** 47), fc.maxSafeNat());

  it.each(TRACE_NAMES)('%s is read as it is written', (name) => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 8, maxLength: 8 }),
        fc.constantFrom(...MACHINE_NAMES),
        fc.constantFrom('job', 'mapMemory', '0x1234'),
        (numbers, machine, kind) => {
          const fields = RING_FIELDS[name];
          const small = new Set(['value', 'high', 'show', 'readOnly', 'status', 'ok', 'width', 'height', 'bpp']);
          const values = Object.fromEntries(
            fields.map((field, k) => [field, small.has(field) ? (numbers[k] ?? 0) % 1000 : (numbers[k] ?? 0)]),
          );
          const texts = {
            ...(fields.includes('kind') && { kind }),
            ...(fields.includes('machine') && { machine }),
            ...(name === 'apple_gfx_common_init' && { name: 'apple-gfx-pci' }),
          };
          const words = { va: 1, e: 2, f: 3, words: numbers.slice(0, 6) };
          const line = (TRACE_FORMATS[name] as (args: unknown) => string)({ ...words, ...values, ...texts });
          const read = readLine(`12@34.000056:${name}${line === '' ? '' : ` ${line}`}`);
          expect(read).toMatchObject({ is: 'event', prefix: { thread: 12, microseconds: 34_000_056 }, event: { name, texts } });
          const { kind: _, machine: __, ...plain } = values;
          // A square cursor that might be written either way is taken as square.
          if (read.is === 'event' && read.event.values.height !== values.width) expect(read.event.values).toMatchObject(plain);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    ['apple_gfx_new_frame', null, null],
    ['7@1.000002:apple_gfx_new_frame', 7, 1_000_002],
    ['2023-11-14T22:13:20.5Z apple_gfx_new_frame', null, 1.7e15 + 500_000],
    ['2023-11-15T00:13:20+02:00 apple_gfx_new_frame', null, 1.7e15],
  ])('understands the prefix of "%s"', (line, thread, microseconds) => {
    expect(readLine(line)).toMatchObject({ is: 'event', prefix: { thread, microseconds } });
  });

  it.each(['', 'apple_gfx', 'x apple_gfx_new_frame y', 'see apple_gfx_read offset=0x1 res=0x2', '1@2:apple_gfx_new_frame', '\0\0\0'])(
    'passes over "%s"',
    (line) => {
      expect(readLine(line)).toEqual({ is: 'other' });
    },
  );

  it('says of an event that it can not read what is there and what was expected', () => {
    expect(complaintsOf(['apple_gfx_read offset=16 res=0x1', 'apple_gfx_nonsense a=1', 'apple_gfx_new_frame 5'])).toEqual([
      '1: apple_gfx_read: its arguments are "offset=16 res=0x1", expected "offset=0x… res=0x…"',
      '2: apple_gfx_nonsense is no event of this device',
      '3: apple_gfx_new_frame: its arguments are "5", expected ""',
    ]);
  });
});

describe('a log of QEMU', () => {
  it('becomes a recording of its events, threads and times, and fits', () => {
    const { store, complaints, lines, events, passedOver, hasTimes } = imported(`${QEMU.join('\r\n')}\r\n`, 7);
    expect(complaints).toEqual([]);
    expect({ lines, events, passedOver, hasTimes }).toEqual({ lines: 24, events: 22, passedOver: 2, hasTimes: true });
    expect(store.header).toMatchObject({ variant: 'pci', epochNanoseconds: 1_700_000_000_000_001_000 });
    const log = store.threads.find(({ thread }) => thread.number === 200);
    expect(log?.length).toBe(2);
    if (log === undefined) return;
    expect([log.time(0), log.time(1)]).toEqual([1_000_099_000, 1_000_499_000]);
    expect(store.argumentsOf(log, 0)).toEqual({ offset: 0x1030, value: 0x10040, high: 0 });
    const display = store.threads.find(({ thread }) => thread.number === 400);
    // QEMU prints a height of 64 as 0x64.
    if (display !== undefined) expect(store.argumentsOf(display, 1)).toEqual({ bpp: 32, width: 64, height: 64 });
    expect(store.notes.map(({ text }) => text)).toEqual(['imported 22 events of a log, passed over 2 lines']);
  });

  it('drives the machines of the life cycle, of accesses and of mappings', () => {
    const { store } = imported(QEMU.join('\n'));
    const moves = store.threads.find(({ thread }) => thread.actor === 'machines');
    const told = Array.from({ length: moves?.length ?? 0 }, (_, index) => {
      const args = moves === undefined ? {} : store.argumentsOf(moves, index);
      const machine = store.header?.machines[Number(args.machine)];
      return `${machine?.name} ${args.instance} ${JSON.stringify(machine?.states[Number(args.state)])}`;
    });
    expect(told.filter((each) => each.startsWith('lifeCycle'))).toEqual(['lifeCycle 1 "realizing"', 'lifeCycle 1 "running"']);
    expect(told.filter((each) => each.startsWith('mmioJob 2'))).toEqual([
      'mmioJob 2 "queued"',
      'mmioJob 2 "running"',
      'mmioJob 2 "completed"',
    ]);
    expect(told.filter((each) => each.startsWith('mappingJob 1'))).toEqual([
      'mappingJob 1 "queued"',
      'mappingJob 1 {"mapping":"whole"}',
      'mappingJob 1 {"mapping":"whole"}',
      'mappingJob 1 {"mapping":"whole"}',
      'mappingJob 1 "completed"',
    ]);
  });

  it('has its events a microsecond apart if it has no times, and says so', () => {
    const { store, hasTimes } = imported('apple_gfx_new_frame\nelse\napple_gfx_cursor_move\n');
    expect(hasTimes).toBe(false);
    expect(store.notes[0]?.text).toBe(
      'imported 2 events of a log, passed over 1 lines; it has no times, so events are a microsecond apart',
    );
    const [log] = store.threads;
    expect([log?.time(0), log?.time(1)]).toEqual([0, 1000]);
  });

  it('is written and read again with the same counts, whatever the events', () => {
    fc.assert(
      fc.property(randomEvents, (events) => {
        const before = storeWith(
          events.map((event) => ({ ...event, args: event.args.map((each) => (Number.isFinite(each) ? Math.abs(each) : each)) })),
        );
        const { store, unreadable } = imported(converted(before, 'qemu-log'));
        const { agfx_machine_moved: _, agfx_machine_started: __, ...counts } = eventCounts(store);
        const { agfx_machine_moved: moved = 0, agfx_machine_started: ___, ...expected } = eventCounts(before);
        expect(counts).toEqual(expected);
        // A machine that there is none of can't be told in words.
        expect(unreadable).toBeLessThanOrEqual(moved + (___ ?? 0));
      }),
    );
  });
});

describe('what does not fit is named, with its line', () => {
  const without = (pattern: RegExp): string[] => QEMU.filter((line) => !pattern.test(line));
  const instead = (pattern: RegExp, ...lines: string[]): string[] => QEMU.flatMap((line) => (pattern.test(line) ? lines : [line]));

  it.each<[string, string[], string[]]>([
    [
      'a task that was not created',
      without(/base_addr=0x7f0000101000/),
      ['11: maps to 0x7f0000102000, which is not where task 0x600000aa has that offset'],
    ],
    [
      'more tasks than were created',
      instead(
        /raise_irq/,
        '300@1700000001.002:',
        '300@1700000001.002000:apple_gfx_unmap_memory task=0x66 virtual_offset=0x0 length=0x1',
        '300@1700000001.002001:apple_gfx_destroy_task task=0x66, task->mapped_regions->len=0',
        '300@1700000001.002002:apple_gfx_destroy_task task=0x66, task->mapped_regions->len=0',
      ),
      ['27: destroys task 0x66, which was not created or is no longer there'],
    ],
    [
      'more regions than were mapped',
      instead(/destroy_task/, '300@1700000001.001300:apple_gfx_destroy_task task=0x600000aa, task->mapped_regions->len=3'),
      ['23: task 0x600000aa ends with 3 regions, and 2 pieces were mapped for it'],
    ],
    ['a mapping with too few pieces', without(/\[1\]|0x7f0000104000/), ['20: the mapping before has 1 pieces, and said 2']],
    [
      'a piece too many',
      instead(
        /target=0x7f0000104000/,
        '300@1700000001.000404:apple_gfx_remap retval=0 source=0x7e0000100000 target=0x7f0000104000',
        '300@1700000001.000405:apple_gfx_map_memory_range [2] phys_addr=0x40200000 phys_len=0x1000',
      ),
      ['15: piece [2] belongs to no mapping, or to one that has all its pieces'],
    ],
    [
      'pieces out of order',
      instead(/\[1\]/, '300@1700000001.000403:apple_gfx_map_memory_range [2] phys_addr=0x40200000 phys_len=0x1000'),
      ['13: piece [2] follows where [1] is the next'],
    ],
    [
      'a remap of nothing',
      instead(/unmap_memory task/, '300@1700000001.001200:apple_gfx_remap retval=0 source=0x1 target=0x2'),
      ['22: a remap follows no piece of a mapping'],
    ],
    [
      'a surface that is unmapped twice',
      instead(
        /unmapping/,
        ...Array<string>(2).fill(
          '300@1700000001.001100:apple_gfx_iosfc_unmap_memory_region unmapping @ 0x7e0000200000 from memory region 0x5581000',
        ),
      ),
      ['22: unmaps 0x7e0000200000, which no mapping gave, or which is unmapped already'],
    ],
    [
      'a mode that was not offered',
      instead(/mode_change/, '400@1700000001.000600:apple_gfx_mode_change x=800 y=600'),
      ['16: sets mode 800x600, expected one of 1920x1080, 640x480'],
    ],
    [
      'a frame before a mode',
      instead(/cursor_show/, '400@1700000001.000800:apple_gfx_cursor_show show=1')
        .map((line, at, all) => (at === 15 ? (all[18] ?? '') : at === 18 ? (all[15] ?? '') : line))
        .map((line) => line.replace('001.000900', '001.000600')),
      ['16: a frame comes before a mode is set'],
    ],
    [
      'modes that are fewer than announced',
      without(/mode {2}1/).map((line) => line.replace('x=640 y=480', 'x=1920 y=1080')),
      ['6: 2 modes were announced, and 1 different ones are listed'],
    ],
    [
      'an access behind the window',
      instead(/apple_gfx_read/, '200@1700000001.000500:apple_gfx_read offset=0x4000 res=0x1'),
      ['15: accesses 0x4000, and the window has 16384 bytes'],
    ],
    [
      'an access across registers',
      instead(/apple_gfx_read/, '200@1700000001.000500:apple_gfx_read offset=0x1002 res=0x1'),
      ['15: accesses 0x1002, expected an offset on 4 bytes'],
    ],
    [
      'a vector that there is not',
      instead(/raise_irq/, '100@1700000001.001400:apple_gfx_raise_irq vector=0x40'),
      ['24: raises vector 0x40, expected one below 64'],
    ],
    [
      'a cursor of other depth',
      instead(/cursor_set/, '400@1700000001.000700:apple_gfx_cursor_set bpp=16 width=64 height=0x40'),
      ['17: a cursor has 16 bits a pixel, expected 32'],
    ],
    [
      'a time that goes back',
      instead(/cursor_show/, '400@1700000001.000650:apple_gfx_cursor_show show=1'),
      ['18: lies 50 µs before the line of its thread that comes first'],
    ],
  ])('%s', (_, lines, complaints) => {
    expect(complaintsOf(lines)).toEqual(complaints);
  });

  it('counts mappings of a region where they are counted', () => {
    const region = (address: number, count: number): string =>
      `apple_gfx_iosfc_unmap_memory_region mapping @ 0x${address.toString(16)} in region 0, map count ${count}, memory region 0x1`;
    const map = 'apple_gfx_iosfc_map_memory phys=0x0 len=0x10 ro=0 va=0x1 e=0x0 f=0x0 -> *va=0x1100, success = 1';
    const start = [
      'apple_gfx_common_init device: apple-gfx-mmio; MMIO size: 16384 bytes',
      'apple_gfx_iosfc_map_memory_new_region index=0, region=0x1, 0x1000-0x2000',
      map,
      map,
    ];
    expect(complaintsOf([...start, region(0x1100, 2), region(0x1100, 1)])).toEqual([]);
    expect(complaintsOf([...start, region(0x1100, 3), region(0x3000, 1)])).toEqual([
      '5: says that 3 mappings are in the region of 0x1100, and 2 are',
      '6: unmaps 0x3000, which lies in no region that is mapped',
    ]);
    expect(complaintsOf([map.replace('success = 1', 'success = 0')])).toEqual(['1: a mapping failed, and gave 0x1100']);
  });

  it('is not what happened before the log began, nor what depends on events that were not switched on', () => {
    expect(complaintsOf(without(/common_init/).slice(9))).toEqual([]);
    expect(complaintsOf(without(/create_task/))).toEqual([]);
    expect(complaintsOf(without(/map_memory_range|remap/).map((line) => line.replace('len=1', 'len=0')))).toEqual([]);
    expect(complaintsOf(without(/mode_change/))).toEqual([]);
  });

  it('names moves that a machine does not make', () => {
    expect(
      complaintsOf([
        'agfx_machine_started machine=mmioJob instance=1 state=0',
        'agfx_machine_moved machine=mmioJob instance=1 event=0 state=1',
        'agfx_machine_moved machine=mmioJob instance=1 event=0 state=0',
      ]),
    ).toEqual([expect.stringMatching(/^3: mmioJob 1, in "\w+", moves by [\w.]+ to in "queued"$/)]);
  });

  it('is kept up to a bound, and counted beyond it', () => {
    const { complaints, complaintCount, store } = imported('apple_gfx_raise_irq vector=0xff\n'.repeat(MAX_COMPLAINTS + 50));
    expect([complaints.length, complaintCount]).toEqual([MAX_COMPLAINTS, MAX_COMPLAINTS + 50]);
    expect(store.notes.filter(({ kind }) => kind === 'warning').length).toBe(MAX_COMPLAINTS);
  });
});

describe('a hostile log', () => {
  it('is never thrown at, and its events are as many as are said', () => {
    const word = fc.constantFrom(
      'apple_gfx_',
      'agfx_',
      'read',
      ' offset=0x1 res=0x2',
      '\n',
      '1@2.000003:',
      ' ',
      '0xffffffffffffffff',
      'task=',
      ...TRACE_NAMES,
    );
    const part = fc.oneof(word, fc.string(), fc.constant('\n'));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), fc.nat(50), (parts, pieces) => {
        const { store, events, lines, passedOver, unreadable } = imported(parts.join(''), pieces + 1);
        const own = store.threads.filter(({ thread }) => thread.actor === 'machines').reduce((all, log) => all + log.length, 0);
        expect(store.threads.reduce((all, log) => all + log.length, 0) - own).toBe(events);
        expect(events + passedOver + unreadable).toBe(lines);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void imported(bytes)));
  });

  it('may have more threads than a recording, times that none is of, and a line of a hundred million characters', () => {
    const many = Array.from({ length: 1000 }, (_, thread) => `${thread}@1.000000:apple_gfx_new_frame`).join('\n');
    expect(imported(many).store.threads.length).toBe(512);
    expect(imported(many).events).toBe(1000);
    const far = imported('1@1.000000:apple_gfx_new_frame\n1@999999999999.999999:apple_gfx_new_frame\n1@0.000000:apple_gfx_new_frame\n');
    expect(far.store.threads[0]?.length).toBe(3);
    const log = new LogImport({ machines, producer: 'a test' });
    const piece = new Uint8Array(2 ** 20).fill(0x61);
    for (let count = 0; count < 100; count++) log.push(piece);
    log.push(new TextEncoder().encode('\napple_gfx_new_frame\n'));
    expect(log.finish().summary).toMatchObject({ lines: 2, events: 1 });
  });
});
