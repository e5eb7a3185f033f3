/**
 * A model of PVG for the explorer: what it knows, and everything its specification lets it do.
 *
 * It keeps the state; its threads (pvg-threads.ts) and whoever enters it change that, one step at a time. Invariants: plain data, so that
 * states can be compared; whatever it may choose is an outcome of a step, so that the explorer tries all of it. It also watches: what the
 * device does that PVG or its owner could notice to be wrong is told at once. What is not here: pixels (a picture is the number of
 * its present), and more than one display.
 */
import { Upcall, type UpcallClassName } from '../bridge/pvg.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Touch } from '../explorer/inbox.js';
import { Kind } from '../explorer/operation.js';
import type { SharedObject } from '../explorer/shared-object.js';

/** What PVG may do wrong, or at its own pleasure; how often. */
export interface PvgFreedom {
  /** Encodes that it refuses. */
  readonly refusals?: number;
  /** Frames that the GPU fails to render. */
  readonly failures?: number;
  /** Ranges that it can't reserve, pages that it can't map, IOSurfaces that are nowhere: what it asks for and can't have (shortages.ts). */
  readonly shortages?: number;
  /** It tells of two frames that come after each other as of one, or not. */
  readonly coalesces?: boolean;
  /** It tells of a new frame only if the device has asked for one since it last did, as the software PVG does. */
  readonly announcesOnce?: boolean;
  /** A frame that is encoded into a texture of another size is cut to that, as the software PVG does it; without it, nothing of it can be shown. */
  readonly cutsFrames?: boolean;
  /** It takes its lock in every entry point, and holds it while it waits in a callback of a display's. */
  readonly locks?: boolean;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Number of the guest's present; 0: blank. */
  readonly present: number;
}

interface Texture {
  readonly width: number;
  readonly height: number;
  picture: Picture | null;
  /** Encodes into it that the GPU has not completed. */
  rendering: number;
}

interface Encode {
  readonly frame: number;
  readonly texture: number;
  readonly picture: Picture;
}

/** An upcall that a thread waits for; a thread has one at a time. */
interface Cell {
  /** 0: none is open. */
  id: number;
  /** Makes ids differ that follow each other. */
  count: number;
  answered: boolean;
  ok: boolean;
  value: number;
  /** For people, and to know whom an answer wakes. */
  kind: number;
}

export interface DisplayEvent {
  readonly kind: number;
  readonly words: readonly number[];
  /** Number of a glyph. */
  readonly glyph?: number;
}

export interface PvgAccess {
  readonly write: boolean;
  readonly offset: number;
  readonly value: number;
}

/** Parts of PVG that steps touch, for dependencies between them. */
export interface PvgParts {
  readonly registers: SharedObject;
  readonly display: SharedObject;
  readonly lock: SharedObject;
  readonly upcalls: SharedObject;
}

export interface PvgHost {
  readonly touch: Touch;
  readonly parts: PvgParts;
  readonly freedom: PvgFreedom;
  /** Whether PVG's display queue waits for the answer to a mode change, and who gives it. */
  readonly modeChangeWaits: boolean;
  readonly modeChangeTo: string;
  post(name: UpcallClassName, record: PvgRecord): void;
  /** A property is broken. */
  fail(property: string, text: string): void;
}

/** Bits of an upcall's id that tell one of a thread's upcalls from the next. */
const COUNT_BITS = 4;
const MAX_ENCODES = 4;
const NOWHERE = 0xffff;

export class PvgModel {
  readonly registers = new Map<number, number>();
  /** Of each vCPU, the last of its accesses that PVG has seen. */
  readonly seen: number[] = [];
  /** Accesses that have entered and not returned. */
  inside = 0;
  /** Who has PVG's lock: a process's name, '' if nobody. */
  owner = '';
  readonly cells: Cell[] = [];
  /** Range and length of each task, by the guest's number. */
  readonly tasks = new Map<number, number>();
  /** Host addresses of IOSurface mappings, by surface. */
  readonly surfaces = new Map<number, number>();
  readonly textures = new Map<number, Texture>();
  readonly encodes: Encode[] = [];
  readonly events: DisplayEvent[] = [];
  /** Ids of glyphs whose bitmaps the device has not given back. */
  readonly glyphs = new Set<number>();
  mode: { readonly width: number; readonly height: number } | null = null;
  current: Picture | null = null;
  presents = 0;
  /** A frame was told of, and none asked for since. */
  private announced = false;
  cursor = { image: 0, shown: true, x: NOWHERE, y: NOWHERE };
  /** Interrupts raised, and how many of them have arrived. */
  readonly raised: number[] = [];
  delivered = 0;
  /** Encodes are refused because it is being reset. */
  refusing = false;
  refusals: number;
  failures: number;
  shortages: number;
  /** The present that was current when PVG refused an encode last, or the GPU failed. */
  lost = 0;
  /** Threads that the last answer woke, at most. */
  wakes = 0;
  private nextTexture = 1;

