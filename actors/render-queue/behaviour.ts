/**
 * The render queue: blocks and completions, one at a time, in order (threading.md 1).
 *
 * Invariant: the machine decides when the next entry of the queue may begin; the queue holds entries, never states. In the revisions
 * where it owns the frames it also holds the displays, and what PVG says of them comes here.
 */
import { assert } from '../../src/base/errors.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Display } from '../../src/device/display.js';
import type { DevicePort } from '../../src/device/effects.js';
import { noteMove, noteStart } from '../../src/device/machine-trace.js';
import type { Revision } from '../../src/revisions/revision.js';
import { compileMachine, type EventOf, type RunOf } from '../../src/runtime/machine-run.js';
import { TRACE_IDS } from '../../src/trace/events.js';
import { Message, messageName } from '../messages.js';
import { renderQueueMachine } from './render-queue.machine.js';

const table = compileMachine(renderQueueMachine);

/** A frame on its way into PVG. */
export interface EncodeRequest {
  readonly display: number;
  readonly frame: number;
  readonly texture: number;
  readonly managed: boolean;
}

/** What the render queue asks of its thread. */
export interface RenderPort {
  /** Post to the BQL. */
  tellBql(kind: number, frame: number, display: number, words: readonly number[]): void;
  /** Encode the current frame into the texture; true if PVG took it. */
  encode(request: EncodeRequest): boolean;
}

export interface RenderOptions {
  readonly revision: Revision;
  readonly port: RenderPort;
  /** For the displays, where the queue owns them. */
  readonly device: DevicePort;
  readonly displays: number;
  readonly tracesActors?: boolean;
}

export class RenderQueueBehaviour {
  private readonly run: RunOf<typeof table>;
  private readonly queue: PvgRecord[] = [];
  private readonly port: RenderPort;
  private readonly device: DevicePort;
  private traces: boolean;
  /** Empty where the BQL actor owns them. */
  readonly displays: readonly Display[];
  /** The entry that has begun and not ended. */
  private current: PvgRecord | null = null;

  constructor({ revision, port, device, displays, tracesActors = false }: RenderOptions) {
    this.port = port;
    this.device = device;
    this.traces = tracesActors;
    this.run = table.start({ sections: revision.frames === 'renderQueueSections' });
    noteStart(device, 'renderQueue', 0, this.run);
    const owns = revision.frames === 'renderQueueOwned';
    this.displays = owns ? Array.from({ length: displays }, (_, number) => new Display(number, device, revision)) : [];
  }

  /** Whether any of the actors' own trace events is wanted. */
  set tracesActors(on: boolean) {
    this.traces = on;
  }

  /** The queue waits for the BQL, or holds it. */
  get waitsForBql(): boolean {
    return this.run.value !== 'idle' && this.run.value !== 'encoding';
  }

  /** Kind of the entry that can begin now; 0 if none can. */
  get next(): number {
    return this.run.value === 'idle' ? (this.queue[0]?.kind ?? 0) : 0;
  }

  /** Whether an entry of that kind, taken now, would encode at once. */
  encodesAtOnce(kind: number): boolean {
    if (kind === Message.surfaceNoted) return true;
    return kind === Message.renderBlock && this.run.value === 'idle' && !this.run.context.sections;
  }

  /** For people and tests. */
  get inspection(): Record<string, unknown> {
    return {
      state: this.run.value,
      queued: this.queue.map(({ kind }) => messageName(kind)),
      frames: this.displays.map(({ frames }) => frames.state),
    };
  }

  receive(record: PvgRecord): void {
    switch (record.kind) {
      case Message.surfaceNoted:
        this.send({ type: 'surface.noted' }, record);
        return this.noteEnd();
      case Message.sectionEnded:
        this.send({ type: 'section.ended' }, record);
        return this.noteEnd();
      case Message.bqlTaken:
        assert(this.current !== null, 'the BQL was lent and nobody asked for it');
        this.send({ type: 'bql.taken' }, this.current);
        return this.noteEnd();
      default:
        if (this.displays.length > 0) this.displayOf(record).arrived(record.kind, record);
        if (this.traces) this.device.note(TRACE_IDS.agfx_queue_posted, record.kind, record.id, 0);
        this.queue.push(record);
    }
  }

  /** Begins the next entry if the machine is idle; false if there is nothing to begin. */
  step(): boolean {
    const next = this.queue[0];
    if (!next || this.run.value !== 'idle') return false;
    this.queue.shift();
    if (this.traces) this.device.note(TRACE_IDS.agfx_queue_began, next.kind, next.id);
    this.current = next;
    this.begin(next);
    this.noteEnd();
    return true;
  }

  /** The entry that has begun ends when the machine is idle again. */
  private noteEnd(): void {
    const { current } = this;
    if (current === null || this.run.value !== 'idle') return;
    this.current = null;
    if (this.traces) this.device.note(TRACE_IDS.agfx_queue_ended, current.kind, current.id);
  }

  private begin(record: PvgRecord): void {
    switch (record.kind) {
      case Message.renderBlock:
        return this.send({ type: 'block.taken' }, record);
      case Upcall.frameCompleted:
        if (this.displays.length === 0) return this.send({ type: 'completion.taken' }, record);
        return this.displayOf(record).frames.completed(record.words[1] ?? 0, record.words[2] === 0, record.words[3] ?? 0);
      case Upcall.modeChange:
        return this.send({ type: 'mode.taken' }, record);
      case Message.updateRequested:
        return this.displayOf(record).frames.updateRequested();
      default:
        assert(this.displays.length > 0, `the render queue knows no message of kind ${record.kind}`);
        return this.displayOf(record).event(record.kind, record);
    }
  }

  private displayOf(record: PvgRecord): Display {
    const display = this.displays[record.kind === Message.renderBlock ? (record.words[2] ?? 0) : (record.words[0] ?? 0)];
    assert(display !== undefined, `the render queue has no display for a message of kind ${record.kind}`);
    return display;
  }

  private send(event: EventOf<typeof table>, record: PvgRecord): void {
    const effects = this.run.send(event);
    if (this.device.tracesMachines) noteMove(this.device, 'renderQueue', 0, this.run, event.type);
    for (const effect of effects) this.carryOut(effect.type, record);
  }

  private carryOut(effect: string, record: PvgRecord): void {
    const [first = 0, second = 0, third = 0, fourth = 0] = record.words;
    switch (effect) {
      case 'noteSurface':
        return this.port.tellBql(Message.noteSurface, record.id, third, []);
      case 'encodeFrame':
        return this.encode({ display: third, frame: record.id, texture: first, managed: second === 1 }, record);
      case 'reportRefusal':
        if (this.displays.length > 0) return this.displays[third]?.frames.refused(record.id);
        return this.port.tellBql(Message.frameRefused, record.id, third, []);
      case 'reportCompletion':
        return this.port.tellBql(Message.frameCompleted, second, first, [third === 0 ? 1 : 0, fourth]);
      case 'takeBql':
        return this.port.tellBql(Message.takeBql, first, 0, []);
      case 'setMode':
        return this.displayOf(record).event(record.kind, record);
      case 'returnBql':
        return this.port.tellBql(Message.returnBql, first, 0, []);
      default:
        assert(false, `renderQueue has no effect ${effect}`);
    }
  }

  private encode(request: EncodeRequest, record: PvgRecord): void {
    this.send({ type: this.port.encode(request) ? 'encode.accepted' : 'encode.refused' }, record);
  }
}
