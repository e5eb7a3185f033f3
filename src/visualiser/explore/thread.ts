/**
 * The thread that runs worlds for pages: one search at a time, in parts, and between them whatever else is asked.
 *
 * It is no bundle: worlds import the engine, and must find the one that runs them. Invariant: it answers each order once. What it can't do is end in the
 * middle of a part, so the service ends it (service.ts).
 */
import { parentPort } from 'node:worker_threads';
import { AppleGfxError, ArgumentError, describeError } from '../../base/errors.js';
import { WorldError } from '../../explorer/failure.js';
import { parseSchedule } from '../../explorer/schedule-text.js';
import { strategyNamed } from '../../explorer/strategies/index.js';
import type { World } from '../../explorer/world.js';
import { caseOfFault, caseOfSchedule, type Loaded } from './case.js';
import type { Inspector } from './fields.js';
import { PROGRESS_MS } from './limits.js';
import type { Order, Report, Task, WorldPlace } from './messages.js';
import { moveStep } from './mover.js';
import { NO_SEARCH, Searcher } from './searcher.js';

const clock = (): number => performance.now();
const send = (report: Report): void => parentPort?.postMessage(report);

let current: { readonly searcher: Searcher; readonly loaded: Loaded } | null = null;

parentPort?.on('message', ({ id, task }: Order) => {
  carryOut(task).then(
    (value) => send({ id, value }),
    (error: unknown) => {
      const isWrong = error instanceof AppleGfxError && !(error instanceof WorldError);
      send({ id, problem: describeError(error), isWrong });
    },
  );
});

async function carryOut(task: Task): Promise<unknown> {
  switch (task.do) {
    case 'search':
      return begin(task);
    case 'stop':
      current?.searcher.stop();
      return current?.searcher.status() ?? null;
    case 'open':
      return open(task.fault);
    case 'replay':
      return caseOfSchedule(await load(task.place), parseSchedule(task.schedule), task).view;
    case 'move':
      return moveStep(await load(task.place), parseSchedule(task.schedule), task);
  }
}

async function begin({ place, request, run }: Extract<Task, { do: 'search' }>): Promise<unknown> {
  current?.searcher.stop();
  const loaded = await load(place);
  const searcher = new Searcher(loaded.world, request, run, clock);
  current = { searcher, loaded };
  void goOn(searcher, run);
  return searcher.status();
}

/** Runs the parts of a search; messages are heard in between. */
async function goOn(searcher: Searcher, run: number): Promise<void> {
  let told = clock();
  try {
    while (!searcher.isOver) {
      await new Promise(setImmediate);
      if (searcher.isOver) break;
      searcher.part();
      if (clock() - told < PROGRESS_MS) continue;
      told = clock();
      if (!searcher.isOver) send({ status: searcher.status() });
    }
    send({ status: searcher.status() });
  } catch (error) {
    searcher.stop();
    const { request, world } = searcher;
    send({ status: { ...NO_SEARCH, run, request, world: world.name, phase: 'failed', problem: describeError(error) } });
  }
}

function open(number: number): unknown {
  if (current === null) throw new ArgumentError('fault: there was no search');
  const { searcher, loaded } = current;
  const fault = searcher.faults[number];
  if (fault === undefined) throw new ArgumentError(`fault: expected less than ${searcher.faults.length}, found ${number}`);
  const { strategy, seed } = searcher.request;
  const isSampled = strategyNamed(strategy)?.samples === true;
  return caseOfFault(loaded, fault, `found by ${strategy} in execution ${fault.execution}${isSampled ? `, seed ${seed}` : ''}`);
}

async function load({ source, inspector, module }: WorldPlace): Promise<Loaded> {
  const { [source.name]: exported } = (await import(source.module)) as Record<string, unknown>;
  const world = typeof exported === 'function' ? exported(...(source.arguments ?? [])) : exported;
  if (typeof world !== 'object' || world === null) throw new WorldError(`${source.module} exports no world ${source.name}`);
  const inspect = inspector === null ? null : ((await import(inspector.module)) as Record<string, unknown>)[inspector.name];
  return { world: world as World, inspect: typeof inspect === 'function' ? (inspect as Inspector) : null, module };
}
