/**
 * The load of a macOS guest on the IOSurface mapper: tens of thousands of mappings of one page alive, undone in one batch.
 *
 * `node test/bench/iosfc.mjs [--count 50000] [--revision hardened,v5] [--json]`. Every surface is a page of guest RAM of its own with a word
 * of its own in front, so that the mapper's table tells whether each mapping leads where it should. Figures are printed, and whatever is
 * not right: an answer, a line of the table, a reference that is not given back. Exit codes: 0 all is right, 1 something is not, 2 wrong usage.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { createDevice, REVISION_NAMES } from '../../dist/src/index.js';
import * as L from '../../dist/src/guest/layout.js';

const PAGE = 0x4000;
/** Where things lie in guest RAM. */
const RING = 0;
const TABLE = 0x20_0000;
const SURFACES = 0x30_0000;
const SAMPLE_MS = 20;
const FAILED = 1;
const USAGE = 2;

/** Memory of this process's own, without guest RAM, which is shared. */
function ownMemoryKib() {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** Odd, so that no page of zeros has it, and distinct. */
const wordOf = (surface) => 0xa500_0000 + 2 * surface + 1;

/** The guest's side: a ring for as many entries as there may be, and the surfaces. */
class Guest {
  constructor(device, count) {
    this.device = device;
    this.count = count;
    this.produced = 0;
    const ram = device.ram();
    this.words = new Uint32Array(ram.buffer, ram.byteOffset, ram.byteLength / 4);
    for (let surface = 0; surface < count; surface++) this.words[(SURFACES + surface * PAGE) / 4] = wordOf(surface);
  }

  async start() {
    const { device } = this;
    await device.iosfcWrite(L.IOSFC_RING_CAPACITY, BigInt(L.IOSFC_RING_MAX));
    await this.release();
  }

  /** Has the mapper let go of ring and table. */
  async release() {
    const base = this.device.attachment.ramBase;
    await this.device.iosfcWrite(L.IOSFC_RING_BASE, BigInt(base + RING));
    await this.device.iosfcWrite(L.IOSFC_TABLE, BigInt(base + TABLE));
    this.produced = 0;
  }

  /** One entry for each surface, handed over at once; resolves when all are consumed. */
  async batch(opcode) {
    const first = this.produced;
    for (let surface = 0; surface < this.count; surface++) {
      const gpa = this.device.attachment.ramBase + SURFACES + surface * PAGE;
      const map = opcode === L.IOSFC_OP_MAP;
      const entry = [opcode, surface, map ? gpa % 2 ** 32 : 0, map ? Math.floor(gpa / 2 ** 32) : 0, map ? PAGE : 0, 0, 0, 0];
      this.words.set(entry, this.entryAt(first + surface));
    }
    this.produced = first + this.count;
    await this.device.iosfcWrite(L.IOSFC_PRODUCER, BigInt(this.produced));
  }

  /** How many entries of the last batch have a result; they get it in order. */
  get consumed() {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.result(middle) !== 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get succeeded() {
    return this.countOf((surface) => this.result(surface) === L.IOSFC_OK);
  }

  /** How many surfaces the table shows with that length and, as the device sees it, the surface's own word or none. */
  tableLines(length) {
    return this.countOf((surface) => {
      const at = (TABLE + surface * L.IOSFC_TABLE_ENTRY_SIZE) / 4;
      const [low, high, word, times] = this.words.subarray(at, at + 4);
      return low === length && high === 0 && word === (length === 0 ? 0 : wordOf(surface)) && times === 1;
    });
  }

  result(index) {
    return this.words[this.entryAt(this.produced - this.count + index) + 7];
  }

  countOf(isSo) {
    let count = 0;
    for (let surface = 0; surface < this.count; surface++) if (isSo(surface)) count++;
    return count;
  }

  entryAt(count) {
    return (RING + (count % L.IOSFC_RING_MAX) * L.IOSFC_ENTRY_SIZE) / 4;
  }
}

/** Watches a batch until it is told to stop: what memory it takes at most, and, for a person who waits, how far it is. */
class Watch {
  peakKib = ownMemoryKib();

  constructor(label, guest) {
    this.timer = setInterval(() => {
      this.look();
      if (process.stderr.isTTY) process.stderr.write(`\r${label} ${guest.consumed} of ${guest.count} \x1b[K`);
    }, SAMPLE_MS);
  }

  look() {
    this.peakKib = Math.max(this.peakKib, ownMemoryKib());
  }

  stop() {
    clearInterval(this.timer);
    this.look();
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}

async function timedBatch(label, guest, opcode) {
  const watch = new Watch(label, guest);
  const began = performance.now();
  try {
    await guest.batch(opcode);
  } finally {
    watch.stop();
  }
  return { perSecond: Math.round((1000 * guest.count) / (performance.now() - began)), peakKib: watch.peakKib };
}

/** References on guest RAM. */
async function references(device) {
  const { regions } = await device.internals.inspect('bql');
  return regions[0].references;
}

async function measureOn(device, revision, count) {
  const guest = new Guest(device, count);
  await guest.start();
  const before = { kib: ownMemoryKib(), references: await references(device) };
  const maps = await timedBatch(`${revision}: mapping`, guest, L.IOSFC_OP_MAP);
  const alive = { mapped: guest.succeeded, tableRight: guest.tableLines(PAGE), references: await references(device) };
  const unmaps = await timedBatch(`${revision}: unmapping`, guest, L.IOSFC_OP_UNMAP);
  const after = { unmapped: guest.succeeded, tableEmpty: guest.tableLines(0) };
  await guest.release();
  return {
    revision,
    count,
    mapsPerSecond: maps.perSecond,
    unmapsPerSecond: unmaps.perSecond,
    peakKib: Math.max(maps.peakKib, unmaps.peakKib) - before.kib,
    retainedKib: ownMemoryKib() - before.kib,
    references: { before: before.references, alive: alive.references, after: await references(device) },
    answers: { mapped: alive.mapped, tableRight: alive.tableRight, ...after },
  };
}

async function measure(revision, count) {
  const modes = [{ width: 64, height: 48, rateHz: 60 }];
  const device = await createDevice({ revision, modes, vsync: false, ramBytes: SURFACES + count * PAGE });
  try {
    return await measureOn(device, revision, count);
  } finally {
    await device.close();
  }
}

/** What is not as it must be, in words. */
function faultsOf({ revision, count, references: { before, after }, answers }) {
  const wrong = Object.entries(answers).filter(([, got]) => got !== count);
  const faults = wrong.map(([name, got]) => `${revision}: ${name} is ${got}, not ${count}`);
  if (before !== after) faults.push(`${revision}: RAM had ${before} references and has ${after} after everything was undone`);
  return faults;
}

function table(results) {
  const lines = [['revision', 'mappings', 'maps/s', 'unmaps/s', 'peak KiB', 'retained KiB', 'references before/alive/after']];
  for (const { revision, count, mapsPerSecond, unmapsPerSecond, peakKib, retainedKib, references: r } of results) {
    lines.push([revision, count, mapsPerSecond, unmapsPerSecond, peakKib, retainedKib, `${r.before}/${r.alive}/${r.after}`].map(String));
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
}

function countOption(text) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > L.IOSFC_SURFACES)
    throw new InvalidArgumentError(`Expected an integer in 1..${L.IOSFC_SURFACES}.`);
  return value;
}

function revisionsOption(text) {
  const names = text.split(',');
  const unknown = names.find((name) => !REVISION_NAMES.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${REVISION_NAMES.join(', ')}.`);
  return names;
}

async function main() {
  const program = new Command('iosfc.mjs')
    .description('map surfaces of one page, keep them, unmap them in one batch; print how fast, and what it takes')
    .option('--count <n>', 'how many surfaces', countOption, 50_000)
    .option('--revision <names>', 'revisions, with commas between them (default: hardened,v5)', revisionsOption)
    .option('--json', 'print one line of JSON for each revision instead of a table', false)
    .allowExcessArguments(false)
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 all is right, 1 an answer, a line of the table or a reference is not, 2 wrong usage.')
    .parse();
  const { count, revision: revisions = ['hardened', 'v5'], json } = program.opts();
  const results = [];
  for (const revision of revisions) {
    const result = await measure(revision, count);
    results.push(result);
    if (json) console.log(JSON.stringify(result));
  }
  if (!json) console.log(table(results).join('\n'));
  const faults = results.flatMap(faultsOf);
  for (const fault of faults) console.error(`iosfc.mjs: ${fault}`);
  return faults.length === 0 ? 0 : FAILED;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else {
    console.error(`iosfc.mjs: ${error instanceof Error ? error.message : error}`);
    process.exitCode = FAILED;
  }
}
