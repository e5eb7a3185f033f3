/**
 * The device's effects in a world of the explorer: inboxes, the PVG model, and a console that is told apart only by what it shows.
 *
 * It is to a world what actors/device-port.ts is to threads, and decides as little. It watches what it is asked, and says at once when a
 * property of threading.md 4 is broken by it.
 */
import { postingOf } from '../../actors/postings.js';
import { Message } from '../../actors/messages.js';
import { assert, unreachable } from '../base/errors.js';
import type { PvgRecord } from '../bridge/records.js';
import { Wake } from '../bridge/pvg.js';
import type { Cursor, DevicePort, Effect, SurfaceInfo } from '../device/effects.js';
import type { Inbox } from '../explorer/inbox.js';
import type { Revision } from '../revisions/revision.js';
import { TRACE_IDS } from '../trace/events.js';
import type { ModelMemory } from './memory.js';
import { FIRST_REPLIES, identify } from './access-tags.js';
import type { Picture, PvgModel } from './pvg-model.js';
import type { Tally } from './tally.js';

/** The display as the console has it. */
export interface WorldConsole {
  /** The device runs; before that, it asks PVG what it is made of. */
  isRealized: boolean;
  /** What it shows; null before the first mode. */
  picture: Picture | null;
  cursor: { image: number; shown: boolean; x: number; y: number };
  /** Updates that were asked for, answers, and whether none has come since somebody asked last: one answer may be everybody's. */
  requested: number;
  dones: number;
  isAwaited: boolean;
}

export interface PortParts {
  readonly revision: Revision;
  readonly pvg: PvgModel;
  readonly memory: ModelMemory;
  readonly console: WorldConsole;
  readonly inboxes: Readonly<Record<'bql' | 'render' | 'background', Inbox<PvgRecord>>>;
  /** What the device counts; null: nobody looks, and it is no part of the state. */
  readonly counts: Map<string, number> | null;
  /** Reply mailboxes by their handles. */
  readonly replies: ReadonlyMap<number, Inbox<PvgRecord>>;
  readonly tally: Tally;
  fail(property: string, text: string): void;
}

export class WorldPort implements DevicePort {
  readonly tracing = false;
  readonly tracesMachines = false;

  /** `actor`: whose port it is. */
  constructor(
    private readonly actor: 'bql' | 'render queue' | 'PVG',
    private readonly parts: PortParts,
  ) {}

  newInstance(): number {
    return 0;
  }

  trace(): void {
    // Nobody wants traces here; the schedule says what happens.
  }

  /** Of what actors note, only waits are counted. */
  note(event: number, _job = 0, depth = 0): void {
    if (event === TRACE_IDS.agfx_bql_wait_began) this.count(`depth ${depth}`);
  }

  perform(effect: Effect): void {
    const { pvg, memory, inboxes, revision, tally } = this.parts;
    switch (effect.do) {
      case 'submitJob':
      case 'queueRender':
      case 'tellSurface':
      case 'endSection':
      case 'lendBql': {
        const { to, mailbox, record } = postingOf(effect, revision);
        if (to === 'vcpu') return this.reply(mailbox, record);
        if (effect.do === 'submitJob') tally.post(identify(record.words).vcpu);
        return inboxes[to].post(whole(record));
      }
      case 'replyToGuest':
        return this.reply(effect.mailbox, { kind: Message.reply, id: effect.token, words: [effect.value, effect.high] });
      case 'answerUpcall':
        return pvg.answer(effect.id, effect.ok, effect.value, this.woken(effect.id));
      case 'raiseInterrupt':
        if (pvg.raised[pvg.delivered] !== effect.vector) {
          this.parts.fail('P9', `interrupt ${effect.vector} arrives, and ${pvg.raised[pvg.delivered] ?? 'none'} was to`);
        }
        pvg.delivered++;
        return this.count('interrupts');
      case 'releaseTexture':
        return pvg.releaseTexture(effect.texture);
      case 'releaseRange':
        return memory.destroyRange(effect.range);
      case 'releaseRam':
        return memory.destroyRam(effect.ram);
      case 'readDevice':
      case 'readDevicePiece':
      case 'passFrame':
        return assert(false, `${effect.do} in a world that has no use for it`);
      case 'count':
        return this.count(effect.what);
      case 'logGuestError':
        return this.count('guestErrors');
      case 'publishMap':
        return;
      default:
        return this.show(effect);
    }
  }

  createRange(length: number): { range: number; address: number } | null {
    return this.parts.memory.createRange(length);
  }

