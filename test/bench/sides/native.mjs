/**
 * What the benchmark has of native code, in JavaScript (native/bench/bench.h); the benchmark's build of the library must be the one that the
 * device loads too, so APPLE_GFX_BRIDGE names it.
 */
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

/** Where the build puts the library with the benchmark's callers, and the twin. */
export const BENCH_LIBRARY = fileURLToPath(new URL('../../../dist/native/bench/libpvg_bridge.so', import.meta.url));
export const TWIN = fileURLToPath(new URL('../../../dist/native/bench/twin', import.meta.url));

const library = koffi.load(process.env.APPLE_GFX_BRIDGE ?? BENCH_LIBRARY);
const words = new BigInt64Array(5);

const lastError = library.func('const char *pvg_last_error(void)');
const pinAll = library.func('int32_t pvg_bench_pin(int32_t cpu)');
const countCalls = library.func('int32_t pvg_bench_count_system_calls(uint32_t tracepoint)');
const read = library.func('int32_t pvg_bench_read(int64_t *counts)');
const calls = {
  'map-1': library.func('int32_t pvg_bench_map_calls(uint32_t device, uint32_t threads, uint32_t calls, int64_t *counts)'),
  'map-beside': library.func('int32_t pvg_bench_map_beside(uint32_t device, uint32_t alive, uint32_t calls, int64_t *counts)'),
  iosfc: library.func('int32_t pvg_bench_iosfc(uint32_t device, uint32_t calls, int64_t *counts)'),
};

function checked(status) {
  if (status !== 0) throw new Error(`native call failed with ${status}: ${lastError()}`);
}

/** Members of struct pvg_bench_counts, in its order. */
const COUNTS = ['nanoseconds', 'processorNs', 'voluntary', 'involuntary', 'systemCalls'];

const result = (operations) => ({ operations, ...Object.fromEntries(COUNTS.map((name, index) => [name, Number(words[index])])) });

/** Puts every thread of the process on one core. */
export function pin() {
  checked(pinAll(-1));
}

/** Counts system calls from now on, of this thread and those that it starts; where that isn't allowed, those with which threads wait are counted. */
export function countSystemCalls(tracepoint) {
  if (tracepoint > 0) countCalls(tracepoint);
}

/** Measures what happens until the returned function is called with the number of operations; that gives what they took. */
export function begin() {
  read(words);
  const before = result(0);
  return (operations) => {
    read(words);
    const after = result(operations);
    for (const name of COUNTS) after[name] -= before[name];
    return after;
  };
}

/** `operations` map upcalls, from `threads` native threads at once. */
export function mapCalls(device, threads, operations) {
  checked(calls['map-1'](device, threads, operations / threads, words));
  return result(operations);
}

/** `operations` map upcalls with `alive` pages mapped. */
export function mapBeside(device, alive, operations) {
  checked(calls['map-beside'](device, alive, operations, words));
  return result(operations);
}

/** `operations` pairs of an IOSurface mapping and its end. */
export function iosfcPairs(device, operations) {
  checked(calls.iosfc(device, operations, words));
  return result(operations);
}
