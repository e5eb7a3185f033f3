/**
 * A client's side of the protocol: a line is a command, and has one answer.
 *
 * Invariant: it does no I/O, and never throws. Interrupts that a command brings about are told before its answer, as QEMU does.
 */
import { describeError } from '../../base/errors.js';
import { COMMANDS } from './commands.js';
import type { Frame } from './line-framer.js';
import type { QtestMachine } from './machine.js';
import { QtestError } from './words.js';

/** What is shown of a name that is none. */
const SHOWN = 40;

export class QtestSession {
  constructor(private readonly machine: QtestMachine) {}

  /** The lines that answer a line; the last one is the answer itself. */
  async answer(frame: Frame): Promise<readonly string[]> {
    const answer = await this.run(frame).catch((error: unknown) => {
      return `${error instanceof QtestError ? error.answer : 'FAIL'} ${asciiLine(describeError(error))}`;
    });
    return [...this.interrupts(), answer];
  }

  /** What has happened since the last look: lines for the client. */
  interrupts(): readonly string[] {
    // Both lines and messages are pulses here.
    return this.machine.takeInterrupts().flatMap((number) => [`IRQ raise ${number}`, `IRQ lower ${number}`]);
  }

  private async run(frame: Frame): Promise<string> {
    if ('fault' in frame) throw new QtestError(frame.fault);
    const [name = '', ...words] = frame.line.split(' ').filter((word) => word !== '');
    if (name === '') throw new QtestError('the line is empty, expected a command');
    const command = COMMANDS.get(name);
    if (command === undefined) throw new QtestError(`Unknown command '${name.slice(0, SHOWN)}'`);
    const least = command.takes.filter((word) => !word.startsWith('[')).length;
    if (words.length < least || words.length > command.takes.length) {
      throw new QtestError(`${name} was given ${words.length} words, expected: ${[name, ...command.takes].join(' ')}`);
    }
    return `OK ${await command.run(this.machine, words)}`.trimEnd();
  }
}

/** A text as one line of ASCII. */
function asciiLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