  constructor(private readonly host: PvgHost) {
    this.refusals = host.freedom.refusals ?? 0;
    this.failures = host.freedom.failures ?? 0;
    this.shortages = host.freedom.shortages ?? 0;
  }

  get locks(): boolean {
    return this.host.freedom.locks === true;
  }

  get coalesces(): boolean {
    return this.host.freedom.coalesces === true;
  }

  /** Whether an event that has not been told yet tells of a frame of the mode that there is: one from before a mode change can't. */
  get announcesCurrentMode(): boolean {
    for (let at = this.events.length - 1; at >= 0; at--) {
      const kind = this.events[at]?.kind;
      if (kind === Upcall.newFrame) return true;
      if (kind === Upcall.modeChange) return false;
    }
    return false;
  }

  get modeChangeWaits(): boolean {
    return this.host.modeChangeWaits;
  }

  get modeChangeTo(): string {
    return this.host.modeChangeTo;
  }

  get parts(): PvgParts {
    return this.host.parts;
  }

  touch(kind: Kind, part: SharedObject): void {
    this.host.touch(kind, part);
  }

  post(name: UpcallClassName, thread: number, record: Partial<PvgRecord> & { readonly kind: number }): void {
    const { kind, id = 0, words = [], reserved = 0 } = record;
    this.host.post(name, { kind, id, words, thread, reserved });
  }

  /** Whether somebody who wants PVG's lock can have it. */
  get isFree(): boolean {
    return !this.locks || this.owner === '';
  }

  take(owner: string): void {
    this.touch(Kind.lock, this.parts.lock);
    this.owner = owner;
  }

  release(): void {
    this.touch(Kind.unlock, this.parts.lock);
    this.owner = '';
  }

  /** An access comes in; `vcpu` and `index` say whose and which it is. What it reads. */
  enter({ write, offset, value }: PvgAccess, vcpu: number, index: number): number {
    this.touch(Kind.update, this.parts.registers);
    this.inside++;
    if (vcpu >= 0 && index <= (this.seen[vcpu] ?? -1)) {
      this.host.fail('P5', `PVG sees access ${index} of vcpu ${vcpu} after its access ${this.seen[vcpu]}`);
    }
    if (vcpu >= 0) this.seen[vcpu] = index;
    if (write) this.registers.set(offset, value);
    return write ? 0 : (this.registers.get(offset) ?? 0);
  }

  leave(): void {
    this.touch(Kind.update, this.parts.registers);
    this.inside--;
  }

  /** Opens an upcall of a thread's: its id. */
  open(thread: number, kind: number): number {
    this.touch(Kind.update, this.parts.upcalls);
    const cell = this.cell(thread);
    cell.count = (cell.count + 1) % (1 << COUNT_BITS);
    cell.id = (thread << COUNT_BITS) | cell.count;
    cell.answered = false;
    cell.kind = kind;
    return cell.id;
  }

  /** pvg_upcall_answer. */
  answer(id: number, ok: boolean, value: number, woken: number): void {
    if (this.glyphs.delete(id)) return;
    const cell = this.cells[id >> COUNT_BITS];
    if (cell === undefined || cell.id !== id || cell.answered) {
      this.host.fail('P4', `upcall ${id} is answered, and nobody waits for that`);
      return;
    }
    this.touch(Kind.update, this.parts.upcalls);
    cell.answered = true;
    cell.ok = ok;
    cell.value = value;
    this.wakes = Math.max(this.wakes, woken);
  }

  cell(thread: number): Cell {
    let cell = this.cells[thread];
    while (cell === undefined) {
      this.cells.push({ id: 0, count: 0, answered: false, ok: false, value: 0, kind: 0 });
      cell = this.cells[thread];
    }
    return cell;
  }

