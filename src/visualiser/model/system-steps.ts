/**
 * What each event does to the state of its thread: a table from the names of events.
 *
 * Invariant: an event that isn't in the table does nothing; one that makes no sense leaves something out, and never anything behind for ever: what
 * can't be is taken away when that shows. A thread that notes when it takes a batch is busy until it notes that it waits again.
 */
import { MAX_SHOWN_WAITERS } from '../../base/limits.js';
import type { RecordingHeader } from '../../trace/recording/format.js';
import {
  answer,
  ask,
  type Counted,
  isWaiting,
  type Level,
  type Pending,
  take,
  type ThreadState,
  turn,
  VCPU,
  wait,
} from './system-thread.js';
import { type Finding, lasting } from './system-warnings.js';

/** An event, with its arguments in order, the first of which may be the number of a kind, and the second a message's id. */
export interface Happened extends Pending {
  readonly args: readonly [number, number, number, number];
  readonly machines: RecordingHeader['machines'];
  /** Told of what may be worth a warning, while a thread's events are read for the first time. */
  readonly found: ((finding: Finding) => void) | null;
}

export type Step = (state: ThreadState, event: Happened) => void;

/** Machines that live as long as the device: their states are shown. */
const LASTING: readonly string[] = ['lock', 'framePipeline', 'renderQueue', 'lifeCycle'];

/** Nothing keeps it inside PVG any more. */
function settle(state: ThreadState, { since }: Happened): void {
  turn(state, state.isInBatch ? 'busy' : isWaiting(state) ? 'waiting' : 'idle', since);
}

/** Something of the stack has ended, and with it what is nested inside. */
function end(state: ThreadState, what: Level['what'], id: number, event: Happened): void {
  const place = state.stack.findLastIndex((level) => level.what === what && level.id === id);
  if (place > 0) state.stack.length = place;
  else if (place === 0) release(state, event);
}

/** Nobody holds the BQL any more. */
function release(state: ThreadState, { found, since }: Happened): void {
  const [holder] = state.stack;
  if (holder === undefined) return;
  state.held += Math.max(0, since - holder.since);
  state.holds++;
  state.stack = [];
  state.isLent = false;
  found?.(lasting('bqlHeld', holder, since));
}

const enter =
  (kind: string): Step =>
  (state, { args: [id], since }) => {
    state.inside = { kind, id, since };
    turn(state, 'waiting', since);
  };

const leave: Step = (state, event) => {
  if (state.inside !== null && state.stack.length > 0 && !state.isLent)
    event.found?.(lasting('pvgEnteredWithBql', state.inside, event.since));
  state.inside = null;
  settle(state, event);
};

const move =
  (place: 2 | 3): Step =>
  (state, { args, machines }) => {
    const [number, instance] = args;
    const { name: machine = '', states = [] } = machines[number] ?? {};
    if (!LASTING.includes(machine)) return;
    const value = states[args[place]] ?? String(args[place]);
    if (machine === 'lock') state.isLent = value === 'lent' && state.stack.length > 0;
    const key = `${machine} ${instance}`;
    if (state.machines.has(key) || state.machines.size < MAX_SHOWN_WAITERS) state.machines.set(key, { machine, instance, state: value });
  };

const count =
  (what: Counted): Step =>
  ({ counts }) => {
    counts[what]++;
  };

const STEPS: Readonly<Record<string, Step>> = {
  agfx_batch_taken(state, { args: [messages], since }) {
    state.isInBatch = true;
    state.messages += messages;
    state.largestBatch = Math.max(state.largestBatch, messages);
    turn(state, 'busy', since);
  },
  agfx_batch_ended(state, event) {
    state.isInBatch = false;
    state.inside = null;
    settle(state, event);
  },
  agfx_message_taken(state, event) {
    const { args, kind } = event;
    const [, id, thread] = args;
    state.kind = kind;
    if (kind === 'access') ask(state, VCPU, event, true);
    if (thread === 0) return;
    // Upcalls that are answered have an id; a glyph's names its bitmap.
    const waits = id !== 0 && kind !== 'cursorGlyph';
    if (waits) state.counts.upcalls++;
    ask(state, thread, event, waits);
  },
  agfx_message_posted(state, { id, kind, since }) {
    if (kind === 'reply') answer(state, { kind: 'access', id }, since);
    if (kind === 'enterPvg') state.isEntering = true;
  },
  agfx_bh_scheduled: (state, event) => wait(state.bottomHalves, event),
  agfx_bh_began(state, event) {
    const { found, id, kind, since } = event;
    // A handler runs to its end before another begins, but for those inside its wait.
    while (state.stack.length > 0 && !isWaiting(state)) state.stack.pop();
    const scheduled = take(state.bottomHalves, event);
    if (scheduled !== undefined) found?.(lasting('bottomHalfStarved', scheduled, since));
    if (state.stack.length < MAX_SHOWN_WAITERS) state.stack.push({ what: 'bottomHalf', kind, id, since });
  },
  agfx_bh_ended(state, event) {
    answer(state, event, event.since);
    end(state, 'bottomHalf', event.id, event);
  },
  agfx_bql_requested: (state, event) => wait(state.sections, event),
  agfx_bql_taken(state, event) {
    const { id, kind, since } = event;
    take(state.sections, event);
    // A section runs only when nobody has the lock.
    state.stack = [{ what: 'section', kind, id, since }];
  },
  agfx_bql_released(state, event) {
    const [holder] = state.stack;
    if (holder !== undefined && !state.isEntering) answer(state, holder, event.since);
    state.isEntering = false;
    release(state, event);
  },
  agfx_bql_wait_began({ stack }, { args: [id], since }) {
    if (stack.length > 0 && stack.length < MAX_SHOWN_WAITERS) stack.push({ what: 'wait', kind: 'job', id, since });
  },
  agfx_bql_wait_ended: (state, event) => end(state, 'wait', event.args[0], event),
  agfx_job_began: enter('job'),
  agfx_job_ended: leave,
  agfx_encode_began: enter('frame'),
  agfx_encode_ended: leave,
  agfx_queue_began(state, { kind }) {
    state.kind = kind;
  },
  agfx_machine_started: move(2),
  agfx_machine_moved: move(3),
  agfx_traces_lost(_, { args: [amount], found, since }) {
    found?.({ kind: 'eventsLost', subject: 'pvg', from: since, at: since, amount });
  },
  apple_gfx_read: count('accesses'),
  apple_gfx_write: count('accesses'),
  apple_gfx_mmio_iosfc_read: count('accesses'),
  apple_gfx_mmio_iosfc_write: count('accesses'),
  apple_gfx_raise_irq: count('interrupts'),
  apple_gfx_iosfc_raise_irq: count('interrupts'),
  apple_gfx_new_frame: count('frames'),
};

/** By the numbers of a recording's events. */
export const stepsOf = ({ events }: RecordingHeader): readonly (Step | undefined)[] =>
  events.map(({ name }) => (Object.hasOwn(STEPS, name) ? STEPS[name] : undefined));
