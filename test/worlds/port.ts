/**
 * The device's effects in a world: arrays for memory, textures and surfaces, arrays for mailboxes.
 *
 * It is to a world what actors/device-port.ts is to threads, and decides as little. Invariant: what it does is over when it returns, but for
 * the two calls in which the BQL actor enters PVG itself: other processes run inside them.
 */
import type { Blocking } from '../../actors/bql/continuations.js';
import { postingOf } from '../../actors/postings.js';
import type { MailboxHandles } from '../../actors/wiring.js';
import { Message } from '../../actors/messages.js';
import { assert, unreachable } from '../../src/base/errors.js';
import type { WindowId } from '../../src/bridge/pvg.js';
import type { EncodeRequest } from '../../src/bridge/scripted-display.js';
import type { AccessResult, ScriptedPvg } from '../../src/bridge/scripted-pvg.js';
import type { AccessJob, Cursor, DevicePort, Effect, FrameBlock, FrameResult, SurfaceInfo } from '../../src/device/effects.js';
import { deliveryOf } from '../../src/device/interrupt.js';
import type { JobResult } from '../../src/device/mmio.js';
import type { Revision } from '../../src/revisions/revision.js';
import type { Body, ProcessSystem } from '../../src/runtime/process.js';
import type { PvgAccess } from '../../src/runtime/pvg-access.js';
import type { Counters, CursorState, InterruptLines } from '../../src/runtime/shared.js';
import type { TraceArgs, TraceName } from '../../src/trace/events.js';
import type { Tracer } from '../../src/trace/tracer.js';
import type { ModelMailboxes } from './mailboxes.js';
import type { ModelMemory } from './memory.js';

/** A display as the console has it. */
export interface WorldDisplay {
  surface: { readonly width: number; readonly height: number; readonly pixels: Uint32Array; present: number } | null;
  readonly cursor: CursorState;
  image: Cursor | null;
  /** Full updates that were pushed to the console, and requests that were answered by a done. */
  updates: number;
  dones: number;
  /** Number of the guest's present that was shown last. */
  lastPresent: number;
}

/** What a world's ports share. */
export interface PortParts {
  readonly revision: Revision;
  readonly variant: 'mmio' | 'pci';
  readonly vectors: number;
  readonly system: ProcessSystem;
  readonly pvg: ScriptedPvg;
  readonly memory: ModelMemory;
  readonly mailboxes: ModelMailboxes;
  readonly handles: MailboxHandles;
  readonly managedTextures: boolean;
  readonly counters: Counters;
  readonly interrupts: InterruptLines;
  readonly displays: readonly WorldDisplay[];
  readonly guestErrors: string[];
  readonly tracer: Tracer;
  /** An answer to a caller of the embedder's. */
  readonly reply: (token: number, value: number, high: number) => void;
  readonly readDevice: (job: number, region: number, offset: number) => void;
  /** More accesses are in PVG at once than there are workers. */
  readonly growWorkers: () => void;
}

/** An access as a body of whoever carries it into PVG. */
export function* carry(pvg: ScriptedPvg, { operation, window, size, offset, value, high }: PvgAccess): Body<JobResult> {
  const access = { write: operation === 1, window: window as WindowId, offset, value, high };
  const result: AccessResult = yield* pvg.access(access);
  return { ...result, high: size === 8 ? result.high : 0 };
}

export class WorldPort implements DevicePort {
  constructor(private readonly parts: PortParts) {}

