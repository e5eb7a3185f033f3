/**
 * What the BQL actor enters PVG for (threading.md 1): nothing in `hardened`, in the older ones for more or less.
 *
 * The production behaviour runs on the production port. The native library is played by an object that notes which of its functions are called.
 */
import { expect, it } from 'vitest';
import { BqlBehaviour } from '../../actors/bql/behaviour.js';
import { ThreadPort } from '../../actors/device-port.js';
import { Message } from '../../actors/messages.js';
import type { Wiring } from '../../actors/wiring.js';
import type { PvgBridge } from '../../src/bridge/native.js';
import { PvgStatus, Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Transfer, TRANSFER_BYTES } from '../../src/bridge/transfer.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { Board } from '../../src/runtime/board.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { Counters, CursorState, InterruptLines, ShownFrames, Viewers } from '../../src/runtime/shared.js';
import { TraceSwitches } from '../../src/trace/switches.js';
import { Tracer } from '../../src/trace/tracer.js';
import { access, claimedReferences, GFX, IOSFC, OTHER_DEVICE, RAM, readMemory, record } from './bql-scene.js';

/** Calls in which PVG's own code runs. All others are the library's: mailboxes, memory, textures, answers. */
const ENTRIES: readonly (keyof PvgBridge)[] = [
  'pvg_mmio_read',
  'pvg_mmio_write',
  'pvg_device_create',
  'pvg_device_reset',
  'pvg_device_suspend',
  'pvg_device_resume',
  'pvg_display_set_modes',
  'pvg_display_cursor_position',
  'pvg_display_minimum_texture_usage',
  'pvg_display_present_counts',
  'pvg_display_encode',
];

const MAILBOXES = { bql: 1, render: 2, background: 3, watchdog: 5, update: 6 } as const;

/** A BQL actor, and the functions of the library that were called since it was made. */
function actor(revision: RevisionName): { readonly bql: BqlBehaviour; readonly port: ThreadPort; readonly called: Set<string> } {
  const called = new Set<string>();
  let encoded = 0;
  const answers: Partial<Record<keyof PvgBridge, (...args: never[]) => number>> = {
    pvg_texture_create: () => 9,
    pvg_range_create: () => 8,
    pvg_display_encode: (...[, , , , frame]: number[]) => {
      encoded = frame ?? 0;
      return PvgStatus.ok;
    },
    pvg_mailbox_transfer: () => {
      transfer.taken.write(0, { kind: Upcall.frameCompleted, words: [0, encoded, 0, 1] });
      return 1;
    },
  };
  const bridge = new Proxy({} as PvgBridge, {
    get:
      (_target, name: string) =>
      (...args: never[]) => {
        called.add(name);
        return answers[name as keyof PvgBridge]?.(...args) ?? PvgStatus.ok;
      },
  });
  const transfer = new Transfer(bridge, new ArrayBuffer(TRANSFER_BYTES));
  const references = claimedReferences();
  const wiring: Wiring = {
    ...{
      group: 1,
      device: 2,
      revision,
      mailboxes: MAILBOXES,
      variant: 'mmio',
      vectors: 1,
      regions: [],
      modesGiven: false,
      traceSwitches: new TraceSwitches().memory,
      traceRing: false,
      traceDeliveries: false,
      traceDetail: false,
      pollMicroseconds: 0,
    },
    ...{
      map: 3,
      counters: new Counters().memory,
      interrupts: new InterruptLines().memory,
      board: new Board().memory,
    },
    displays: [
      {
        cursor: new CursorState().memory,
        shown: new ShownFrames().memory,
        viewers: new Viewers().memory,
        initialMode: null,
        textureUsage: 4,
        modes: [],
      },
    ],
  };
  const report = (): void => undefined;
  const port = new ThreadPort({ bridge, mailboxes: new Mailboxes(bridge, transfer), wiring, tracer: new Tracer([], report), report });
  const regions = [RAM, GFX, OTHER_DEVICE, IOSFC];
  return { bql: new BqlBehaviour({ revision: REVISIONS[revision], regions, references, displays: 1, port }), port, called };
}

const glyph = record(Upcall.cursorGlyph, { id: 3, words: [0, 2 ** 34 + 4, 0, 16, 32, 64] });
const done = (job: number): PvgRecord => record(Message.jobDone, { id: job, words: [1, 5] });
/** Whatever PVG, guests and the console may want of it, twice, since the second time there is something from before. */
const EVERYTHING: readonly PvgRecord[] = [1, 2].flatMap((round) => [
  access({ token: round, write: true }),
  done(4 * round - 3),
  access({ token: 10 + round, write: false, size: 8 }),
  done(4 * round - 2),
  done(4 * round - 1),
  record(Upcall.createTask, { id: 4, words: [0x8000] }),
  record(Upcall.mapMemory, { id: 5, words: [8, 0, 0, 1] }),
  record(Upcall.unmapMemory, { id: 6, words: [8, 0, 0x4000] }),
  readMemory(7, RAM.gpa, 16),
  readMemory(8, GFX.gpa, 4),
  done(4 * round),
  record(Upcall.iosfcMap, { id: 9, words: [RAM.gpa, 0x1000, 0, 0, 0] }),
  record(Upcall.iosfcUnmap, { id: 10, words: [RAM.hostAddress] }),
  record(Upcall.raiseInterrupt),
  record(Upcall.modeChange, { words: [0, 64 * round, 48] }),
  record(Upcall.newFrame, { words: [0] }),
  record(Message.noteSurface, { id: 2 * round - 1 }),
  record(Message.updateRequested, { words: [0, 0] }),
  record(Upcall.frameCompleted, { words: [0, 2 * round - 1, 0, 1] }),
  record(Upcall.newFrame, { words: [0] }),
  record(Message.frameRefused, { id: 2 * round }),
  glyph,
  record(Upcall.cursorShow, { words: [0, 1] }),
  record(Upcall.cursorMove, { words: [0, 3, 4] }),
  glyph,
  record(Upcall.destroyTask, { id: 11, words: [8] }),
]);

it.each<[RevisionName, (keyof PvgBridge)[]]>([
  ['hardened', []],
  ['bh', ['pvg_display_cursor_position', 'pvg_display_minimum_texture_usage']],
  ['v5', ['pvg_display_cursor_position', 'pvg_display_minimum_texture_usage']],
  ['sync', ['pvg_display_cursor_position', 'pvg_display_encode', 'pvg_display_minimum_texture_usage', 'pvg_mmio_read']],
])('in %s the BQL actor enters PVG for %j', (revision, entries) => {
  const { bql, port, called } = actor(revision);
  for (const message of EVERYTHING) {
    bql.receive(message);
    bql.run((call) => port.block(call));
  }
  expect(ENTRIES.filter((name) => called.has(name)).sort()).toEqual(entries);
  // All of it was really done.
  expect([...called]).toEqual(expect.arrayContaining(['pvg_upcall_answer', 'pvg_texture_create', 'pvg_texture_show', 'pvg_range_create']));
  expect(bql.held).toBe(false);
});
