/**
 * The latencies of the data path, as rows of the benchmark, and by themselves: `node test/bench/latency.mjs SCENARIO PLACEMENT [--count N]
 * [--runs N] [--against twin,rival,polling,bare] [--device JSON]`.
 *
 * SCENARIO is one of SCENARIOS below, PLACEMENT `pinned` (every thread of a side on one core: the path's own cost) or `free`. Invariant: a
 * latency is time over operations of a whole run, and a row's is the median of the runs; system calls are counted in a run of their own, which isn't
 * timed. `bare` has no goal: it tells what of the distance to the twin is Node's, koffi's and the mailboxes'.
 */
import { parseArgs } from 'node:util';
import { checkOptions } from '../../dist/src/device/options.js';
import { interleave, median, rounded, runBare, runOurs, runRival, runTwin, scaled } from './sides/sides.mjs';

/** What is measured, how often at full scale, and the least that it must reach against each. */
export const SCENARIOS = {
  'map-1': { what: 'map upcall answered by the BQL actor, one native caller', count: 50_000, goals: { twin: 0.9 } },
  'map-4': { what: 'map upcall answered by the BQL actor, four native callers', count: 50_000, goals: { twin: 0.85 } },
  iosfc: { what: 'IOSurface map and unmap', count: 2_000_000, goals: { twin: 0.9 } },
  write: { what: 'MMIO write, no upcall inside', count: 50_000, goals: { twin: 0.9, polling: 5, rival: 10 } },
  'write-map': { what: 'MMIO write with one map upcall inside', count: 20_000, goals: { twin: 0.9, polling: 5, rival: 10 } },
};
export const PLACEMENTS = { pinned: 'all threads on one core', free: 'free on all cores' };

const AGAINST = {
  twin: 'the C twin',
  polling: 'our own without adaptive polling',
  rival: 'the same path on comlink and piscina.run',
  bare: 'the hops alone in JavaScript, without a device',
};
/** What sides/bare.mjs can do. */
const BARE_SCENARIOS = ['map-1', 'write'];
/** A side that is slower does less, so that a run of each takes about as long. */
const SLOWER = { rival: 10 };
/** So many times what is counted goes before it, until V8 has compiled all of the path; more so before a short run, up to that. */
const WARM = 3;
const WARM_SHORT = 15;
/** Not to be slower is all that can be asked where no core is to spare. */
const PINNED_POLLING_GOAL = 1;
const TWIN_NEEDS_MORE =
  'The twin needs more: its actors are done sooner, so they find their mailboxes empty more often and sleep, ' +
  'while ours find the next record there already.';

const goalOf = (scenario, placement, against) =>
  against === 'polling' && placement === 'pinned' ? PINNED_POLLING_GOAL : SCENARIOS[scenario].goals[against];

const perOperation = (results, name) => rounded(median(results.map((result) => result[name] / result.operations)));

/** Per operation, of both sides. */
const pair = (ours, reference, name) => ({ ours: perOperation(ours, name), reference: perOperation(reference, name) });

const micros = (result) => result.nanoseconds / result.operations / 1000;

/** What is to be said of a row: where the twin needs more than ours, and where C itself would not reach the goal. */
function noteOf(against, goal, { twinNeedsMore, twin, reference }) {
  if (against === 'bare')
    return twin && `The bare hops come to ${rounded(median(twin.map(micros)) / median(reference.map(micros)), 3)} of the twin.`;
  if (against === 'twin') return twinNeedsMore ? TWIN_NEEDS_MORE : undefined;
  const best = twin === undefined ? goal : median(reference.map(micros)) / median(twin.map(micros));
  return best < goal ? `The twin in C itself comes to ${rounded(best, 3)}.` : undefined;
}

function rowOf({ scenario, placement, against }, ours, { reference, twin, counted }) {
  const goal = goalOf(scenario, placement, against);
  const switches = pair(ours, reference, 'voluntary');
  const systemCalls = pair(counted.ours, counted[against], 'systemCalls');
  const twinNeedsMore = switches.reference > switches.ours || systemCalls.reference > systemCalls.ours;
  const value = median(reference.map(micros)) / median(ours.map(micros));
  const note = noteOf(against, goal, { twinNeedsMore, twin, reference });
  return {
    name: `${scenario}/${placement}/${against}`,
    what: `${SCENARIOS[scenario].what}, ${PLACEMENTS[placement]}; against ${AGAINST[against]}`,
    unit: 'µs',
    ours: rounded(median(ours.map(micros))),
    reference: rounded(median(reference.map(micros))),
    value: rounded(value),
    better: 'higher',
    goal,
    runs: ours.map((result, run) => ({ ours: rounded(micros(result)), reference: rounded(micros(reference[run])) })),
    processor: { ours: perOperation(ours, 'processorNs') / 1000, reference: perOperation(reference, 'processorNs') / 1000 },
    contextSwitches: switches,
    systemCalls,
    ...(note && { note }),
  };
}

