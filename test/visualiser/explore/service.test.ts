/**
 * Running worlds for pages: what a page can ask for, what it is told, and what it can't do.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { exploreCatalogue, THREAD } from '../../../dist/src/cli/explore-catalogue.js';
import { STRATEGIES } from '../../../src/explorer/strategies/index.js';
import { REVISION_NAMES } from '../../../src/revisions/revision.js';
import { MAX_SCHEDULE } from '../../../src/visualiser/explore/limits.js';
import { type Catalogue, ExploreService, PROGRESS } from '../../../src/visualiser/explore/service.js';
import type { CaseView, RunView, SearchStatus, StatusView, Worlds } from '../../../src/visualiser/model/explore-protocol.js';
import { WORLDS } from '../../../src/worlds/index.js';

const services: ExploreService[] = [];
const kept: ExploreService[] = [];
afterAll(() => Promise.all(kept.map((service) => service.close())));
afterEach(() => Promise.all(services.splice(0).map((service) => service.close())));

interface Explorer {
  readonly service: ExploreService;
  readonly told: SearchStatus[];
  call<T>(method: string, params?: unknown): Promise<T>;
  /** What the search came to that runs. */
  ended(): Promise<StatusView>;
}

interface Options {
  readonly refusal?: string;
  readonly catalogue?: Catalogue;
  /** It is closed when the file is through, and not when a test is. */
  readonly keeps?: boolean;
}