  mapRange(range: number, offset: number, ram: number, ramOffset: number): number {
    return this.parts.memory.map(range, offset, ram, ramOffset);
  }

  ramAddress(ram: number): number {
    return this.parts.memory.ramAddress(ram);
  }

  unmapRange(range: number, offset: number): number {
    return this.parts.memory.unmap(range, offset);
  }

  mapPieces(): readonly number[] {
    return [];
  }

  supplyFromRam(): boolean {
    return true;
  }

  supply(): boolean {
    return true;
  }

  glyphPayload(id: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    bytes[0] = id & 0xff;
    return bytes;
  }

  createSurface(_: number, width: number, height: number): SurfaceInfo {
    if (this.parts.revision.displayQueries === 'onBql') this.entersPvg('asks for the minimum texture usage');
    this.parts.console.picture = { width, height, present: 0 };
    return { width, height, texture: this.parts.pvg.createTexture(width, height), managed: false };
  }

  copyToSurface(_: number, id: number, present: number): boolean {
    const { pvg, console, fail } = this.parts;
    const texture = pvg.textures.get(id);
    const shown = console.picture;
    if (texture === undefined || shown === null) {
      fail('P6', `present ${present} is shown from a texture that is released, or without a surface`);
      return false;
    }
    if (texture.rendering > 0) fail('P6', `present ${present} is shown while the GPU renders`);
    const { picture } = texture;
    if (picture === null) {
      fail('P6', 'a texture is shown that has no whole frame');
      return false;
    }
    if (picture.width !== shown.width || picture.height !== shown.height) return false;
    if (picture.present !== present) fail('P6', `present ${picture.present} is shown as ${present}`);
    if (picture.present < shown.present) fail('P6', `present ${picture.present} is shown after ${shown.present}`);
    console.picture = picture;
    return true;
  }

  isViewed(): boolean {
    return true;
  }

  private show(effect: Extract<Effect, { do: 'pushUpdate' | 'signalUpdateDone' | 'moveCursor' | 'showCursor' | 'setCursor' }>): void {
    const { console, pvg, fail } = this.parts;
    const { cursor } = console;
    switch (effect.do) {
      case 'pushUpdate':
        return this.count('updates');
      case 'signalUpdateDone':
        console.isAwaited = false;
        if (++console.dones > console.requested) fail('P4', 'an update is answered that nobody asked for');
        return;
      case 'moveCursor': {
        if (effect.to === null) this.entersPvg("asks for the cursor's position");
        const { x, y } = effect.to ?? pvg.cursor;
        cursor.x = x;
        cursor.y = y;
        return;
      }
      case 'showCursor':
        cursor.shown = effect.show;
        return;
      case 'setCursor':
        cursor.image = imageOf(effect.cursor);
        return;
      default:
        return unreachable(effect);
    }
  }

  private count(what: string): void {
    const { counts } = this.parts;
    counts?.set(what, (counts.get(what) ?? 0) + 1);
  }

  /** PVG is asked something on the actor's own thread, which is inside it meanwhile. */
  private entersPvg(what: string): void {
    const { pvg, fail, console } = this.parts;
    if (!console.isRealized) return;
    fail('P3', `the ${this.actor} ${what}`);
    // Who holds the lock and waits for this actor will never let go of it.
    if (!pvg.isFree)
      fail('L1', `the ${this.actor} ${what}, which needs PVG's lock, and ${pvg.owner} holds that and waits for the ${this.actor}`);
  }

  private reply(mailbox: number, record: Partial<PvgRecord> & { readonly kind: number }): void {
    const inbox = this.parts.replies.get(mailbox);
    assert(inbox !== undefined, `there is no reply mailbox ${mailbox}`);
    inbox.post(whole(record));
    this.parts.tally.post(mailbox - FIRST_REPLIES);
  }

  /** How many threads an answer wakes. */
  private woken(id: number): number {
    const { pvg, revision } = this.parts;
    if (Wake[revision.wakes] === Wake.job) return 1;
    const kind = pvg.cells.find((cell) => cell.id === id)?.kind ?? 0;
    return pvg.waiting(revision.wakes === 'all' ? null : kind);
  }
}

function imageOf(cursor: Cursor | null): number {
  return cursor === null ? 0 : ((cursor.pixels[0] ?? 0) >> 16) & 0xff;
}

/** A record with all its fields, as the native mailboxes make it. */
export function whole({ kind, id = 0, words = [], thread = 0, reserved = 0 }: Partial<PvgRecord> & { readonly kind: number }): PvgRecord {
  return { kind, id, words, thread, reserved };
}
