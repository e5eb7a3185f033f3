/**
 * How effects are carried out on threads, where the revision says how: who is told of an access or a frame, who asks PVG, which interrupts
 * are dropped. The native library is played by an object that records its calls.
 */
import { describe, expect, it } from 'vitest';
import { ThreadPort } from '../../actors/device-port.js';
import { FrameInside } from '../../actors/bql/continuations.js';
import { messageName } from '../../actors/messages.js';
import type { Report, Wiring } from '../../actors/wiring.js';
import { DeviceClosedError } from '../../src/base/errors.js';
import type { PvgBridge } from '../../src/bridge/native.js';
import { PvgCause, PvgStatus, Upcall } from '../../src/bridge/pvg.js';
import { type PvgRecord, RecordBuffer } from '../../src/bridge/records.js';
import { Transfer, TRANSFER_BYTES } from '../../src/bridge/transfer.js';
import type { AccessJob, Effect, FrameResult } from '../../src/device/effects.js';
import { Frames } from '../../src/device/frames.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { Board } from '../../src/runtime/board.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { Counters, CursorState, InterruptLines, ShownFrames, Viewers } from '../../src/runtime/shared.js';
import { TraceSwitches } from '../../src/trace/switches.js';
import { Tracer } from '../../src/trace/tracer.js';
import { record } from './bql-scene.js';

const NAMES = { bql: 1, render: 2, background: 3, watchdog: 5, update: 6 } as const;
const VCPU_MAILBOX = 77;

class PortScene {
  readonly posted: { mailbox: number; record: PvgRecord }[] = [];
  readonly reports: Report[] = [];
  readonly calls: string[] = [];
  /** Records that the update mailbox holds; then it is closed. */
  completions: PvgRecord[] = [];
  encodeStatus: number = PvgStatus.ok;
  /** Called while a texture is being shown. */
  onShow: () => void = () => undefined;
  /** Why the device was stopped. */
  cause: number = PvgCause.none;
  readonly interrupts = new InterruptLines();
  readonly cursor = new CursorState();
  readonly board = new Board();
  readonly port: ThreadPort;
  private readonly mailboxes: Mailboxes;
  private readonly transfer: Transfer;

  constructor(revision: RevisionName, variant: 'mmio' | 'pci' = 'pci') {
    const bridge = this.bridge();
    const wiring: Wiring = {
      group: 1,
      device: 2,
      revision,
      mailboxes: NAMES,
      variant,
      vectors: 32,
      regions: [],
      map: 0,
      counters: new Counters().memory,
      interrupts: this.interrupts.memory,
      board: this.board.memory,
      displays: [
        {
          cursor: this.cursor.memory,
          shown: new ShownFrames().memory,
          viewers: new Viewers().memory,
          initialMode: null,
          textureUsage: 0x11,
          modes: [],
        },
      ],
      modesGiven: false,
      traceSwitches: new TraceSwitches().memory,
      traceRing: false,
      traceDeliveries: false,
      traceDetail: false,
      pollMicroseconds: 0,
    };
    this.transfer = new Transfer(bridge, new ArrayBuffer(TRANSFER_BYTES));
    this.mailboxes = new Mailboxes(bridge, this.transfer);
    const report = (each: Report): void => void this.reports.push(each);
    this.port = new ThreadPort({ bridge, mailboxes: this.mailboxes, wiring, tracer: new Tracer([], () => undefined), report });
  }

  private bridge(): PvgBridge {
    const noted = (name: string, result: number) => (): number => {
      this.calls.push(name);
      return result;
    };
    const played: Partial<PvgBridge> = {
      pvg_group_cause: () => this.cause,
      pvg_mailbox_post: (mailbox: number, bytes: Uint8Array) => {
        const buffer = new RecordBuffer(1);
        buffer.bytes.set(bytes);
        this.posted.push({ mailbox, record: buffer.read(0) });
        return PvgStatus.ok;
      },
      pvg_mailbox_transfer: () => {
        const next = this.completions.shift();
        if (!next) return PvgStatus.closed;
        this.transfer.taken.write(0, next);
        return 1;
      },
      pvg_display_encode: () => this.encodeStatus,
      pvg_display_minimum_texture_usage: noted('minimumTextureUsage', 0x22),
      pvg_display_cursor_position: (_device: number, _display: number, out: Uint32Array) => {
        this.calls.push('cursorPosition');
        out.set([31, 32]);
        return PvgStatus.ok;
      },
      pvg_texture_create: (_device: number, _width: number, _height: number, usage: number) => {
        this.calls.push(`texture of usage ${usage}`);
        return 9;
      },
      pvg_texture_managed: () => 1,
      pvg_texture_show: () => {
        this.calls.push('show');
        this.onShow();
        return 0;
      },
      pvg_texture_release: (texture: number) => {
        this.calls.push(`release texture ${texture}`);
        return PvgStatus.ok;
      },
    };
    return played as PvgBridge;
  }

