/**
 * The commands: what each is given, what it does to the machine, and what stands behind its OK.
 *
 * Invariant: a command does nothing before all its words have passed. What there isn't, since there is nothing it could be about: ports (inb, outl …),
 * set_irq_in, RTAS, and modules.
 */
import { QTEST_MAX_DATA_BYTES, QTEST_MAX_FILL_BYTES } from '../../base/limits.js';
import type { AccessSize, InterceptSide, QtestMachine } from './machine.js';
import { base64Data, hexData, length, QtestError, unsigned } from './words.js';

type Words = readonly string[];

export interface QtestCommand {
  /** Its words; those in brackets may be left out. */
  readonly takes: readonly string[];
  /** What stands behind OK, '' for nothing. */
  run(machine: QtestMachine, words: Words): Promise<string>;
}

/** Answers with a bare OK. */
const silent =
  (work: (machine: QtestMachine, words: Words) => Promise<void>): QtestCommand['run'] =>
  async (machine, words) => {
    await work(machine, words);
    return '';
  };

const address = ([word = '']: Words): bigint => unsigned('ADDR', word);
const dataSize = (word: string): number => length('SIZE', word, 1, QTEST_MAX_DATA_BYTES);

function load(size: AccessSize): QtestCommand {
  return {
    takes: ['ADDR'],
    run: async (machine, words) => `0x${(await machine.load(address(words), size)).toString(16).padStart(16, '0')}`,
  };
}

/** As QEMU has it, a value that is too wide loses what is too much. */
function store(size: AccessSize): QtestCommand {
  return {
    takes: ['ADDR', 'VALUE'],
    run: silent((machine, words) => machine.store(address(words), size, BigInt.asUintN(8 * size, unsigned('VALUE', words[1] ?? '')))),
  };
}

const encoders = {
  hex: (bytes: Uint8Array): string => `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`,
  base64: (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
};

function read(encode: (bytes: Uint8Array) => string): QtestCommand {
  return { takes: ['ADDR', 'SIZE'], run: async (machine, words) => encode(await machine.read(address(words), dataSize(words[1] ?? ''))) };
}

function write(name: string, decode: (word: string, size: number) => Uint8Array): QtestCommand {
  return {
    takes: ['ADDR', 'SIZE', name],
    run: silent((machine, words) => machine.write(address(words), decode(words[2] ?? '', dataSize(words[1] ?? '')))),
  };
}

function intercept(side: InterceptSide): QtestCommand {
  return {
    takes: ['QOM-PATH'],
    run: silent(async (machine, [path = '']) => {
      if (!machine.canIntercept(side, path)) throw new QtestError(`Unknown device ${JSON.stringify(path.slice(0, 40))}`);
      machine.intercept();
    }),
  };
}

function clockOf(machine: QtestMachine): bigint {
  if (machine.clock === null) throw new QtestError("the device has a real clock, expected one made with clock: 'virtual'");
  return machine.clock;
}

async function stepClock(machine: QtestMachine, [word]: Words): Promise<string> {
  const now = clockOf(machine);
  const next = machine.nextDeadline;
  if (word === undefined && next === null) throw new QtestError('cannot advance the clock to the next deadline: there is none');
  const span = word === undefined ? (next ?? now) - now : unsigned('NS', word);
  return String(await machine.advance(span));
}

/** A time that has passed changes nothing. */
async function setClock(machine: QtestMachine, [word = '']: Words): Promise<string> {
  const now = clockOf(machine);
  const target = unsigned('NS', word);
  return String(await machine.advance(target > now ? target - now : 0n));
}

/** All of them, by name. */
export const COMMANDS: ReadonlyMap<string, QtestCommand> = new Map<string, QtestCommand>([
  ['readb', load(1)],
  ['readw', load(2)],
  ['readl', load(4)],
  ['readq', load(8)],
  ['writeb', store(1)],
  ['writew', store(2)],
  ['writel', store(4)],
  ['writeq', store(8)],
  ['read', read(encoders.hex)],
  ['write', write('DATA', hexData)],
  ['b64read', read(encoders.base64)],
  ['b64write', write('B64_DATA', base64Data)],
  [
    'memset',
    {
      takes: ['ADDR', 'SIZE', 'VALUE'],
      run: silent(async (machine, words) => {
        const [at, size] = [address(words), length('SIZE', words[1] ?? '', 0, QTEST_MAX_FILL_BYTES)];
        await machine.fill(at, size, Number(unsigned('VALUE', words[2] ?? '', 255n)));
      }),
    },
  ],
  ['irq_intercept_in', intercept('in')],
  ['irq_intercept_out', intercept('out')],
  ['clock_step', { takes: ['[NS]'], run: stepClock }],
  ['clock_set', { takes: ['NS'], run: setClock }],
  ['endianness', { takes: [], run: async () => 'little' }],
]);
