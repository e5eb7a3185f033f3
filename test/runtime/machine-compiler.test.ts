/**
 * Tables by example: what a run shows, and what is refused with the machine, the state and the thing by name.
 */
import { describe, expect, it } from 'vitest';
import {
  type AnyStateMachine,
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  log,
  or,
  raise,
  sendTo,
  setup,
  spawnChild,
  stateIn,
} from 'xstate';
import { compileMachine } from '../../src/runtime/machine-run.js';
import { MachineDriver } from '../reference/machine-driver.js';

/** A machine of two states whose second is as given. */
const inner = (state: object): object => ({ id: 'm', initial: 'a', states: { a: {}, b: { initial: 'c', states: { c: state, d: {} } } } });
const compiled = (config: object): unknown => compileMachine(createMachine(config as never) as AnyStateMachine).values;

describe('a machine that a table can’t express is refused', () => {
  it.each<[string, object, string]>([
    ['an invocation', { invoke: { src: 'x' } }, 'machine m, state b.c: can\'t compile "invoke"'],
    ['a delay', { after: { 100: '#m.a' } }, 'machine m, state b.c: can\'t compile "after"'],
    ['a completion', { onDone: '#m.a' }, 'machine m, state b.c: can\'t compile "onDone"'],
    ['tags', { tags: 'slow' }, 'machine m, state b.c: can\'t compile "tags"'],
    ['raise', { entry: raise({ type: 'go' }) }, 'machine m, state b.c: can\'t compile the action "xstate.raise"'],
    ['sendTo', { exit: sendTo('x', { type: 'go' }) }, 'machine m, state b.c: can\'t compile the action "xstate.sendTo"'],
    ['emit', { on: { go: { actions: emit({ type: 'go' }) } } }, 'machine m, state b.c: can\'t compile the action "xstate.emit"'],
    ['enqueueActions', { entry: enqueueActions(() => {}) }, 'machine m, state b.c: can\'t compile the action "xstate.enqueueActions"'],
    ['spawnChild', { entry: spawnChild('x') }, 'machine m, state b.c: can\'t compile the action "xstate.spawnChild"'],
    ['cancel', { entry: cancel('x') }, 'machine m, state b.c: can\'t compile the action "xstate.cancel"'],
    ['log', { entry: log('x') }, 'machine m, state b.c: can\'t compile the action "xstate.log"'],
    ['an inline action', { entry: function shout() {} }, 'the inline action "shout", since actions have names here'],
    ['a guard that is not there', { on: { go: { guard: 'lost', target: 'd' } } }, 'machine m, state b.c: can\'t compile the guard "lost"'],
    ['one within another', { on: { go: { guard: and([or(['lost'])]), target: 'd' } } }, 'state b.c: can\'t compile the guard "lost"'],
    [
      'a state that is not there',
      { on: { go: { guard: stateIn({ b: 'x' }), target: 'd' } } },
      'the state "x", which does not exist in "b"',
    ],
    ['an id that is not there', { on: { go: { guard: stateIn('#x'), target: 'd' } } }, 'the target "#x", which does not exist'],
    ['a wildcard', { on: { '*': 'd' } }, 'machine m, state b.c: can\'t compile the event "*"'],
    ['an event of XState', { on: { 'xstate.done.state.m': 'd' } }, 'can\'t compile the event "xstate.done.state.m"'],
    [
      'history',
      { initial: 'e', states: { e: {}, h: { type: 'history' } } },
      'machine m, state b.c.h: can\'t compile a state of type "history"',
    ],
    ['an inner end', { type: 'final' }, "machine m, state b.c: can't compile a final state that is not the root’s"],
    ['a circle without an end', { always: 'd' }, "machine m, state b.c: can't compile eventless transitions that go round for ever"],
  ])('%s', (what, state, message) => {
    const config = inner(state) as { states: { b: { states: { d: object } } } };
    if (what.startsWith('a circle')) config.states.b.states.d = { always: 'c' };
    // The circle has to be reached; everything else is found wherever it is.
    const reached = what.startsWith('a circle') ? { ...config, initial: 'b' } : config;
    expect(() => compiled(reached)).toThrow(message);
  });

  it('a guard that is made of itself', () => {
    const machine = setup({ guards: { a: 'b', b: 'a' } as never }).createMachine({ id: 'm', on: { go: { guard: 'a' as never } } });
    expect(() => compileMachine(machine).values).toThrow('machine m, its root: can\'t compile the guard "a", which is made of itself');
  });

  it('more combinations of states than there may be', () => {
    const region = {
      initial: 's0',
      states: Object.fromEntries(Array.from({ length: 9 }, (_, s) => [`s${s}`, { on: { [`go${s}`]: `s${(s + 1) % 9}` } }])),
    };
    const states = Object.fromEntries(['a', 'b', 'c', 'd'].map((key) => [key, structuredClone(region)]));
    for (const [key, { states: inside }] of Object.entries(states)) {
      for (const state of Object.values(inside))
        state.on = Object.fromEntries(Object.entries(state.on).map(([event, to]) => [key + event, to]));
    }
    expect(() => compiled({ id: 'm', type: 'parallel', states })).toThrow(
      "machine m, its root: can't compile more than 4096 combinations of states",
    );
  });
});