  perform(...effects: Effect[]): void {
    for (const effect of effects) this.port.perform(effect);
    this.mailboxes.flush();
  }

  /** What was posted, as `mailbox kind id reserved: words`. */
  get posts(): string[] {
    const name = (mailbox: number): string => Object.entries(NAMES).find(([, number]) => number === mailbox)?.[0] ?? String(mailbox);
    return this.posted.map(({ mailbox, record: { kind, id, reserved, words } }) => {
      return `${name(mailbox)} ${messageName(kind)} ${id} ${reserved}: ${words.join(' ')}`;
    });
  }
}

describe('an access', () => {
  const job: AccessJob = {
    job: 5,
    entry: 'nestedWait',
    caller: VCPU_MAILBOX,
    nested: false,
    operation: 1,
    window: 0,
    size: 4,
    offset: 0x1000,
    value: 6,
    high: 7,
  };

  it.each(['nestedWait', 'posted'] as const)('%s: goes to the background queue', (entry) => {
    const scene = new PortScene('hardened');
    scene.perform({ do: 'submitJob', ...job, entry });
    expect(scene.posts).toEqual(['background job 5 0: 1 0 4 4096 6 7']);
    expect(scene.reports).toEqual([]);
  });

  it('droppingBql: goes to the vCPU’s own thread, or is carried in by a worker that takes the lock again', () => {
    const scene = new PortScene('unlock');
    scene.perform({ do: 'submitJob', ...job, entry: 'droppingBql' }, { do: 'submitJob', ...job, entry: 'droppingBql', caller: 0 });
    expect(scene.posts).toEqual([`${VCPU_MAILBOX} enterPvg 5 0: 1 0 4 4096 6 7`, 'background job 5 1: 1 0 4 4096 6 7']);
  });

  it('inside another: asks for one more worker than are busy', () => {
    const scene = new PortScene('hardened');
    scene.board.set(scene.board.claimWorker(100) ?? 0, 3);
    scene.board.set(scene.board.claimWorker(101) ?? 0, 4);
    scene.board.expectWorker();
    scene.perform({ do: 'submitJob', ...job, nested: true });
    expect(scene.reports).toEqual([{ report: 'workersNeeded', count: 3 }]);
  });

  it('is answered to the vCPU, or to the supervisor if it has no mailbox', () => {
    const scene = new PortScene('hardened');
    for (const mailbox of [VCPU_MAILBOX, 0]) scene.perform({ do: 'replyToGuest', token: 8, mailbox, value: 1, high: 2, ok: true });
    expect(scene.posts).toEqual([`${VCPU_MAILBOX} reply 8 0: 1 2 0 0 0 0`]);
    expect(scene.reports).toEqual([{ report: 'reply', token: 8, value: 1, high: 2 }]);
  });

  it.each([PvgCause.closed, PvgCause.thread, PvgCause.deadlock])(
    'is not answered with what PVG left when it was stopped (cause %i)',
    (cause) => {
      const scene = new PortScene('sync');
      scene.cause = cause;
      for (const mailbox of [VCPU_MAILBOX, 0]) scene.perform({ do: 'replyToGuest', token: 8, mailbox, value: 0, high: 0, ok: false });
      expect([scene.posts, scene.reports]).toEqual([[], []]);
    },
  );
});

describe('a frame', () => {
  const block = { do: 'queueRender', display: 0, frame: 4, texture: 9, managed: true } as const;

  it.each([
    ['async-write', 'render renderBlock'],
    ['v5', 'render renderBlock'],
    ['bh', 'background encode'],
    ['hardened', 'render renderBlock'],
  ] as const)('%s: its block goes to the %s', (revision, destination) => {
    const scene = new PortScene(revision);
    scene.perform(block);
    expect(scene.posts).toEqual([`${destination} 4 0: 9 1 0 0 0 0`]);
  });

  it('is copied only after what was posted before it has left', () => {
    const scene = new PortScene('hardened');
    scene.port.createSurface(0, 64, 64);
    scene.port.perform({ do: 'replyToGuest', token: 8, mailbox: VCPU_MAILBOX, value: 1, high: 2, ok: true });
    scene.onShow = () => expect(scene.posts).toEqual([`${VCPU_MAILBOX} reply 8 0: 1 2 0 0 0 0`]);
    scene.port.copyToSurface(0, 9, 1);
    expect(scene.calls).toContain('show');
  });

  it('the render queue is told of surfaces, sections and the lock', () => {
    const scene = new PortScene('v5');
    scene.perform({ ...block, do: 'tellSurface' }, { do: 'endSection', frame: 4 }, { do: 'lendBql', display: 3 });
    expect(scene.posts).toEqual([
      'render surfaceNoted 4 0: 9 1 0 0 0 0',
      'render sectionEnded 4 0: 0 0 0 0 0 0',
      'render bqlTaken 3 0: 0 0 0 0 0 0',
    ]);
  });

  const completed = (frame: number, status: number, display = 0): PvgRecord =>
    record(Upcall.frameCompleted, { words: [display, frame, status, 50 + frame + 100 * display] });

  function encodeAndWait({ port }: PortScene): FrameResult | null {
    const frames = new Frames(0, port, REVISIONS.sync);
    const results: (FrameResult | null)[] = [];
    frames.refused = () => void results.push(null);
    frames.completed = (_, ok, present) => void results.push({ ok, present });
    expect(port.block(new FrameInside(frames, block))).toBeNull();
    expect(results).toHaveLength(1);
    return results[0] ?? null;
  }

  it('inside the update: waits for its own completion, and lets others pass', () => {
    const scene = new PortScene('sync');
    scene.completions = [completed(3, 0), completed(4, 0, 1), completed(4, 0)];
    expect(encodeAndWait(scene)).toEqual({ ok: true, present: 54 });
    scene.completions = [completed(4, 1)];
    expect(encodeAndWait(scene)).toEqual({ ok: false, present: 54 });
  });

  it('inside the update: is null when PVG refuses, and an end when the device is closed', () => {
    const scene = new PortScene('sync');
    expect(() => encodeAndWait(scene)).toThrow(DeviceClosedError);
    scene.encodeStatus = PvgStatus.refused;
    expect(encodeAndWait(scene)).toBeNull();
  });
});

