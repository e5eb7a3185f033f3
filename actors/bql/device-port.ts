/**
 * The device's effects on real threads: mailboxes, the bridge, shared memory, reports to the supervisor.
 *
 * Invariant: no decision is taken here. Owned by the BQL actor's thread.
 */
import { unreachable } from '../../src/base/errors.js';
import type { PvgBridge } from '../../src/bridge/native.js';
import { PvgStatus } from '../../src/bridge/pvg.js';
import type { DevicePort, Effect, SurfaceInfo } from '../../src/device/effects.js';
import type { Mailboxes } from '../../src/runtime/mailbox.js';
import { Counters, CursorState, InterruptLines, Surface } from '../../src/runtime/shared.js';
import { type TraceArgs, type TraceName, Tracer } from '../../src/trace/events.js';
import { Message } from '../messages.js';
import type { Report, Wiring } from '../wiring.js';

export class ThreadPort implements DevicePort {
  readonly counters: Counters;
  private readonly interrupts: InterruptLines;
  private readonly cursor: CursorState;
  private readonly tracer: Tracer;
  private readonly position = new Uint32Array(2);
  private surface: Surface | null = null;

  constructor(
    private readonly bridge: PvgBridge,
    private readonly mailboxes: Mailboxes,
    private readonly wiring: Wiring,
    private readonly report: (report: Report) => void,
  ) {
    this.counters = new Counters(wiring.counters);
    this.interrupts = new InterruptLines(wiring.interrupts);
    this.cursor = new CursorState(wiring.cursor);
    const thread = bridge.pvg_thread_id();
    this.tracer = new Tracer(wiring.trace, (line) => {
      const microseconds = 1000 * (performance.timeOrigin + performance.now());
      report({ report: 'trace', line, origin: { thread, microseconds } });
    });
  }

  trace<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    this.tracer.emit(name, args);
  }

  perform(effect: Effect): void {
    const { bridge, mailboxes, wiring } = this;
    switch (effect.do) {
      case 'submitJob': {
        const words = [effect.operation, effect.window, effect.size, effect.offset, effect.value];
        mailboxes.post(wiring.backgroundMailbox, { kind: Message.job, id: effect.job, words });
        return;
      }
      case 'replyToGuest': {
        const { token, mailbox, value, high } = effect;
        if (mailbox === 0) this.report({ report: 'reply', token, value, high });
        else mailboxes.post(mailbox, { kind: Message.reply, id: token, words: [value, high] });
        return;
      }
      case 'answerUpcall':
        // A stale id is an upcall that stop has released already.
        bridge.pvg_upcall_answer(wiring.device, effect.id, effect.ok ? 1 : 0, effect.value);
        return;
      case 'raiseInterrupt':
        return this.raise(effect.vector);
      case 'queueRender':
        mailboxes.post(wiring.renderMailbox, { kind: Message.renderBlock, id: effect.frame });
        return;
      case 'tellSurface': {
        const words = [effect.texture, effect.managed ? 1 : 0];
        mailboxes.post(wiring.renderMailbox, { kind: Message.surfaceNoted, id: effect.frame, words });
        return;
      }
      case 'endSection':
        mailboxes.post(wiring.renderMailbox, { kind: Message.sectionEnded, id: effect.frame });
        return;
      case 'releaseTexture':
        bridge.pvg_texture_release(effect.texture);
        return;
      case 'releaseRange':
        bridge.pvg_range_destroy(effect.range);
        return;
      case 'releaseRam':
        bridge.pvg_ram_destroy(effect.ram);
        return;
      case 'pushUpdate':
        this.counters.add('updates');
        return this.report({ report: 'update' });
      case 'signalUpdateDone':
        return this.report({ report: 'updateDone' });
      case 'count':
        return this.counters.add(effect.what);
      case 'moveCursor':
        bridge.pvg_display_cursor_position(wiring.device, 0, this.position);
        return this.cursor.moveTo(this.position[0] ?? 0xffff, this.position[1] ?? 0xffff);
      case 'showCursor':
        return this.cursor.setShown(effect.show);
      case 'setCursor':
        if (effect.cursor) this.report({ report: 'cursor', ...effect.cursor });
        return;
      case 'logGuestError':
        this.counters.add('guestErrors');
        return this.report({ report: 'guestError', text: effect.text });
      default:
        return unreachable(effect);
    }
  }

  createRange(length: number): { range: number; address: number } | null {
    if (!Number.isSafeInteger(length)) return null;
    const range = this.bridge.pvg_range_create(this.wiring.group, length);
    return range === 0 ? null : { range, address: Number(this.bridge.pvg_range_address(range)) };
  }

  mapRange(range: number, offset: number, ram: number, ramOffset: number, length: number, readOnly: boolean): number {
    return this.bridge.pvg_range_map(range, offset, ram, ramOffset, length, readOnly ? 1 : 0);
  }

  ramAddress(ram: number): number {
    return Number(this.bridge.pvg_ram_address(ram));
  }

  unmapRange(range: number, offset: number, length: number): number {
    return this.bridge.pvg_range_unmap(range, offset, length);
  }

  mapPieces(id: number, count: number): readonly (readonly [number, number])[] {
    const words = new BigUint64Array(2 * count);
    const got = this.bridge.pvg_upcall_pieces(this.wiring.device, id, 0, words, count);
    const pieces: [number, number][] = [];
    for (let index = 0; index < got; index++) pieces.push([toNumber(words[2 * index]), toNumber(words[2 * index + 1])]);
    return pieces;
  }

  supplyFromRam(id: number, offset: number, ram: number, ramOffset: number, length: number): boolean {
    return this.bridge.pvg_upcall_supply_ram(this.wiring.device, id, offset, ram, ramOffset, length) === PvgStatus.ok;
  }

  glyphPayload(id: number, length: number): Uint8Array | null {
    const bytes = new Uint8Array(length);
    return this.bridge.pvg_upcall_payload(this.wiring.device, id, bytes, length) === PvgStatus.ok ? bytes : null;
  }

  createSurface(width: number, height: number): SurfaceInfo | null {
    const { bridge, wiring } = this;
    const usage = Math.max(0, bridge.pvg_display_minimum_texture_usage(wiring.device, 0));
    const texture = bridge.pvg_texture_create(wiring.device, width, height, usage);
    if (texture === 0) return null;
    this.surface = new Surface(width, height);
    this.report({ report: 'surface', width, height, memory: this.surface.memory });
    return { width, height, texture, managed: bridge.pvg_texture_managed(texture) === 1 };
  }

  copyToSurface(texture: number, present: number): boolean {
    const surface = this.surface;
    if (!surface) return false;
    surface.beginWrite();
    const status = this.bridge.pvg_texture_copy(texture, surface.bytes, surface.bytes.length);
    surface.endWrite(present);
    this.counters.noteShown(present);
    return status === PvgStatus.ok;
  }

  private raise(vector: number): void {
    if (this.wiring.variant === 'pci' && !this.interrupts.msiEnabled) return;
    this.counters.add('interrupts');
    this.interrupts.raise(this.wiring.variant === 'pci' ? vector : 0);
  }
}

function toNumber(word: bigint | undefined): number {
  return word !== undefined && word < 2n ** 53n ? Number(word) : Number.POSITIVE_INFINITY;
}
