/**
 * The engine of Chrome DevTools' performance panel, which reads Chrome's traces there (@paulirish/trace_engine, published by its makers).
 *
 * It is the nearest thing to a published schema that the format has: its types say what an event may be, and its handlers pair what belongs together.
 * Invariant: events are given to it in the order of their times, as DevTools does.
 */
import * as Flows from '@paulirish/trace_engine/models/trace/handlers/FlowsHandler.js';
import * as Screenshots from '@paulirish/trace_engine/models/trace/handlers/ScreenshotsHandler.js';
import * as Helpers from '@paulirish/trace_engine/models/trace/helpers/helpers.js';
import * as Types from '@paulirish/trace_engine/models/trace/types/types.js';

type Event = Types.Events.Event;

export interface ChromeReading {
  /** Events that are not as the engine's types say. */
  readonly malformed: readonly unknown[];
  readonly flows: number;
  readonly screenshots: number;
  /** Begins of async events that have their ends. */
  readonly asyncPairs: number;
  readonly asyncTracks: number;
  readonly byCategory: Readonly<Record<string, number>>;
}

/** The engine knows instants as Chrome writes them, with `I`, which the format's description calls the old way of writing `i`. */
const PHASES: ReadonlySet<string> = new Set([...Object.values(Types.Events.Phase), 'i']);
const isWellFormed = (event: Event): boolean =>
  Types.Events.objectIsEvent(event) &&
  PHASES.has(event.ph) &&
  [event.ts, event.pid, event.tid].every((value) => Number.isFinite(value)) &&
  (event.ph !== Types.Events.Phase.COMPLETE || (event.dur ?? -1) >= 0);

export async function readChrome(trace: unknown): Promise<ChromeReading> {
  const { traceEvents } = trace as { traceEvents: Event[] };
  const events = [...traceEvents].sort((a, b) => a.ts - b.ts);
  Helpers.SyntheticEvents.SyntheticEventsManager.createAndActivate(events);
  Flows.reset();
  Screenshots.reset();
  for (const event of events) {
    Flows.handleEvent(event);
    Screenshots.handleEvent(event);
  }
  await Flows.finalize();
  await Screenshots.finalize();
  const asyncEvents = events.filter(({ ph }) => Types.Events.isNestableAsyncPhase(ph));
  const byCategory: Record<string, number> = {};
  for (const { cat } of events) byCategory[cat] = (byCategory[cat] ?? 0) + 1;
  return {
    malformed: events.filter((event) => !isWellFormed(event)),
    flows: Flows.data().flows.length,
    screenshots: Screenshots.data().legacySyntheticScreenshots?.length ?? 0,
    asyncPairs: pairs(asyncEvents),
    asyncTracks: new Set(asyncEvents.map((event) => (event as unknown as { id: string }).id)).size,
    byCategory,
  };
}

/** As stacks by category and id, as the format says of nestable events. */
function pairs(events: readonly Event[]): number {
  const stacks = new Map<string, string[]>();
  let count = 0;
  for (const event of events) {
    const key = `${event.cat} ${(event as unknown as { id: string }).id}`;
    const stack = stacks.get(key) ?? [];
    stacks.set(key, stack);
    if (event.ph === Types.Events.Phase.ASYNC_NESTABLE_START) stack.push(event.name);
    else if (event.ph === Types.Events.Phase.ASYNC_NESTABLE_END && stack.pop() === event.name) count++;
  }
  return [...stacks.values()].every((stack) => stack.length === 0) ? count : -1;
}
