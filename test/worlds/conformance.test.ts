/**
 * What the device does on real threads it does in the explorer: a run's log says in which order messages were delivered to the BQL actor, and a
 * replay of that order in the world of the same accesses takes the same waits and ends in the same state.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, it } from 'vitest';
import { createDevice, type TraceHistoryEvent } from '../../dist/src/index.js';
import { Execution } from '../../src/explorer/execution.js';
import { defineWorld } from '../../src/explorer/world.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { DeviceWorld } from '../../src/worlds/device-world.js';

const ROUNDS = 100;
const VCPUS = [0, 1];
const ACCESSES = 2;
/** The registers of the world's vCPUs, and what they write: as src/worlds/guest.ts has it. */
const offsetOf = (vcpu: number): number => 0x1000 + 4 * vcpu;
const tagOf = (vcpu: number): number => ((vcpu + 1) << 4) | 1;
const VERSION = 0x1034;

const device = await createDevice({ variant: 'mmio', ramBytes: 2 ** 20, pollMicroseconds: 0 });
const cells = new Int32Array(new SharedArrayBuffer(8));
const threads = VCPUS.map(
  (vcpu) =>
    new Worker(new URL('vcpu-rounds.mjs', import.meta.url), {
      workerData: { attachment: device.attachment, offset: offsetOf(vcpu), values: [tagOf(vcpu)], cells },
    }),
);
afterAll(async () => {
  Atomics.store(cells, 0, -1);
  Atomics.notify(cells, 0);
  await Promise.all(threads.map((thread) => once(thread, 'exit')));
  await device.close();
});

/** Runs a round; what each vCPU read, and the log of the BQL actor. */
async function runRound(round: number): Promise<{ values: number[]; log: TraceHistoryEvent[] }> {
  // The BQL actor has published what it did before when it answers the next access.
  await device.mmioRead(VERSION);
  await device.mmioRead(VERSION);
  const since = device.traceHistory().at(-1)?.nanoseconds ?? 0;
  const read = Promise.all(threads.map((thread) => once(thread, 'message')));
  Atomics.store(cells, 0, round);
  Atomics.notify(cells, 0);
  const values = (await read).map(([[value]]) => value as number);
  await device.mmioRead(VERSION);
  await device.mmioRead(VERSION);
  const later = device.traceHistory().filter(({ actor, nanoseconds }) => actor === 'bql' && nanoseconds > since);
  // The end of the access before may be among them, but not its beginning.
  const events = later.slice(later.findIndex(({ name }) => name === 'agfx_bql_requested'));
  // What belongs to the accesses ends when the last of them does.
  const ends = events.flatMap(({ name, args }, index) =>
    (name === 'apple_gfx_write' || name === 'apple_gfx_read') && args.offset !== VERSION ? [index] : [],
  );
  expect(ends).toHaveLength(VCPUS.length * ACCESSES);
  return { values, log: events.slice(0, (ends.at(-1) ?? 0) + 1) };
}

/** Replays a log; the world where it ends. */
function replayed(log: readonly TraceHistoryEvent[]): DeviceWorld {
  let made: DeviceWorld | null = null;
  const scenario = { name: 'accesses', summary: '', vcpus: VCPUS.map(() => ['write', 'read'] as const), workers: 1 };
  const world = defineWorld('a run', (w) => {
    made = new DeviceWorld(w, scenario, REVISIONS.hardened);
    made.declare();
  });
  const execution = new Execution(world);
  execution.begin();
  const device = made as DeviceWorld | null;
  if (device === null) throw new RangeError('the world was not made');
  const run = (name: string): void => {
    const choice = [...execution.enabled.subarray(0, execution.enabledCount)].find((each) => execution.nameOf(each) === name);
    if (choice === undefined) throw new RangeError(`${name} can't go on at step ${execution.steps}, as it did on threads`);
    execution.step(choice);
  };
  // The lock is granted first come, first served, so the order of requests is that of the accesses' ends.
  const callers = log.flatMap(({ name, args }) => (name.startsWith('apple_gfx_') ? [(Number(args.offset) - offsetOf(0)) / 4] : []));
  log.forEach(({ name, args }, index) => {
    if (name === 'agfx_bql_requested') {
      run(`vcpu${callers.shift()}`);
      // What was requested next without anything between was taken in the same batch.
      if (log[index + 1]?.name !== 'agfx_bql_requested') run('bql');
    } else if (name === 'agfx_job_completed') {
      for (let step = 0; step < 3; step++) run('worker0');
      run('bql');
    } else if (name === 'agfx_bql_wait_began') {
      expect(device.bql.nestedWaits, 'waits').toBe(args.depth);
    }
  });
  for (const vcpu of VCPUS) run(`vcpu${vcpu}`);
  expect([execution.enabledCount, execution.failures]).toEqual([0, []]);
  return device;
}

it(`a run on threads ends as its replay does, ${ROUNDS} of ${ROUNDS}`, async () => {
  let overlapping = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const { values, log } = await runRound(round);
    const world = replayed(log);
    expect(VCPUS.map((vcpu) => world.pvg.registers.get(offsetOf(vcpu)))).toEqual(values);
    expect(await Promise.all(VCPUS.map((vcpu) => device.mmioRead(offsetOf(vcpu))))).toEqual(values);
    expect(world.vcpus.map(({ done }) => done)).toEqual(VCPUS.map(() => ACCESSES));
    expect([world.bql.held, world.bql.waiting]).toEqual([false, { bottomHalves: [], sections: [], nestedWaits: 0 }]);
    overlapping += log.some(({ name }, index) => name === 'agfx_bql_requested' && isInside(log, index)) ? 1 : 0;
  }
  // Some of them met, or the test shows less than it says.
  expect(overlapping).toBeGreaterThan(0);
});

/** Whether an access was requested while another one was in progress. */
function isInside(log: readonly TraceHistoryEvent[], index: number): boolean {
  const before = log.slice(0, index).map(({ name }) => name);
  return before.lastIndexOf('agfx_bql_wait_began') > before.lastIndexOf('agfx_bql_wait_ended');
}
