/**
 * The device's machines as an inspector is told of them: actors, events and snapshots in @statelyai/inspect's protocol, out of a recording as it grows.
 *
 * Invariant: what is told of an instance is whole: it is announced, and then each of its moves in order. At most INSPECT_MAX_RATE messages a second are
 * told; instances that begin when there is no room are left out altogether, and those that have been announced are told on. Pure.
 */
import { INSPECT_MAX_RATE } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { readChart } from '../chart/check.js';
import { chartConfig } from './chart-config.js';

/** As the protocol has them; times are texts there. */
export type OutgoingMessage = Readonly<Record<string, unknown>>;

/** The device's own session, which is the parent of all. */
const ROOT = 'apple-gfx';
const VERSION = '0.7.2';
/** Instances that are told of at once; the oldest are let go. */
const MAX_INSTANCES = 4096;
const SECOND = 1e9;

export class DeviceInspection {
  private readonly read = new Map<ThreadLog, number>();
  /** Sessions of instances that were announced. */
  private readonly known = new Set<string>();
  private readonly definitions: readonly string[];
  private second = -1;
  private told = 0;
  /** Instances that were left out. */
  leftOut = 0;

  constructor(private readonly store: TraceStore) {
    this.definitions = (store.header?.machines ?? []).map(({ name, definition }) => {
      try {
        return JSON.stringify(definition === null ? { id: name } : chartConfig(readChart(definition)));
      } catch {
        return JSON.stringify({ id: name });
      }
    });
  }

  /** What there is to be said first: the device. */
  first(): OutgoingMessage {
    const { header } = this.store;
    const snapshot = { status: 'active', context: { revision: header?.revision, variant: header?.variant } };
    return { ...this.base(ROOT, this.store.now), type: '@xstate.actor', name: ROOT, definition: JSON.stringify({ id: ROOT }), snapshot };
  }

  /** What has happened since the last call. */
  advance(): readonly OutgoingMessage[] {
    const messages: OutgoingMessage[] = [];
    const [started, moved] = [this.store.eventNumber('agfx_machine_started'), this.store.eventNumber('agfx_machine_moved')];
    for (const log of this.store.threads) {
      for (let index = Math.max(log.first, this.read.get(log) ?? 0); index < log.end; index++) {
        const event = log.event(index);
        if (event !== started && event !== moved) continue;
        const move = event === moved ? log.arg(index, 2) : null;
        this.tell(messages, log, {
          time: log.time(index),
          machine: log.arg(index, 0),
          instance: log.arg(index, 1),
          move,
          state: log.arg(index, move === null ? 2 : 3),
        });
      }
      this.read.set(log, log.end);
    }
    return messages;
  }

  private tell(
    messages: OutgoingMessage[],
    log: ThreadLog,
    { time, machine, instance, move, state }: { time: number; machine: number; instance: number; move: number | null; state: number },
  ): void {
    const definition = this.store.header?.machines[machine];
    if (definition === undefined) return;
    const session = `${log.thread.index}.${definition.name}.${instance}`;
    const snapshot = { status: 'active', value: definition.states[state] ?? String(state), context: {} };
    const isNew = move === null || !this.known.has(session);
    if (isNew && !this.admits(time)) {
      this.known.delete(session);
      this.leftOut++;
      return;
    }
    if (isNew) {
      // One that was not seen to begin is announced where it is.
      const name = instance === 0 ? definition.name : `${definition.name} ${instance}`;
      const announced = {
        ...this.base(session, time),
        type: '@xstate.actor',
        name,
        parentId: ROOT,
        definition: this.definitions[machine],
        snapshot,
      };
      messages.push(announced);
      this.remember(session);
    }
    if (move === null) return;
    const event = { type: definition.events[move] ?? String(move) };
    messages.push({ ...this.base(session, time), type: '@xstate.event', event, sourceId: ROOT });
    messages.push({ ...this.base(session, time), type: '@xstate.snapshot', event, snapshot });
    this.told += 2;
  }

  private admits(time: number): boolean {
    const second = Math.floor(time / SECOND);
    if (second !== this.second) {
      this.second = second;
      this.told = 0;
    }
    return ++this.told <= INSPECT_MAX_RATE;
  }

  private remember(session: string): void {
    const [oldest] = this.known;
    if (this.known.size >= MAX_INSTANCES && oldest !== undefined) this.known.delete(oldest);
    this.known.add(session);
  }

  private base(sessionId: string, time: number): OutgoingMessage {
    const epoch = (this.store.header?.epochNanoseconds ?? 0) + (Number.isNaN(time) ? 0 : time);
    return { sessionId, rootId: ROOT, id: null, createdAt: String(Math.round(epoch / 1e6)), _version: VERSION };
  }
}
