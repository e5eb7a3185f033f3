/**
 * One upcall about memory, driven through its machine: piece after piece, and one answer at the end (device.md 4.1, 4.2).
 *
 * Invariant: the upcall is answered exactly once. A piece may take its time, since nothing here waits. All of its state is in its fields, none in
 * closures, so that it can be compared with another's.
 */
import { assert } from '../base/errors.js';
import { compileMachine, type EventOf } from '../runtime/machine-run.js';
import type { DevicePort } from './effects.js';
import { noteMove, noteStart } from './machine-trace.js';
import { mappingJobMachine } from './mapping-job.machine.js';

const table = compileMachine(mappingJobMachine);

/** What became of a piece: carried out, failed, or there was none left. */
export type PieceOutcome = 'mapped' | 'failed' | 'ended';

const MAPPED = table.event('range.mapped');
const FAILED = table.event('range.failed');
const ENDED = table.event('ranges.ended');
const RAN = table.event('bh.ran');

export class MappingJob {
  private readonly run = table.start();
  private readonly instance: number;

  /** `tellsFailure`: whether the answer to upcall `id` says that it failed; if not, it always says that it did not. */
  constructor(
    private readonly port: DevicePort,
    private readonly id: number,
    private readonly tellsFailure = true,
  ) {
    this.instance = port.newInstance();
    noteStart(port, 'mappingJob', this.instance, this.run);
  }

  /** Its turn has come; the machine asks for the first piece. */
  begin(): void {
    this.send(RAN);
  }

  /** Tells what became of the piece that was asked for; true if the machine asks for another. */
  report(outcome: PieceOutcome): boolean {
    return this.send(outcome === 'mapped' ? MAPPED : outcome === 'failed' ? FAILED : ENDED);
  }

  private send(event: EventOf<typeof table>): boolean {
    let asks = false;
    const effects = this.run.send(event);
    if (this.port.tracesMachines) noteMove(this.port, 'mappingJob', this.instance, this.run, event.type);
    for (let index = 0; index < effects.length; index++) {
      const type = effects[index]?.type;
      if (type === 'mapNextRange') asks = true;
      else if (type === 'answerTrue') this.answer(true);
      else if (type === 'answerFalse') this.answer(false);
      else assert(false, `mappingJob has no effect ${type}`);
    }
    return asks;
  }

  private answer(ok: boolean): void {
    this.port.perform({ do: 'answerUpcall', id: this.id, ok: ok || !this.tellsFailure, value: 0 });
  }
}
