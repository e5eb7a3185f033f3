/**
 * The device's machines as those who check traces see them: what may follow on what, whatever a machine's context is.
 *
 * Invariant: a move that any context and any content of the event make possible is allowed; there are few of either, so all are tried.
 */
import { MACHINES, type NamedMachine } from '../../actors/machines.js';
import type { MachineName } from '../trace/events.js';
import { recordedCharts } from './machine-charts.js';
import type { CheckedMachine } from '../visualiser/convert/check-parts.js';

/** Every combination of true and false for some names. */
function flags(...names: readonly string[]): readonly object[] {
  return Array.from({ length: 2 ** names.length }, (_, bits) =>
    Object.fromEntries(names.map((name, bit) => [name, ((bits >> bit) & 1) === 1])),
  );
}
const WAIT = { job: 1, depth: 1, outer: null };

/** All contexts that a machine's guards can tell apart. */
const CONTEXTS: Readonly<Record<MachineName, readonly object[]>> = {
  lock: [{ wait: null }, { wait: WAIT }],
  mmioJob: [1, 2].flatMap((halves) => flags('posted').map((posted) => ({ halves, ...posted }))),
  mappingJob: [{}],
  framePipeline: flags('insideUpdate', 'countsRefusals', 'restartsAfterRefusal', 'answersEveryUpdate'),
  renderQueue: [{}],
  lifeCycle: [{}],
};
/** What events say that guards look at. */
const CONTENTS: readonly object[] = [
  { shown: true, job: 1 },
  { shown: false, job: 1 },
];

function checked({ name, table }: NamedMachine, chart: unknown): CheckedMachine {
  const { events, values } = table;
  const ends = new Map<string, ReadonlySet<number>>();
  const endsOf = (before: number, event: number): ReadonlySet<number> => {
    const key = `${before} ${event}`;
    const known = ends.get(key) ?? reached(before, events[event] ?? '');
    ends.set(key, known);
    return known;
  };
  const reached = (state: number, type: string): ReadonlySet<number> =>
    new Set(
      CONTEXTS[name].flatMap((context) =>
        CONTENTS.map((content) => {
          const run = table.resume({ state, context });
          run.send({ type, ...content });
          return run.state;
        }),
      ),
    );
  return {
    name,
    recorded: { name, events, states: values, definition: chart },
    isFirst: (state) => CONTEXTS[name].some((input) => table.start(input).state === state),
    mayMove: (before, event, state) => before in values && event in events && endsOf(before, event).has(state),
    start() {
      const run = table.start(undefined);
      return {
        get state() {
          return run.state;
        },
        send(event) {
          const { state } = run;
          return run.send({ type: event, shown: true }).length > 0 || run.state !== state;
        },
      };
    },
  };
}

/** All machines of the device. */
export function checkedMachines(): readonly CheckedMachine[] {
  const chartOf = recordedCharts();
  return MACHINES.map((machine) => checked(machine, chartOf(machine)));
}
