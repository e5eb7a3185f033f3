/**
 * An event of a recording as the line that the device would have printed.
 *
 * Invariant: the line has the form that TRACE_FORMATS gives it, so import reads it back. What recordings don't keep of an event is written as
 * zero: the words of an IOSurface mapping but its address.
 */
import { TRACE_FORMATS, type TraceName } from '../../trace/events.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';

type Arguments = Record<string, unknown>;

/** Revisions whose line of an IOSurface mapping doesn't say whether it succeeded (device.md 8). */
const WITHOUT_SUCCESS: readonly string[] = ['bh', 'hardened'];

const isKnown = (name: string): name is TraceName => name in TRACE_FORMATS;

/** Name and arguments of an event. */
export function logLine(store: TraceStore, log: ThreadLog, index: number): string {
  const name = store.eventName(log.event(index));
  const args: Arguments = { ...store.argumentsOf(log, index) };
  const text = isKnown(name) ? (TRACE_FORMATS[name] as (args: unknown) => string)(complete(store, name, args)) : plain(args);
  return text === '' ? name : `${name} ${text}`;
}

function plain(args: Arguments): string {
  return Object.entries(args)
    .map(([field, value]) => `${field}=${String(value)}`)
    .join(' ');
}

/** Adds what the line has and the recording hasn't. */
function complete(store: TraceStore, name: TraceName, args: Arguments): Arguments {
  const { header } = store;
  switch (name) {
    case 'apple_gfx_common_init':
      return { ...args, name: `apple-gfx-${header?.variant ?? 'mmio'}` };
    case 'apple_gfx_iosfc_map_memory': {
      const success = WITHOUT_SUCCESS.includes(header?.revision ?? '') ? {} : { ok: args.address === 0 ? 0 : 1 };
      return { ...args, va: 0, e: 0, f: 0, ...success };
    }
    case 'apple_gfx_iosfc_unmap_memory':
      return { words: [] };
    case 'apple_gfx_iosfc_unmap_memory_region': {
      // A region that is counted has at least this mapping; where they aren't counted, neither number was noted.
      const { index, count, ...rest } = args;
      return count === 0 ? rest : { ...rest, index, count };
    }
    case 'agfx_machine_started':
    case 'agfx_machine_moved':
      return { ...args, machine: header?.machines[Number(args.machine)]?.name ?? args.machine };
    default:
      return args;
  }
}