describe('what PVG is asked on the actor that owns the display', () => {
  it.each([
    ['v5', ['minimumTextureUsage', 'texture of usage 34']],
    ['bh', ['minimumTextureUsage', 'texture of usage 34']],
    ['hardened', ['texture of usage 17']],
  ] as const)('%s: for a texture %j', (revision, calls) => {
    const scene = new PortScene(revision);
    expect(scene.port.createSurface(0, 64, 48)).toEqual({ width: 64, height: 48, texture: 9, managed: true });
    expect(scene.calls).toEqual(calls);
    expect(scene.reports).toMatchObject([{ report: 'surface', display: 0, width: 64, height: 48 }]);
  });

  it('a mode that there is no memory for has neither surface nor texture', () => {
    const scene = new PortScene('hardened');
    // 64 TiB.
    expect(scene.port.createSurface(0, 2 ** 22, 2 ** 22)).toBeNull();
    expect(scene.calls).toEqual(['texture of usage 17', 'release texture 9']);
    expect(scene.reports).toEqual([]);
  });

  it('where the cursor is, only if the event did not say', () => {
    const scene = new PortScene('v5');
    scene.perform({ do: 'moveCursor', display: 0, to: { x: 1, y: 2 } });
    expect([scene.cursor.place, scene.calls]).toEqual([{ x: 1, y: 2 }, []]);
    scene.perform({ do: 'moveCursor', display: 0, to: null });
    expect([scene.cursor.place, scene.calls]).toEqual([{ x: 31, y: 32 }, ['cursorPosition']]);
  });
});

describe('an interrupt', () => {
  const raise = (vector: number, line: 'gfx' | 'iosfc' = 'gfx'): Effect => ({ do: 'raiseInterrupt', line, vector });

  it('mmio: is a pulse on its line, whatever the vector', () => {
    const scene = new PortScene('hardened', 'mmio');
    scene.perform(raise(5), raise(6, 'iosfc'), raise(7));
    expect([0, 1, 5].map((line) => scene.interrupts.count(line))).toEqual([2, 1, 0]);
    expect(scene.port.counters.get('interrupts')).toBe(3);
  });

  it('pci: is dropped while MSI is off', () => {
    const scene = new PortScene('hardened');
    scene.perform(raise(3));
    expect(scene.interrupts.count(3)).toBe(0);
    scene.interrupts.setMsiEnabled(true);
    scene.perform(raise(3));
    expect(scene.interrupts.count(3)).toBe(1);
    expect(scene.reports).toEqual([]);
  });

  it.each([
    ['bh', 1, 0],
    ['hardened', 0, 1],
  ] as const)('%s: a vector that the guest has not enabled is raised %i times and logged %i times', (revision, raised, logged) => {
    const scene = new PortScene(revision);
    scene.interrupts.setMsiEnabled(true);
    scene.perform(raise(32));
    expect(scene.interrupts.count(32)).toBe(raised);
    expect(scene.reports).toEqual(
      Array(logged).fill({ report: 'guestError', text: 'interrupt vector 32 is not one that the guest has enabled: dropped' }),
    );
    expect(scene.port.counters.get('guestErrors')).toBe(logged);
  });
});

it('a read of another device’s registers is reported to the embedder', () => {
  const scene = new PortScene('hardened');
  scene.perform({ do: 'readDevice', job: 5, region: 6, offset: 8 });
  expect(scene.reports).toEqual([{ report: 'readDevice', job: 5, region: 6, offset: 8 }]);
  expect(scene.posts).toEqual([]);
});
