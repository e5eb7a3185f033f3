/**
 * Every message that crosses actors, in one place: the kinds of records, what their fields mean, and who takes them.
 *
 * A message is a 64-byte record (src/bridge/records.ts). Kinds below KIND_HOST are PVG's upcalls.
 */
import { KIND_HOST } from '../src/bridge/pvg.js';

export const Message = {
  /** To the BQL, lock: a vCPU's access. id = the caller's token; words: 0 operation, 1 window, 2 size, 3 offset, 4 value, 5 reply mailbox (0: by port). */
  access: KIND_HOST + 0,
  /** To the BQL, completion: the background queue is done with job id. words: 0 ok, 1 value. */
  jobDone: KIND_HOST + 1,
  /** To the BQL, lock: a display event on its way through the background queue. reserved = the upcall's kind, the rest is the upcall's. */
  displaySection: KIND_HOST + 2,
  /** To the BQL, lock: a render block notes the surface it renders to. id = frame. */
  noteSurface: KIND_HOST + 3,
  /** To the BQL, lock: PVG refused to encode frame id. */
  frameRefused: KIND_HOST + 4,
  /** To the BQL, lock: frame id is complete. words: 0 ok, 1 number of the guest's present. */
  frameCompleted: KIND_HOST + 5,
  /** To the BQL, lock: the console asks for an update. */
  updateRequested: KIND_HOST + 6,
  /** To the BQL, lock: memory appears. id = the caller's token, reserved = the region's id; words: 0 kind (0 RAM, 1 ROM), 1 gpa, 2 length, 3 RAM handle, 4 priority. */
  regionAdded: KIND_HOST + 8,
  /** To the BQL, lock: memory disappears. id = the caller's token, reserved = the region's id. */
  regionRemoved: KIND_HOST + 9,
  /** To any actor: a control message waits on its port, let the event loop turn. */
  kick: KIND_HOST + 7,
  /** To the background queue: one register access. id = job; words: 0 operation, 1 window, 2 size, 3 offset, 4 value. */
  job: KIND_HOST + 0x10,
  /** To the background queue: throw, as a defect would; for tests of robustness. */
  crash: KIND_HOST + 0x11,
  /** To the render queue: a block that renders frame id. */
  renderBlock: KIND_HOST + 0x20,
  /** To the render queue: what noteSurface found. id = frame; words: 0 texture, 1 managed. */
  surfaceNoted: KIND_HOST + 0x21,
  /** To the render queue: the section that reported frame id has ended. */
  sectionEnded: KIND_HOST + 0x22,
  /** To a vCPU's reply mailbox. id = the caller's token; words: 0 value. */
  reply: KIND_HOST + 0x30,
} as const;

export const Operation = { read: 0, write: 1 } as const;
