/**
 * Which of a recording's events the system view reads, as small numbers, and the kinds of messages that it knows by name.
 *
 * Invariant: made once for a header; a recording that lacks an event or a kind has none of it, and nothing else changes.
 */
import type { RecordingHeader } from '../../trace/recording/format.js';

/** What the folds switch on; 0 is an event that they don't read. */
export const Code = {
  other: 0,
  batchTaken: 1,
  messageTaken: 2,
  batchEnded: 3,
  messagePosted: 4,
  bhScheduled: 5,
  bhBegan: 6,
  bhEnded: 7,
  bqlRequested: 8,
  bqlTaken: 9,
  bqlReleased: 10,
  waitBegan: 11,
  waitEnded: 12,
  jobBegan: 13,
  jobEnded: 14,
  encodeBegan: 15,
  encodeEnded: 16,
  blockBegan: 17,
  blockEnded: 18,
  machine: 19,
  moved: 20,
  tracesLost: 21,
  access: 22,
  interrupt: 23,
  frame: 24,
} as const;

const CODES: Readonly<Record<string, number>> = {
  agfx_batch_taken: Code.batchTaken,
  agfx_message_taken: Code.messageTaken,
  agfx_batch_ended: Code.batchEnded,
  agfx_message_posted: Code.messagePosted,
  agfx_bh_scheduled: Code.bhScheduled,
  agfx_bh_began: Code.bhBegan,
  agfx_bh_ended: Code.bhEnded,
  agfx_bql_requested: Code.bqlRequested,
  agfx_bql_taken: Code.bqlTaken,
  agfx_bql_released: Code.bqlReleased,
  agfx_bql_wait_began: Code.waitBegan,
  agfx_bql_wait_ended: Code.waitEnded,
  agfx_job_began: Code.jobBegan,
  agfx_job_ended: Code.jobEnded,
  agfx_encode_began: Code.encodeBegan,
  agfx_encode_ended: Code.encodeEnded,
  agfx_queue_began: Code.blockBegan,
  agfx_queue_ended: Code.blockEnded,
  agfx_machine_started: Code.machine,
  agfx_machine_moved: Code.moved,
  agfx_traces_lost: Code.tracesLost,
  apple_gfx_read: Code.access,
  apple_gfx_write: Code.access,
  apple_gfx_mmio_iosfc_read: Code.access,
  apple_gfx_mmio_iosfc_write: Code.access,
  apple_gfx_raise_irq: Code.interrupt,
  apple_gfx_iosfc_raise_irq: Code.interrupt,
  apple_gfx_new_frame: Code.frame,
};

/** Upcalls whose thread of PVG's waits until they are answered. */
const ANSWERED: readonly string[] = ['createTask', 'destroyTask', 'mapMemory', 'unmapMemory', 'readMemory', 'iosfcMap', 'iosfcUnmap'];
/** Machines that live as long as the device: their states are shown. */
const LASTING: readonly string[] = ['lock', 'framePipeline', 'renderQueue', 'lifeCycle'];

export interface SystemEvents {
  /** Codes by the events' numbers. */
  readonly codes: Uint8Array;
  /** Kinds of upcalls that are answered. */
  readonly answered: ReadonlySet<number>;
  /** A guest's access, its reply, and the order to carry it into PVG oneself; -1 if the recording has no such kind. */
  readonly access: number;
  readonly reply: number;
  readonly enterPvg: number;
  /** Numbers of machines whose states are shown. */
  readonly lasting: ReadonlySet<number>;
  /** Number of the lock's machine, and of its state in which another thread has the lock; -1 if there is none. */
  readonly lockMachine: number;
  readonly lentState: number;
}

export function systemEvents(header: Pick<RecordingHeader, 'events' | 'kinds' | 'machines'>): SystemEvents {
  const numbers = new Map(Object.entries(header.kinds).map(([kind, name]) => [name, Number(kind)]));
  const number = (name: string): number => numbers.get(name) ?? -1;
  const lockMachine = header.machines.findIndex(({ name }) => name === 'lock');
  return {
    codes: Uint8Array.from(header.events, ({ name }) => (Object.hasOwn(CODES, name) ? (CODES[name] ?? 0) : 0)),
    answered: new Set(ANSWERED.map(number).filter((kind) => kind >= 0)),
    access: number('access'),
    reply: number('reply'),
    enterPvg: number('enterPvg'),
    lasting: new Set(header.machines.flatMap(({ name }, index) => (LASTING.includes(name) ? [index] : []))),
    lockMachine,
    lentState: header.machines[lockMachine]?.states.indexOf('lent') ?? -1,
  };
}