/** Names of the rows of one scenario. */
export function latencyNames(scenario) {
  return Object.keys(PLACEMENTS).flatMap((placement) =>
    Object.keys(SCENARIOS[scenario].goals).map((against) => `${scenario}/${placement}/${against}`),
  );
}

const lessFor = (side, count) => scaled(count / SLOWER[side], 1);

/** Runs one scenario in one placement against what is wanted, all sides in turn; its rows. */
async function compare({ scenario, placement, against, device = {} }, { runs, scale, progress }) {
  const count = scaled(SCENARIOS[scenario].count, scale);
  const request = { scenario, placement, warm: scaled(SCENARIOS[scenario].count, Math.min(WARM, WARM_SHORT * scale)), count };
  const sides = {
    ours: (counted) => runOurs({ ...request, counted, device }),
    twin: (counted) => runTwin({ ...request, counted }),
    polling: (counted) => runOurs({ ...request, counted, device: { ...device, pollMicroseconds: 0 } }),
    bare: (counted) => runBare({ ...request, counted }),
    rival: (counted) => runRival({ ...request, counted, warm: lessFor('rival', request.warm), count: lessFor('rival', count) }),
  };
  const wanted = Object.entries(sides).filter(([name]) => name === 'ours' || against.includes(name));
  const take = (times, isCounted, what) =>
    interleave(Object.fromEntries(wanted.map(([name, run]) => [name, () => run(isCounted)])), {
      runs: times,
      progress: (text) => progress(`${scenario}, ${placement}, ${what}: ${text}`),
    });
  const counted = await take(1, true, 'system calls');
  const results = await take(runs, false, 'time');
  return against.map((name) =>
    rowOf({ scenario, placement, against: name }, results.ours, { reference: results[name], twin: results.twin, counted }),
  );
}

/** Why a comparison can't be made with this device; undefined if it can. */
function obstacle(against) {
  if (against === 'polling' && !('pollMicroseconds' in checkOptions({}))) return 'this device has no option pollMicroseconds';
  return undefined;
}

/** The rows of one scenario that are wanted. */
export async function measureLatency(scenario, options) {
  const rows = [];
  for (const placement of Object.keys(PLACEMENTS)) {
    const against = Object.keys(SCENARIOS[scenario].goals).filter((name) => options.wanted(`${scenario}/${placement}/${name}`));
    const possible = against.filter((name) => obstacle(name) === undefined);
    if (possible.length > 0) rows.push(...(await compare({ scenario, placement, against: possible }, options)));
    const skipped = against.filter((name) => !possible.includes(name));
    rows.push(...skipped.map((name) => ({ name: `${scenario}/${placement}/${name}`, skipped: obstacle(name) })));
  }
  return rows;
}

/** Why there is no such comparison; undefined if there is. */
function unknown(against, scenario) {
  if (!AGAINST[against]) return `expected what to compare with, of ${Object.keys(AGAINST).join(', ')}, not ${against}`;
  if (against === 'bare' && !BARE_SCENARIOS.includes(scenario)) return `bare is of ${BARE_SCENARIOS.join(' and ')}, not of ${scenario}`;
  return undefined;
}

function usage(text) {
  process.stderr.write(`latency.mjs: ${text}\n`);
  process.exit(2);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      runs: { type: 'string', default: '5' },
      against: { type: 'string', default: 'twin' },
      device: { type: 'string', default: '{}' },
    },
  });
  const [scenario, placement] = positionals;
  if (!SCENARIOS[scenario]) usage(`expected a scenario, one of ${Object.keys(SCENARIOS).join(', ')}`);
  if (!PLACEMENTS[placement]) usage(`expected a placement, ${Object.keys(PLACEMENTS).join(' or ')}`);
  const against = values.against.split(',');
  const [wrong] = against.map((name) => unknown(name, scenario)).filter((text) => text !== undefined);
  if (wrong !== undefined) usage(wrong);
  const scale = Number(values.count ?? SCENARIOS[scenario].count) / SCENARIOS[scenario].count;
  const request = { scenario, placement, against, device: JSON.parse(values.device) };
  const progress = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
  const rows = await compare(request, { runs: Number(values.runs), scale, progress });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  for (const row of rows) console.log(JSON.stringify(row));
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main();
