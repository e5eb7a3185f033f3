/**
 * The system view of recordings that tests make, and one of a guest's write.
 */
import { expect } from 'vitest';
import { SystemModel } from '../../../src/visualiser/model/system.js';
import type { SystemView } from '../../../src/visualiser/model/system-types.js';
import { type Entry, Recorded } from './recording.js';

/** A microsecond of a recording. */
export const US = 1000;

/** What a model shows of a recording at a moment, or at its end. */
export function viewOf(recorded: Recorded, microseconds: number | null = null, options = {}): SystemView {
  const model = new SystemModel(recorded.store, { window: 1000 * US, ...options });
  expect(model.advance()).toBe(true);
  return model.at(microseconds === null ? null : US * microseconds);
}

export const actor = (view: SystemView, key: string) => view.actors.find((each) => each.key === key);
export const warnings = (view: SystemView): string[] => view.warnings.map(({ text }) => text);

/** A guest's write: its section waits for job 1, inside which PVG maps memory, in a bottom half that waits for job 2. */
export const WRITE: readonly Entry[] = [
  ['bql', 100, 'agfx_batch_taken', 1],
  ['bql', 100, 'agfx_message_taken', 'access', 41, 0, 0x1024],
  ['bql', 101, 'agfx_bql_requested', 'access', 41, 0],
  ['bql', 102, 'agfx_bql_taken', 'access', 41, 0],
  ['bql', 103, 'agfx_job_submitted', 1, 0],
  ['bql', 104, 'agfx_bql_wait_began', 1, 1],
  ['bql', 110, 'agfx_batch_ended'],
  ['worker', 120, 'agfx_batch_taken', 1],
  ['worker', 120, 'agfx_message_taken', 'job', 1, 0, 0],
  ['worker', 130, 'agfx_job_began', 1],
  ['bql', 200, 'agfx_batch_taken', 2],
  ['bql', 200, 'agfx_message_taken', 'mapMemory', 9, 7, 0],
  ['bql', 200, 'agfx_message_taken', 'access', 42, 0, 0x1028],
  ['bql', 201, 'agfx_bh_scheduled', 'mapMemory', 9, 1],
  ['bql', 202, 'agfx_bql_requested', 'access', 42, 1],
  ['bql', 203, 'agfx_bh_began', 'mapMemory', 9, 1],
  ['bql', 205, 'agfx_bql_wait_began', 2, 2],
  ['bql', 210, 'agfx_batch_ended'],
  ['bql', 300, 'agfx_batch_taken', 1],
  ['bql', 301, 'agfx_bql_wait_ended', 2, 2],
  ['bql', 310, 'agfx_bh_ended', 'mapMemory', 9, 1],
  ['bql', 320, 'agfx_batch_ended'],
  ['worker', 400, 'agfx_job_ended', 1, 1],
  ['worker', 410, 'agfx_batch_ended'],
  ['bql', 420, 'agfx_batch_taken', 1],
  ['bql', 421, 'agfx_bql_wait_ended', 1, 1],
  ['bql', 422, 'agfx_message_posted', 'reply', 41, 99],
  ['bql', 423, 'agfx_bql_released'],
  ['bql', 424, 'agfx_bql_taken', 'access', 42, 0],
  ['bql', 430, 'agfx_message_posted', 'reply', 42, 99],
  ['bql', 440, 'agfx_bql_released'],
  ['bql', 450, 'agfx_batch_ended'],
];

export const write = (): Recorded => new Recorded().events(...WRITE);
