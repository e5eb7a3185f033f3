/**
 * What a device's threads do at this moment, for `x-agfx-query-actors`, `-jobs` and `-queues`.
 *
 * Invariant: nothing is kept here. Actors and jobs are of the board, which is looked at without asking anybody, so that a device whose threads are
 * stuck tells too; queues are asked of the actors, who may be too busy to answer in time.
 */
import type { ActorName } from '../../../actors/supervisor.js';
import { messageName } from '../../../actors/messages.js';
import type { Device } from '../../device.js';
import { Board, BQL_STATES, RENDER_STATES, VCPU_STATES } from '../../runtime/board.js';
import { QmpError } from './protocol.js';

/** How long an actor may take to tell of itself, in milliseconds. */
const ANSWER_MS = 1000;

const boardOf = (device: Device): Board => new Board(device.internals.wiring.board);

/** An actor's own account of itself. Rejects with QmpError if it doesn't come. */
export async function inspect(device: Device, name: ActorName): Promise<Readonly<Record<string, unknown>>> {
  if (device.lifeCycle === 'closed' || device.lifeCycle === 'closing') throw new QmpError('GenericError', 'the device is closed');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, ANSWER_MS, new QmpError('GenericError', `the ${name} actor did not answer within ${ANSWER_MS} ms`));
  });
  try {
    return await Promise.race([device.internals.inspect(name), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Each thread of the device: its number, and what it does. */
export function queryActors(device: Device): object {
  const { bql, render, creator, workers, vcpus, deadlock } = boardOf(device);
  const actors: object[] = [{ name: 'bql', thread: bql.thread, state: BQL_STATES[bql.activity] }];
  if (device.internals.has('render-queue'))
    actors.push({ name: 'render-queue', thread: render.thread, state: RENDER_STATES[render.activity] });
  for (const { thread, activity } of workers) {
    // A worker that was started, and has not come yet, has no number.
    actors.push({
      name: 'background-worker',
      ...(thread > 0 && { thread }),
      state: thread > 0 ? (activity === 0 ? 'idle' : 'busy') : 'starting',
    });
  }
  for (const { thread, activity } of vcpus) actors.push({ name: 'vcpu', thread, state: VCPU_STATES[activity] });
  actors.push({ name: 'creator', thread: creator.thread });
  return { 'life-cycle': device.lifeCycle, actors, ...(deadlock !== null && { deadlock }) };
}

/** The jobs that are carried out now, by whom, and the one that the BQL's innermost wait is for. */
export function queryJobs(device: Device): readonly object[] {
  const { bql, workers } = boardOf(device);
  const carried = workers.filter(({ thread, activity }) => thread > 0 && activity !== 0);
  const jobs = carried.map(({ thread, activity }) => ({ job: activity, thread, 'waited-for': activity === bql.job }));
  const isElsewhere = bql.job !== 0 && !carried.some(({ activity }) => activity === bql.job);
  return isElsewhere ? [...jobs, { job: bql.job, 'waited-for': true }] : jobs;
}

/** What waits for the BQL, in its order, and what the render queue tells of itself. */
export async function queryQueues(device: Device): Promise<object> {
  const names = (kinds: unknown): readonly string[] => (Array.isArray(kinds) ? kinds.map((kind) => messageName(Number(kind))) : []);
  const { bottomHalves, sections, nestedWaits, held, frames } = await inspect(device, 'bql');
  const bql = { held, 'bottom-halves': names(bottomHalves), sections: names(sections), 'nested-waits': nestedWaits, frames };
  if (!device.internals.has('render-queue')) return { bql };
  return { bql, 'render-queue': await inspect(device, 'render-queue') };
}
