/**
 * How long it takes until a deadlock is found and the access that waits in it fails: `node test/bench/deadlock.mjs [RUNS]`.
 *
 * Revision `sync` deadlocks as soon as the IOSurface mapper maps something for a write that entered PVG with the lock held.
 */
import { createDevice, DeadlockError } from '../../dist/src/index.js';

const RING_BASE = 0x1000;
const RING_CAPACITY = 0x1008;
const TABLE = 0x1010;
const PRODUCER = 0x1018;

const runs = Number(process.argv[2] ?? 5);
if (!Number.isInteger(runs) || runs < 1) {
  process.stderr.write(`deadlock.mjs: RUNS is ${process.argv[2]}, expected an integer from 1 on\n`);
  process.exit(2);
}

const times = [];
for (let run = 0; run < runs; run++) {
  const device = await createDevice({ revision: 'sync', ramBytes: 16 * 2 ** 20 });
  const { ramBase } = device.attachment;
  await device.iosfcWrite(RING_BASE, BigInt(ramBase + 0x10_0000));
  await device.iosfcWrite(RING_CAPACITY, 8n);
  await device.iosfcWrite(TABLE, BigInt(ramBase + 0x20_0000));
  const began = performance.now();
  const error = await device.iosfcWrite(PRODUCER, 1n).catch((reason) => reason);
  if (!(error instanceof DeadlockError)) throw new TypeError(`the write ended with ${error}`);
  times.push(Math.round(performance.now() - began));
  await device.close();
}
times.sort((a, b) => a - b);
process.stdout.write(
  `milliseconds until the access failed: ${times[0]} to ${times.at(-1)}, median ${times[times.length >> 1]}, ${runs} runs\n`,
);