const counter = setup({
  types: {
    context: {} as { count: number; budget: number },
    events: {} as { type: 'go'; by: number } | { type: 'stop' } | { type: 'spin' },
  },
  guards: {
    wrong: ({ event }) => {
      if (event.type === 'go' && event.by < 0) throw new TypeError('below 0');
      return false;
    },
    endless: ({ context }) => context.budget > 0,
  },
  actions: { note: () => {} },
}).createMachine({
  id: 'counter',
  context: { count: 0, budget: 0 },
  initial: 'on',
  states: {
    on: {
      initial: 'slow',
      states: {
        slow: {
          on: {
            go: [
              { guard: 'wrong', target: 'fast' },
              { target: 'fast', actions: ['note', assign({ count: ({ context, event }) => context.count + event.by })] },
            ],
          },
        },
        fast: {
          on: { spin: { actions: assign({ budget: 1 }) } },
          always: { guard: 'endless', target: 'fast', actions: assign({ count: 0 }) },
        },
      },
      on: { stop: '#counter.off' },
    },
    off: { type: 'final' },
  },
});

describe('a run', () => {
  it('shows state, value, context, effects and end', () => {
    const table = compileMachine(counter);
    const run = table.start();
    expect([run.value, run.matches('on'), run.matches({ on: 'slow' }), run.matches({ on: 'fast' }), run.done]).toEqual([
      { on: 'slow' },
      true,
      true,
      false,
      false,
    ]);
    expect(run.send({ type: 'go', by: 2 })).toEqual([{ type: 'note', params: undefined }]);
    expect([run.value, run.context, run.effects.length]).toEqual([{ on: 'fast' }, { count: 2, budget: 0 }, 1]);
    expect(run.value).toSatisfy(Object.isFrozen);
    run.send({ type: 'stop' });
    expect([run.value, run.done, run.matches('off'), run.matches({ on: 'slow' })]).toEqual(['off', true, true, false]);
    expect(table.events).toEqual(['stop', 'go', 'spin']);
    expect(table.values[run.state]).toBe('off');
  });

  it('is stored and goes on, and the run it was taken from is not disturbed', () => {
    const table = compileMachine(counter);
    const run = table.start();
    const before = run.snapshot;
    run.send({ type: 'go', by: 1 });
    const other = table.resume(before);
    other.send({ type: 'go', by: 5 });
    expect([run.context.count, other.context.count, table.resume(run.snapshot).value]).toEqual([1, 5, { on: 'fast' }]);
    expect(() => table.resume({ state: 99, context: before.context })).toThrow('counter has no state 99');
  });

  it('is as it was after a step that throws', () => {
    const run = compileMachine(counter).start();
    const before = run.snapshot;
    expect(() => run.send({ type: 'go', by: -1 })).toThrow('below 0');
    expect(run.snapshot).toEqual(before);
    run.send({ type: 'go', by: 1 });
    expect(run.value).toEqual({ on: 'fast' });
  });

  it('stops a machine that goes from state to state without an end', () => {
    const run = compileMachine(counter).start();
    run.send({ type: 'go', by: 1 });
    expect(() => run.send({ type: 'spin' })).toThrow('counter goes from state to state without an end');
    expect(run.value).toEqual({ on: 'fast' });
  });

  it('takes eventless transitions of several regions in the order in which their states were entered, as XState does', () => {
    const region = (key: string) => ({
      initial: 'a',
      states: {
        a: { on: { [key]: 'b' } },
        b: {
          always: {
            guard: ({ event }: { event: { type: string } }) => event.type === 'go',
            target: 'c',
            actions: { type: 'note', params: key },
          },
        },
        c: {},
      },
    });
    const machine = createMachine({ id: 'm', type: 'parallel', states: { x: region('x'), y: region('y') } } as never) as AnyStateMachine;
    const driver = new MachineDriver(machine);
    for (const order of ['xy', 'yx']) {
      const run = compileMachine(machine).start();
      let { snapshot } = driver.begin();
      for (const type of order) {
        run.send({ type });
        snapshot = driver.step(snapshot, { type }).snapshot;
      }
      const expected = driver.step(snapshot, { type: 'go' }).effects;
      expect(expected.map(({ params }) => params)).toEqual([...order]);
      expect(run.send({ type: 'go' })).toEqual(expected);
    }
  });

  it('takes an event that is made once in whichever table it is sent to, with what it carries at the time', () => {
    const counting = (before: object) => {
      const add = { actions: assign({ sum: ({ context, event }) => context.sum + event.by }) };
      return compileMachine(createMachine({ id: 'm', context: { sum: 0 }, on: { ...before, add } } as never) as AnyStateMachine);
    };
    // The event has another place among the events of each.
    const [first, second] = [counting({}), counting({ x: {}, y: {} })];
    const event = first.event('add', { by: 1 });
    const [run, other] = [first.start(), second.start()];
    run.send(event);
    event.by = 10;
    for (const each of [run, other, run, other]) each.send(event);
    expect([run.context, other.context]).toEqual([{ sum: 21 }, { sum: 20 }]);
  });
});
