/**
 * The board: what each thread does now, as the watchdog reads it.
 */
import { expect, it } from 'vitest';
import { MAX_BACKGROUND_WORKERS, MAX_WATCHED_VCPUS } from '../../src/base/limits.js';
import { Board } from '../../src/runtime/board.js';

it('shows others what a thread says it does, and a new count each time', () => {
  const mine = new Board();
  const theirs = new Board(mine.memory);
  mine.setBql(10, 'waiting', -4);
  const before = theirs.bql;
  expect(before).toMatchObject({ thread: 10, activity: 2, job: -4 });
  mine.setBql(10, 'waiting', -4);
  expect(theirs.bql.count).not.toBe(before.count);
  mine.setRender(11, 'inPvg');
  mine.setCreator(12);
  expect([theirs.render, theirs.creator]).toMatchObject([{ thread: 11, activity: 1 }, { thread: 12 }]);
});

it('gives each worker and each vCPU a line of its own, until there is none left', () => {
  const board = new Board();
  const workers = Array.from({ length: MAX_BACKGROUND_WORKERS }, (_, index) => board.claimWorker(100 + index));
  const vcpus = Array.from({ length: MAX_WATCHED_VCPUS }, (_, index) => board.claimVcpu(500 + index));
  expect(new Set([...workers, ...vcpus]).size).toBe(MAX_BACKGROUND_WORKERS + MAX_WATCHED_VCPUS);
  expect([board.claimWorker(1), board.claimVcpu(2)]).toEqual([null, null]);
  expect(board.workers).toHaveLength(MAX_BACKGROUND_WORKERS);
  board.leave(vcpus[3] ?? 0);
  expect(board.vcpus.map(({ thread }) => thread)).not.toContain(503);
  expect(board.claimVcpu(2)).toBe(vcpus[3]);
});

it('has a free worker as soon as one was started, which takes the line when it comes', () => {
  const board = new Board();
  board.expectWorker();
  board.expectWorker();
  expect(board.workers.map(({ activity }) => activity)).toEqual([0, 0]);
  const line = board.claimWorker(100) ?? 0;
  board.set(line, 7);
  expect(board.workers).toHaveLength(2);
  expect(board.workers.map(({ thread }) => thread)).toContain(100);
  board.claimWorker(101);
  board.claimWorker(102);
  expect(board.workers.map(({ thread }) => thread)).toEqual([100, 101, 102]);
});
