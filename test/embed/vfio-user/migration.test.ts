/**
 * The states of a migration: every order from every state, and the data that move; without a device.
 */
import { describe, expect, it } from 'vitest';
import { DirtyPages } from '../../../src/embed/vfio-user/dirty-pages.js';
import { Migration, MigrationState, type MigrationTarget } from '../../../src/embed/vfio-user/migration.js';
import { RequestError } from '../../../src/embed/vfio-user/protocol.js';

const { stop, running, stopCopy, resuming, preCopy } = MigrationState;

class Target implements MigrationTarget {
  readonly done: string[] = [];
  fails = '';

  stop(): Uint8Array {
    if (this.fails === 'stop') throw new RequestError(5, 'no');
    this.done.push('stop');
    return Uint8Array.of(1, 2, 3, 4, 5);
  }

  run(state: Uint8Array | null): void {
    if (this.fails === 'run') throw new RequestError(5, 'no');
    this.done.push(`run ${state === null ? 'new' : [...state].join('')}`);
  }
}

/** How each state is come to from `running`. */
const WAYS: Readonly<Record<number, readonly number[]>> = {
  [running]: [],
  [stop]: [stop],
  [stopCopy]: [stopCopy],
  [resuming]: [resuming],
  [preCopy]: [preCopy],
};

function at(state: number): { readonly migration: Migration; readonly target: Target } {
  const target = new Target();
  const migration = new Migration(target);
  for (const each of WAYS[state] ?? []) migration.go(each);
  expect(migration.state).toBe(state);
  target.done.length = 0;
  return { migration, target };
}

describe('a migration', () => {
  // From, to, what is done to the device on the way; null: it is refused. The shortest way, and none through a state in which data are read.
  it.each([
    [running, running, []],
    [running, stop, ['stop']],
    [running, stopCopy, ['stop']],
    [running, resuming, ['stop']],
    [running, preCopy, []],
    [stop, running, ['run 12345']],
    [stop, stopCopy, []],
    [stop, resuming, []],
    [stop, preCopy, ['run 12345']],
    [stopCopy, running, ['run 12345']],
    [stopCopy, stop, []],
    [stopCopy, resuming, []],
    [stopCopy, preCopy, null],
    [resuming, running, ['run new']],
    [resuming, stop, []],
    [resuming, stopCopy, []],
    [preCopy, running, []],
    [preCopy, stop, ['stop']],
    [preCopy, stopCopy, ['stop']],
    [running, 0, null],
    [running, 5, null],
    [running, 7, null],
    [stop, 99, null],
  ] as const)('from state %d to %d does %j', (from, to, done) => {
    const { migration, target } = at(from);
    if (done === null) expect(() => migration.go(to)).toThrow(RequestError);
    else migration.go(to);
    expect(target.done).toEqual(done ?? []);
    expect(migration.state).toBe(done === null ? from : to);
  });

  it('gives its data once, in pieces, where they may be read', () => {
    const { migration } = at(stopCopy);
    expect([3, 3, 3].map((room) => [...migration.take(room)])).toEqual([[1, 2, 3], [4, 5], []]);
    migration.go(stop);
    migration.go(stopCopy);
    expect([...migration.take(9)]).toEqual([1, 2, 3, 4, 5]);
    expect([...at(preCopy).migration.take(9)]).toEqual([]);
    for (const state of [running, stop, resuming]) expect(() => at(state).migration.take(1)).toThrow(RequestError);
  });

  it('goes on from the data that came, where they may be written', () => {
    const { migration, target } = at(resuming);
    migration.give(Uint8Array.of(7, 8));
    migration.give(Uint8Array.of(9));
    migration.go(running);
    expect(target.done).toEqual(['run 789']);
    for (const state of [running, stop, stopCopy, preCopy]) expect(() => at(state).migration.give(Uint8Array.of(1))).toThrow(RequestError);
  });

  it('that fails is an error until a reset, which makes a new device', () => {
    const { migration, target } = at(stop);
    target.fails = 'run';
    expect(() => migration.go(running)).toThrow(RequestError);
    expect(migration.state).toBe(MigrationState.error);
    expect(migration.isRunning).toBe(false);
    for (const to of [stop, running, stopCopy, resuming, preCopy]) expect(() => migration.go(to)).toThrow(RequestError);
    target.fails = '';
    migration.reset();
    expect([migration.state, target.done]).toEqual([running, ['run new']]);
  });

  it('that the client leaves goes on as the device was, or as a new one', () => {
    for (const [state, done] of [
      [running, []],
      [preCopy, []],
      [stop, ['run 12345']],
      [stopCopy, ['run 12345']],
      [resuming, ['run new']],
    ] as const) {
      const { migration, target } = at(state);
      migration.abandon();
      expect([state, migration.state, target.done]).toEqual([state, running, done]);
    }
  });
});

describe('dirty pages', () => {
  it('are told of once, in the pages that were asked for', () => {
    const pages = new DirtyPages(0x10_0000n, 0x2_0000n);
    pages.note(Uint8Array.of(0b0001_0001, 0, 0b1000_0000, 0x80));
    const take = (address: bigint, bytes: bigint, page: number): number[] => {
      const bitmap = new Uint8Array(Math.ceil(Number(bytes) / page / 8));
      pages.take(address, bytes, page, bitmap);
      return [...bitmap];
    };
    // The range begins 8 pages before the memory and ends within it; four pages make one.
    expect(take(0xf_8000n, 0x1_0000n, 0x4000)).toEqual([0b1100]);
    expect(take(0xf_8000n, 0x1_0000n, 0x4000)).toEqual([0]);
    expect(take(0x10_0000n, 0x2_0000n, 0x1000)).toEqual([0, 0, 0b1000_0000, 0x80]);
    expect(take(0x10_0000n, 0x2_0000n, 0x1000)).toEqual([0, 0, 0, 0]);
    expect(take(0x50_0000n, 0x1000n, 0x1000)).toEqual([0]);
  });
});
