/**
 * The render queue: blocks and completions, one at a time, in order (threading.md 1).
 *
 * Invariant: the machine decides when the next entry of the queue may begin; the queue holds entries, never states.
 */
import { assert } from '../../src/base/errors.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { MachineDriver } from '../../src/runtime/machine-driver.js';
import { Message } from '../messages.js';
import { renderQueueMachine } from './render-queue.machine.js';

const driver = new MachineDriver(renderQueueMachine);
type Event = Parameters<typeof driver.step>[1];

/** What the render queue asks of its thread. */
export interface RenderPort {
  /** Ask for a lock section of the BQL. */
  section(kind: number, frame: number, words: readonly number[]): void;
  /** Encode the current frame into the texture; true if PVG took it. */
  encode(frame: number, texture: number, managed: boolean): boolean;
}

export class RenderQueueBehaviour {
  private state = driver.initial();
  private readonly queue: PvgRecord[] = [];

  constructor(private readonly port: RenderPort) {}

  receive(record: PvgRecord): void {
    switch (record.kind) {
      case Message.renderBlock:
      case Upcall.frameCompleted:
        this.queue.push(record);
        return;
      case Message.surfaceNoted:
        this.send({ type: 'surface.noted' }, record);
        return;
      case Message.sectionEnded:
        this.send({ type: 'section.ended' }, record);
        return;
      default:
        assert(false, `the render queue knows no message of kind ${record.kind}`);
    }
  }

  /** Begins the next entry if the machine is idle; false if there is nothing to begin. */
  step(): boolean {
    const next = this.queue[0];
    if (!next) return false;
    if (!this.send({ type: next.kind === Message.renderBlock ? 'block.taken' : 'completion.taken' }, next)) return false;
    this.queue.shift();
    return true;
  }

  /** True if the machine had anything done. */
  private send(event: Event, record: PvgRecord): boolean {
    const step = driver.step(this.state, event);
    this.state = step.snapshot;
    for (const effect of step.effects) this.carryOut(effect.type, record);
    return step.effects.length > 0;
  }

  private carryOut(effect: string, record: PvgRecord): void {
    switch (effect) {
      case 'noteSurface':
        return this.port.section(Message.noteSurface, record.id, []);
      case 'encodeFrame': {
        const [texture = 0, managed = 0] = record.words;
        const accepted = this.port.encode(record.id, texture, managed === 1);
        this.send({ type: accepted ? 'encode.accepted' : 'encode.refused' }, record);
        return;
      }
      case 'reportRefusal':
        return this.port.section(Message.frameRefused, record.id, []);
      case 'reportCompletion': {
        const [, frame = 0, failure = 0, present = 0] = record.words;
        return this.port.section(Message.frameCompleted, frame, [failure === 0 ? 1 : 0, present]);
      }
      default:
        assert(false, `renderQueue has no effect ${effect}`);
    }
  }
}