function explorer({ refusal, catalogue = exploreCatalogue(), keeps = false }: Options = {}): Explorer {
  const told: SearchStatus[] = [];
  let wake = (): void => undefined;
  const publish = (topic: string, value: unknown): void => {
    expect(topic).toBe(PROGRESS);
    told.push(value as SearchStatus);
    wake();
  };
  const service = new ExploreService({ catalogue, thread: THREAD, refusal: refusal ?? null, publish });
  (keeps ? kept : services).push(service);
  const call = async <T>(method: string, params: unknown = {}): Promise<T> => (await service.methods.get(method)?.(params)) as T;
  const ended = async (): Promise<StatusView> => {
    for (;;) {
      const status = await call<StatusView>('explore.status');
      if (status.phase !== 'searching') return status;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { service, told, call, ended };
}

const SEARCH = { world: 'philosophers', revision: 'hardened', strategy: 'portfolio', seed: 1, executions: 1000, seconds: 60 };
const LOST = 's1/bank/alice:read.balance/bob:read.balance,write.balance/alice:write.balance';
const BANK = { world: 'bank', revision: 'hardened' };

/** A field's value behind a step. */
function valueAt({ fields, first, changes }: RunView, steps: number, owner: string, name: string): string | undefined {
  const field = fields.indexOf(`${owner} ${name}`);
  return changes.slice(0, steps).reduce((value, step) => step.find(([index]) => index === field)?.[1] ?? value, first[field]);
}

describe('what there is to run', () => {
  it('are the worlds, revisions and strategies of the command line, with what they are', async () => {
    const { call } = explorer();
    const worlds = await call<Worlds>('explore.worlds');
    expect(worlds.worlds.map(({ name, summary }) => [name, summary])).toEqual(WORLDS.map(({ name, summary }) => [name, summary]));
    expect(worlds.revisions.map(({ name }) => name)).toEqual(REVISION_NAMES);
    expect(worlds.strategies.map(({ name }) => name)).toEqual(STRATEGIES.map(({ name }) => name));
    const differs = (wanted: string) => worlds.worlds.find(({ name }) => name === wanted)?.differs;
    expect([differs('frames'), differs('bank')]).toEqual([true, false]);
    expect([worlds.refusal, worlds.defaults.world, worlds.status.said.title]).toEqual([null, 'philosophers', 'Run a world in every order']);
  });
});

describe('a search', () => {
  it('finds a fault, and says how far it was', async () => {
    const { call, ended, told } = explorer();
    const begun = await call<SearchStatus>('explore.start', SEARCH);
    expect([begun.phase, begun.run]).toEqual(['searching', 1]);
    const status = await ended();
    expect(status).toMatchObject({ phase: 'ended', verdict: 'fault', world: 'philosophers', executions: 23, states: null, done: 1 });
    expect(status.faults).toEqual([{ property: 'deadlock', message: 'philosopher 1 waits for fork 2, and so for itself', execution: 25 }]);
    // All have both forks in turn, or each has one.
    expect(status.discovered).toBe(2);
    expect(status.curve.at(-1)?.slice(1)).toEqual([23, 2]);
    expect(told.at(-1)).toEqual(status);
  });

  it('gives the case of its fault: steps, who waits, the race, and what passes', async () => {
    const { call, ended } = explorer();
    await call('explore.start', SEARCH);
    await ended();
    const { run, failure, race, passing, rows, said, command } = await call<CaseView>('explore.result', { fault: 0 });
    expect(failure?.property).toBe('deadlock');
    expect(run.steps.map(({ process, text, preempts, isMade }) => [run.processes[process], text, preempts, isMade])).toEqual([
      ['philosopher 0', 'lock fork 0', false, true],
      ['philosopher 2', 'lock fork 2', true, true],
      ['philosopher 1', 'lock fork 1', false, true],
      ['philosopher 0', 'waits: lock fork 1 (philosopher 1)', false, false],
      ['philosopher 1', 'waits: lock fork 2 (philosopher 2)', false, false],
      ['philosopher 2', 'waits: lock fork 0 (philosopher 0)', false, false],
    ]);
    expect([run.made, run.title, run.size]).toEqual([3, 'breaks deadlock', '3 steps, 1 preemption']);
    // The step by which philosopher 1 took what philosopher 0 waits for.
    expect(race).toEqual([2, 3]);
    // Both begin alike; what was not made has nothing beside it.
    expect(rows.slice(0, 3)).toEqual([
      [0, 0],
      [1, 1],
      [null, 2],
    ]);
    expect(rows.slice(-3)).toEqual([
      [3, null],
      [4, null],
      [5, null],
    ]);
    expect(run.state.map(([title, all]) => [title, all.map(([name]) => name)])).toEqual([
      ['', run.processes],
      ['shared', ['fork 0', 'fork 1', 'fork 2']],
    ]);
    expect([0, 1, 2, 3].map((steps) => valueAt(run, steps, 'shared', 'fork 1'))).toEqual(['free', 'free', 'free', 'philosopher 1']);
    expect([0, 3].map((steps) => valueAt(run, steps, 'philosopher 0', 'stands'))).toEqual(['can go on', 'waits']);
    expect(passing?.title).toBe('passes');
    expect(passing?.steps.slice(0, 2).map(({ text }) => text)).toEqual(['lock fork 0', 'lock fork 2']);
    expect([said.tone, said.title]).toEqual(['bad', 'philosophers breaks “deadlock”']);
    expect(said.lines).toContain('found by portfolio in execution 25, seed 1');
    expect(said.lines).toContain('1 preemption; all 6 schedules with none pass');
    expect(command).toBe(`npx apple-gfx replay ${run.schedule}`);
  });

  it('proves a world, with counts', async () => {
    const { call, ended } = explorer();
    await call('explore.start', { ...SEARCH, world: 'accesses', strategy: 'bfs' });
    const status = await ended();
    expect(status).toMatchObject({ phase: 'ended', verdict: 'proved', states: 303, discovered: 303, faults: [] });
    expect(status.coverage[0]).toBe('proved: all 303 states were seen; nothing can fail in this world');
    expect(status.said).toMatchObject({ tone: 'ok', title: 'Proved', lines: expect.arrayContaining([status.coverage[0]]) });
    expect(status.figures).toContainEqual(['states', '303']);
  });

  it('collects the first fault of each property when it is to go on', async () => {
    const { call, ended } = explorer();
    await call('explore.start', { ...SEARCH, world: 'reading', revision: 'sync', executions: 300, keepGoing: true });
    const { faults } = await ended();
    expect(faults.map(({ property }) => property)).toEqual(['P3', 'L2', 'deadlock']);
    const shown = await call<CaseView>('explore.result', { fault: 2 });
    expect(shown.said.lines).toContain('deadlock: bql › task › bql');
    // What is in the device is seen as well.
    expect([0, 5].map((steps) => valueAt(shown.run, steps, 'shared', 'bql'))).toEqual(['empty', 'access createTask']);
    expect([0, 2].map((steps) => valueAt(shown.run, steps, 'BQL', 'lock'))).toEqual(['free', 'held']);
  });

  it('keeps its bounds', async () => {
    const { call, ended } = explorer();
    await call('explore.start', { ...SEARCH, world: 'frames', strategy: 'random', executions: 700 });
    expect(await ended()).toMatchObject({ phase: 'ended', verdict: 'sampled', executions: 700 });
    await call('explore.start', { ...SEARCH, world: 'everything', strategy: 'dfs-states', executions: 2000 });
    const { states, verdict, coverage } = await ended();
    expect([states, verdict, coverage[0]]).toEqual([
      2000,
      'bounded',
      expect.stringMatching(/^bounded: the first 2000 states, depth first/),
    ]);
  });

  it('stops when it is told to, with what it has seen', async () => {
    const { call, told } = explorer();
    await call('explore.start', { ...SEARCH, world: 'everything', strategy: 'random', executions: 1_000_000 });
    while ((told.at(-1)?.executions ?? 0) === 0) await new Promise(setImmediate);
    const status = await call<SearchStatus>('explore.stop');
    expect(status).toMatchObject({ phase: 'stopped', verdict: 'sampled' });
    expect(status.executions).toBeGreaterThan(0);
    expect(status.curve.length).toBeGreaterThan(0);
    await expect(call<SearchStatus>('explore.stop')).resolves.toEqual(status);
  });

  it('is the only one: another begins when it is over', async () => {
    const { call } = explorer();
    await call('explore.start', { ...SEARCH, world: 'everything', strategy: 'random', executions: 1_000_000 });
    await expect(call('explore.start', SEARCH)).rejects.toThrow(/everything(@hardened)? is being searched: stop that first/);
    await call('explore.stop');
    expect((await call<SearchStatus>('explore.start', SEARCH)).run).toBe(2);
  });

  it('ends with the service, and is not begun again', async () => {
    const { call, service, ended } = explorer();
    await call('explore.start', { ...SEARCH, world: 'everything', strategy: 'random', executions: 1_000_000 });
    await service.close();
    expect(await ended()).toMatchObject({ phase: 'failed', problem: 'the explorer is closed' });
    await expect(call('explore.start', SEARCH)).rejects.toThrow('the explorer is closed');
  });
});

describe('an execution that is had again', () => {
  const { call, ended } = explorer({ keeps: true });

  it('makes the steps that the command line shows', async () => {
    const { run, failure, said, world } = await call<CaseView>('explore.replay', { ...BANK, schedule: LOST });
    const { stdout } = spawnSync(process.execPath, ['dist/src/cli/main.js', 'replay', LOST], { encoding: 'utf8' });
    // But for arrows, which not every font has.
    const lines = [...stdout.matchAll(/^ +\d+ [ !] (.+?)(?: {2}\(.*)?$/gm)].map(([, line]) => line?.replace('→', '›'));
    expect(run.steps.map(({ process, text }) => `${run.processes[process]}: ${text}`)).toEqual(lines);
    expect(stdout).toContain(`broken: "${failure?.property}": ${failure?.message}`);
    expect([world, run.schedule, failure?.property]).toEqual(['bank', LOST, 'no deposit is lost']);
    expect(said.lines).toContain('1 preemption; all 2 schedules with none pass');
  });

  it('is the same as the case it comes from', async () => {
    await call('explore.start', SEARCH);
    await ended();
    const found = await call<CaseView>('explore.result', { fault: 0 });
    const again = await call<CaseView>('explore.replay', { world: 'philosophers', revision: 'hardened', schedule: found.run.schedule });
    expect(again.run).toEqual(found.run);
    expect([again.passing, again.race, again.failure]).toEqual([found.passing, found.race, found.failure]);
  });

  it('breaks the property that is looked at, where it breaks several', async () => {
    const schedule = 's1/reading@sync/vcpu0:send.bql/bql:drain.bql,update.registers/vcpu1:send.bql/task:update.upcalls';
    const replay = (property?: string) => call<CaseView>('explore.replay', { world: 'reading', revision: 'sync', schedule, property });
    expect([(await replay()).failure?.property, (await replay('deadlock')).failure?.property]).toEqual(['P3', 'deadlock']);
  });

  it('of another revision says where it departs', async () => {
    const schedule = 's1/reading@sync/vcpu0:send.bql/bql:drain.bql,update.registers';
    const { failure, departures, world } = await call<CaseView>('explore.replay', { world: 'reading', revision: 'hardened', schedule });
    expect([world, failure]).toEqual(['reading@hardened', null]);
    expect(departures[0]).toMatch(/^behind step \d+: /);
  });
});

describe('a step that is moved', () => {
  const { call } = explorer({ keeps: true });
  const move = (step: number, by: number) => call<CaseView>('explore.move', { ...BANK, schedule: LOST, step, by });

  it('changes what comes of it', async () => {
    // Alice writes before Bob reads.
    const { move: came, run, failure } = await move(3, -2);
    expect(came).toMatchObject({ tone: 'ok', schedule: LOST, step: 3, by: -2, place: 2 });
    expect(came?.text).toBe(
      '2 places earlier: it passes: "no deposit is lost" is not broken; of 200 that begin so and go on at random, none fails',
    );
    expect(failure).toBeNull();
    expect(run.steps.map(({ process, text }) => `${run.processes[process]} ${text}`)).toEqual([
      'alice read balance › 100',
      'alice write balance = 110',
      'bob read balance › 110',
      'bob write balance = 130',
    ]);
  });

  it('or does not, which is said with what others come to that begin so', async () => {
    const { move: came } = await move(3, -1);
    expect([came?.tone, came?.text]).toEqual([
      'bad',
      '1 place earlier: it breaks "no deposit is lost", as before; of 200 that begin so and go on at random, 200 break "no deposit is lost"',
    ]);
  });

  it('breaks what held before', async () => {
    const schedule = 's1/bank/alice:read.balance,write.balance/bob:read.balance,write.balance';
    const { move: came } = await call<CaseView>('explore.move', { ...BANK, schedule, step: 2, by: -1 });
    expect([came?.tone, came?.text]).toEqual([
      'bad',
      expect.stringMatching(/^1 place earlier: it breaks "no deposit is lost", and did not before; of 200/),
    ]);
  });

  it('can be one that was only waited for', async () => {
    const schedule = 's1/philosophers/philosopher+0:lock.fork+0/philosopher+2:lock.fork+2/philosopher+1:lock.fork+1';
    const params = { world: 'philosophers', revision: 'hardened', schedule, step: 3 };
    const { move: came, run, departures } = await call<CaseView>('explore.move', { ...params, by: -1 });
    expect([came?.tone, came?.place, run.steps[2]?.text]).toEqual(['ok', 3, 'lock fork 1']);
    // What was made behind it is tried, and what was not made either is not.
    expect(departures).toEqual([
      "behind step 3: philosopher 1 can't go on, at lock fork 1: left out",
      'behind step 3: the text ends here, the world goes on without preemption',
    ]);
    // Where it stands it can't be made.
    expect((await call<CaseView>('explore.move', { ...params, by: 0 })).move?.place).toBe(0);
  });

  it('stays where it can go nowhere', async () => {
    const { move: came } = await move(0, -1);
    expect(came).toMatchObject({ tone: 'warn', by: 0, place: 1 });
    expect(came?.text).toMatch(/^it can't be moved: it needs every step before it; of 200/);
    await expect(move(4, 1)).rejects.toThrow('step: expected 0..3, found 4');
  });

  it('is the same one of several that are alike', async () => {
    const frames = { world: 'frames', revision: 'v5' };
    // What the text has is not there: the world goes on by itself.
    const { run } = await call<CaseView>('explore.replay', { ...frames, schedule: 's1/frames@v5/nobody:lock.nothing' });
    expect(run.steps.slice(0, 3).map(({ process, text }) => `${run.processes[process]} ${text}`)).toEqual(Array(3).fill('guest newFrame'));
    const { move: came } = await call<CaseView>('explore.move', { ...frames, schedule: run.schedule, step: 1, by: 0 });
    expect(came?.place).toBe(2);
  });

  it('goes as far as it can, and is asked for from there', async () => {
    expect((await move(3, -9)).move).toMatchObject({ by: -2, place: 2 });
  });
});

describe('what a page may not do', () => {
  const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
    ['explore.start', [], /explore\.start: parameters: expected an object, found \[\]/],
    ['explore.start', {}, /explore\.start: world: expected one of accesses, .*, found nothing/],
    ['explore.start', { ...SEARCH, world: '/etc/passwd' }, /world: expected one of .*, found "\/etc\/passwd"/],
    ['explore.start', { ...SEARCH, world: './bank.mjs' }, /world: expected one of/],
    ['explore.start', { ...SEARCH, world: { toString: 'bank' } }, /world: expected one of/],
    ['explore.start', { ...SEARCH, revision: 'v6' }, /revision: expected one of sync, .*, found "v6"/],
    ['explore.start', { ...SEARCH, strategy: 'luck' }, /strategy: expected one of portfolio, .*, found "luck"/],
    ['explore.start', { ...SEARCH, executions: 1e9 }, /executions: expected an integer, 1 to 5000000, found 1000000000/],
    ['explore.start', { ...SEARCH, seconds: 0.5 }, /seconds: expected an integer, 1 to 600, found 0\.5/],
    ['explore.start', { ...SEARCH, seed: -1 }, /seed: expected an integer, 0 to/],
    ['explore.start', { ...SEARCH, keepGoing: 'yes' }, /keepGoing: expected true or false, found "yes"/],
    ['explore.result', { fault: 0 }, /fault: there was no search/],
    ['explore.replay', { ...BANK, schedule: 7 }, /schedule: expected a text of at most 65536 characters, found 7/],
    ['explore.replay', { ...BANK, schedule: 'x'.repeat(MAX_SCHEDULE + 1) }, /schedule: expected a text of at most 65536 characters/],
    ['explore.replay', { ...BANK, schedule: 's1/bank/alice' }, /at character 8: expected PROCESS:OPERATION/],
    ['explore.replay', { ...BANK, schedule: 's1/frames@v5/a:lock.m' }, /schedule: expected one of bank, found one of frames/],
    ['explore.replay', { ...BANK, schedule: LOST, property: 7 }, /property: expected a text/],
    ['explore.replay', { ...BANK, schedule: LOST, cycleFrom: -1 }, /cycleFrom: expected an integer/],
    ['explore.move', { ...BANK, schedule: LOST, step: 0 }, /by: expected an integer, -1000 to 1000, found nothing/],
    ['explore.move', { ...BANK, schedule: LOST, step: 1e9, by: 1 }, /step: expected an integer, 0 to 2000/],
  ];

  it('ask for what there is not, or for more than there may be: it is told what was wrong', async () => {
    const { call } = explorer();
    for (const [method, params, text] of WRONG) await expect(call(method, params)).rejects.toThrow(text);
  });

  it('run anything where that is not allowed, but see what there is', async () => {
    const { call } = explorer({ refusal: 'not here' });
    expect((await call<Worlds>('explore.worlds')).refusal).toBe('not here');
    for (const method of ['start', 'stop', 'result', 'replay', 'move'])
      await expect(call(`explore.${method}`, { ...SEARCH, schedule: LOST })).rejects.toThrow('explore: not here');
  });

  it('have more wait than there is room for', async () => {
    const { call } = explorer();
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => call('explore.replay', { ...BANK, schedule: LOST })));
    const refused = all.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(24);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ message: 'explore: too many requests wait for the explorer' });
  });

  it('leave the explorer dead: a thread that dies is followed by another', async () => {
    const ours = exploreCatalogue();
    const missing = { source: { module: 'data:text/javascript,process.exit(3)', name: 'w' }, inspector: null };
    let isBroken = true;
    const place: Catalogue['place'] = (world, revision) => (isBroken ? missing : ours.place(world, revision));
    const { call } = explorer({ catalogue: { ...ours, place } });
    await expect(call('explore.replay', { ...BANK, schedule: LOST })).rejects.toThrow('the explorer has ended by itself');
    isBroken = false;
    await expect(call('explore.replay', { ...BANK, schedule: LOST })).resolves.toMatchObject({ world: 'bank' });
  });
});