  trace<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    this.parts.tracer.emit(name, args);
  }

  note(event: number, first?: number, second?: number, third?: number, fourth?: number): void {
    this.parts.tracer.note(event, first, second, third, fourth);
  }

  readonly tracesMachines = false;

  newInstance(): number {
    return 0;
  }

  get tracing(): boolean {
    return this.parts.tracer.active;
  }

  perform(effect: Effect): void {
    const { parts } = this;
    switch (effect.do) {
      case 'submitJob':
      case 'queueRender':
      case 'tellSurface':
      case 'endSection':
      case 'lendBql': {
        const { to, mailbox, record } = postingOf(effect, parts.revision);
        if (effect.do === 'submitJob' && effect.nested && to === 'background') parts.growWorkers();
        return parts.mailboxes.post(to === 'vcpu' ? mailbox : parts.handles[to], record);
      }
      case 'readDevice':
        return parts.readDevice(effect.job, effect.region, effect.offset);
      case 'readDevicePiece':
        return assert(false, 'no device of a world serves whole pieces');
      case 'replyToGuest': {
        const { token, mailbox, value, high } = effect;
        if (mailbox === 0) return parts.reply(token, value, high);
        return parts.mailboxes.post(mailbox, { kind: Message.reply, id: token, words: [value, high] });
      }
      case 'answerUpcall':
        parts.pvg.answer(effect.id, { ok: effect.ok, value: effect.value });
        return;
      case 'raiseInterrupt':
        return this.raise(effect.line, effect.vector);
      case 'releaseTexture':
        return parts.pvg.displays.textures.release(effect.texture);
      case 'releaseRange':
        return parts.memory.destroyRange(effect.range);
      case 'releaseRam':
        return parts.memory.destroyRam(effect.ram);
      case 'publishMap':
        // PVG's own thread is told of each change by a message.
        return;
      case 'count':
        return parts.counters.add(effect.what);
      case 'passFrame':
        throw new RangeError('somebody looks at every display of a world');
      case 'logGuestError':
        parts.counters.add('guestErrors');
        parts.guestErrors.push(effect.text);
        return;
      default:
        return this.show(effect);
    }
  }

  /** What the lock's holder blocks on: others run inside it. */
  block(call: Blocking): Blocking | null {
    return call.do === 'enterPvg' ? call.returned(this.enterPvg(call.access)) : call.returned(this.encodeAndWait(call.frame));
  }

  private enterPvg(access: AccessJob): JobResult {
    return this.parts.system.inside('bql', carry(this.parts.pvg, access));
  }

  private encodeAndWait(frame: FrameBlock): FrameResult | null {
    return this.parts.system.inside(
      'bql',
      this.encodeAndTake({ port: frame.display, frame: frame.frame, texture: frame.texture, synchronize: frame.managed }),
    );
  }

  createRange(length: number): { range: number; address: number } | null {
    const { memory } = this.parts;
    const range = memory.createRange(length);
    return range === 0 ? null : { range, address: memory.rangeAddress(range) };
  }

  mapRange(range: number, offset: number, ram: number, ramOffset: number, length: number, readOnly: boolean): number {
    return this.parts.memory.map(range, offset, ram, ramOffset, length, readOnly);
  }

  ramAddress(ram: number): number {
    return this.parts.memory.ramAddress(ram);
  }

  unmapRange(range: number, offset: number, length: number): number {
    return this.parts.memory.unmap(range, offset, length);
  }

  mapPieces(id: number, count: number): readonly number[] {
    const pieces = this.parts.pvg.upcalls.dataOf(id)?.pieces ?? [];
    return pieces.slice(0, count).flatMap(({ gpa, length }) => [gpa, length]);
  }

  supplyFromRam(id: number, offset: number, ram: number, ramOffset: number, length: number): boolean {
    const bytes = this.parts.memory.ram(ram);
    return ramOffset + length <= bytes.length && this.supply(id, offset, bytes.subarray(ramOffset, ramOffset + length));
  }

  supply(id: number, offset: number, bytes: Uint8Array): boolean {
    const destination = this.parts.pvg.upcalls.dataOf(id)?.destination;
    if (!destination || offset + bytes.length > destination.length) return false;
    destination.set(bytes, offset);
    return true;
  }

  glyphPayload(id: number, length: number): Uint8Array | null {
    const bitmap = this.parts.pvg.upcalls.dataOf(id)?.bitmap;
    return bitmap?.length === length ? bitmap : null;
  }

  createSurface(display: number, width: number, height: number): SurfaceInfo | null {
    const { pvg, managedTextures } = this.parts;
    const texture = pvg.displays.textures.create(width, height);
    this.display(display).surface = { width, height, pixels: new Uint32Array(width * height), present: 0 };
    return { width, height, texture, managed: managedTextures };
  }

  copyToSurface(display: number, texture: number, present: number): boolean {
    const picture = this.parts.pvg.displays.textures.read(texture);
    const shown = this.display(display);
    if (!picture || shown.surface?.pixels.length !== picture.pixels.length) return false;
    shown.surface.pixels.set(picture.pixels);
    shown.surface.present = present;
    shown.lastPresent = present;
    return true;
  }

  isViewed(): boolean {
    return true;
  }

  private *encodeAndTake(request: EncodeRequest): Body<FrameResult | null> {
    const { pvg, mailboxes, handles } = this.parts;
    if (!(yield* pvg.encode(request))) return null;
    let words: readonly number[] = [];
    yield {
      mode: 'receive',
      object: 'mailbox update',
      text: `see frame ${request.frame} completed`,
      when: () => mailboxes.peek(handles.update).length > 0,
      run: () => {
        words = mailboxes.take(handles.update, 1)[0]?.words ?? [];
      },
    };
    return { ok: words[2] === 0, present: words[3] ?? 0 };
  }

  private show(effect: Extract<Effect, { do: 'pushUpdate' | 'signalUpdateDone' | 'moveCursor' | 'showCursor' | 'setCursor' }>): void {
    const display = this.display(effect.display);
    switch (effect.do) {
      case 'pushUpdate':
        this.parts.counters.add('updates');
        display.updates++;
        return;
      case 'signalUpdateDone':
        display.dones++;
        return;
      case 'moveCursor': {
        const to = effect.to ?? this.parts.pvg.displays.port(effect.display)?.cursor;
        return display.cursor.moveTo(to?.x ?? 0xffff, to?.y ?? 0xffff);
      }
      case 'showCursor':
        return display.cursor.setShown(effect.show);
      case 'setCursor':
        if (effect.cursor) display.image = effect.cursor;
        return;
      default:
        return unreachable(effect);
    }
  }

  private raise(line: 'gfx' | 'iosfc', vector: number): void {
    const { interrupts, variant, vectors, revision, counters } = this.parts;
    const { msiEnabled, msiVectors } = interrupts;
    const delivery = deliveryOf({ line, vector }, { variant, vectors, msiEnabled, msiVectors }, revision);
    if (delivery === 'off') return;
    if (delivery === 'notEnabled') {
      return this.perform({ do: 'logGuestError', text: `interrupt vector ${vector} is not one that the guest has enabled: dropped` });
    }
    counters.add('interrupts');
    interrupts.raise(delivery.line);
  }

  private display(number: number): WorldDisplay {
    const display = this.parts.displays[number];
    if (!display) throw new RangeError(`there is no display ${number}`);
    return display;
  }
}