  /** Upcalls that wait, those of a kind or all. */
  waiting(kind: number | null): number {
    return this.cells.filter((cell) => cell.id !== 0 && !cell.answered && (kind === null || cell.kind === kind)).length;
  }

  createTexture(width: number, height: number): number {
    const id = this.nextTexture++;
    this.textures.set(id, { width, height, picture: null, rendering: 0 });
    return id;
  }

  releaseTexture(id: number): void {
    const texture = this.textures.get(id);
    if (texture === undefined) return this.host.fail('P8', `texture ${id} is released, and is not there`);
    if (texture.rendering > 0) this.host.fail('P8', `texture ${id} is released while the GPU renders into it`);
    this.textures.delete(id);
  }

  get canEncode(): boolean {
    return this.isFree && this.encodes.length < MAX_ENCODES;
  }

  /** How many outcomes an encode has: it may be refused, if that is left. */
  get encodeOutcomes(): number {
    return this.refusals > 0 && !this.refusing && this.current !== null ? 2 : 1;
  }

  /** pvg_display_encode; false: refused. */
  encode(frame: number, texture: number, outcome: number): boolean {
    this.touch(Kind.update, this.parts.display);
    const target = this.textures.get(texture);
    this.announced = false;
    if (this.encodes.length > 0) this.host.fail('P2', `frame ${frame} is encoded while frame ${this.encodes[0]?.frame} is in flight`);
    if (outcome === 1) {
      this.refusals--;
      this.lost = this.current?.present ?? 0;
      return false;
    }
    if (this.refusing || this.current === null || target === undefined) return false;
    target.rendering++;
    this.encodes.push({ frame, texture, picture: this.current });
    return true;
  }

  /** The GPU completes the encode that came first. */
  complete(thread: number, failed: boolean): void {
    this.touch(Kind.update, this.parts.display);
    const encode = this.encodes.shift();
    const texture = encode && this.textures.get(encode.texture);
    if (encode === undefined) return;
    if (texture === undefined) this.host.fail('P8', `the GPU completes frame ${encode.frame} in a texture that is released`);
    else {
      texture.rendering--;
      texture.picture = failed ? null : this.host.freedom.cutsFrames ? cut(encode.picture, texture) : encode.picture;
    }
    if (failed) {
      this.failures--;
      this.lost = Math.max(this.lost, encode.picture.present);
    }
    this.post('completion', thread, { kind: Upcall.frameCompleted, words: [0, encode.frame, failed ? 1 : 0, encode.picture.present] });
  }

  setMode(width: number, height: number): void {
    this.touch(Kind.update, this.parts.display);
    this.mode = { width, height };
    this.current = null;
    if (this.host.freedom.announcesOnce === true) this.forgetNews();
    this.events.push({ kind: Upcall.modeChange, words: [0, width, height, 0] });
  }

  /** The guest presents; `coalesced`: an event that has not been told yet tells of this one too. */
  present(coalesced: boolean): void {
    this.touch(Kind.update, this.parts.display);
    if (this.mode === null) return;
    const { width, height } = this.mode;
    this.current = { width, height, present: ++this.presents };
    if (coalesced || this.announced) return;
    if (this.host.freedom.announcesOnce === true) {
      this.announced = true;
      // One that has not been told yet tells of this one too.
      if (this.events.some(({ kind }) => kind === Upcall.newFrame)) return;
    }
    this.events.push({ kind: Upcall.newFrame, words: [0] });
  }

  /** Frames of the old mode are no news any more, so the first of the new one is. */
  private forgetNews(): void {
    this.announced = false;
    const { events } = this;
    for (let at = events.length - 1; at >= 0; at--) if (events[at]?.kind === Upcall.newFrame) events.splice(at, 1);
  }

  /** As after creation; presents go on being counted. */
  restart(): void {
    this.touch(Kind.update, this.parts.display);
    this.mode = null;
    this.current = null;
    this.cursor = { image: 0, shown: true, x: NOWHERE, y: NOWHERE };
    this.refusing = false;
  }
}

function cut(picture: Picture, { width, height }: Texture): Picture {
  return picture.width === width && picture.height === height ? picture : { width, height, present: picture.present };
}
