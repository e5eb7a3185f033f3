/**
 * Every message that crosses actors, in one place: the kinds of records, what their fields mean, and who takes them.
 *
 * A message is a 64-byte record (src/bridge/records.ts). Kinds below KIND_HOST are PVG's upcalls. Whether one becomes a bottom half or a
 * lock section of the BQL is the revision's policy (actors/bql/classes.ts).
 */
import { KIND_HOST, Upcall } from '../src/bridge/pvg.js';
import type { PvgRecord } from '../src/bridge/records.js';

export const Message = {
  /** To the BQL: a vCPU's access. id = the caller's token, reserved = high half of the value; words: 0 operation, 1 window, 2 size, 3 offset, 4 value, 5 reply mailbox (0: by port). */
  access: KIND_HOST + 0,
  /** To the BQL: job id is done. words: 0 ok, 1 value, 2 high. */
  jobDone: KIND_HOST + 1,
  /** To the BQL: a display event on its way through the background queue. reserved = the upcall's kind, the rest is the upcall's. */
  displaySection: KIND_HOST + 2,
  /** To the BQL: a render block notes the surface it renders to. id = frame, reserved = display. */
  noteSurface: KIND_HOST + 3,
  /** To the BQL: PVG refused to encode frame id. reserved = display. */
  frameRefused: KIND_HOST + 4,
  /** To the BQL: frame id is complete, says the render queue. reserved = display; words: 0 ok, 1 number of the guest's present. */
  frameCompleted: KIND_HOST + 5,
  /** To whoever owns the frames: the console asks for an update. words: 0 display, 1: 1 for a screendump. */
  updateRequested: KIND_HOST + 6,
  /** To any actor: a control message waits on its port, let the event loop turn. */
  kick: KIND_HOST + 7,
  /** To the BQL: a region appears. id = the caller's token, reserved = the region's id; words: 0 kind (REGION_KINDS), 1 gpa, 2 length, 3 RAM handle (of another device 1 if it serves whole pieces), 4 priority, 5 slot of its references. */
  regionAdded: KIND_HOST + 8,
  /** To the BQL: a region disappears. id = the caller's token, reserved = the region's id. */
  regionRemoved: KIND_HOST + 9,
  /** To the BQL: a caller that carried job id into PVG itself takes the lock again. words as jobDone's. */
  accessReturned: KIND_HOST + 0xa,
  /** To the BQL: the render queue asks for the lock. id = display. */
  takeBql: KIND_HOST + 0xb,
  /** To the BQL: the render queue gives it back. */
  returnBql: KIND_HOST + 0xc,
  /** To the BQL: tasks give back their references on a region that was removed, since its memory was taken from them. id = the caller's token, reserved = the region's id. */
  regionForgotten: KIND_HOST + 0xd,
  /** To the background queue: one register access. id = job; reserved: 1 when it takes the lock again afterwards; words: 0 operation, 1 window, 2 size, 3 offset, 4 value, 5 high. */
  job: KIND_HOST + 0x10,
  /** To the background queue: throw, as a defect would; for tests of robustness. */
  crash: KIND_HOST + 0x11,
  /** To the background queue: encode frame id. words: 0 texture, 1 managed, 2 display. */
  encode: KIND_HOST + 0x12,
  /** To the render queue: a block that renders frame id. words: 0 texture (0: note the surface first), 1 managed, 2 display. */
  renderBlock: KIND_HOST + 0x20,
  /** To the render queue: what noteSurface found. id = frame; words: 0 texture, 1 managed, 2 display. */
  surfaceNoted: KIND_HOST + 0x21,
  /** To the render queue: the section that reported frame id has ended. */
  sectionEnded: KIND_HOST + 0x22,
  /** To the render queue: it has the BQL. id = display. */
  bqlTaken: KIND_HOST + 0x23,
  /** To a vCPU's reply mailbox. id = the caller's token; words: 0 value, 1 high. */
  reply: KIND_HOST + 0x30,
  /** To a vCPU's reply mailbox: carry this access into PVG and say accessReturned. id = job; words as job's. */
  enterPvg: KIND_HOST + 0x31,
} as const;

export const Operation = { read: 0, write: 1 } as const;

/** Words of regionAdded for the kinds of regions that come and go. */
export const REGION_KINDS = ['ram', 'rom', 'deviceRam', 'device'] as const;

const NAMES = new Map<number, string>([...Object.entries(Upcall), ...Object.entries(Message)].map(([name, kind]) => [kind, name]));

/** A kind's name, for traces and people. */
export function messageName(kind: number): string {
  return NAMES.get(kind) ?? `0x${kind.toString(16)}`;
}

/** What tells a message from others of its kind, in a trace of deliveries: an access's register, a completed frame's present, a section's upcall. */
export function detailOf({ kind, words, reserved }: Pick<PvgRecord, 'kind' | 'words' | 'reserved'>): number {
  return kind === Message.displaySection ? reserved : (words[3] ?? 0);
}
