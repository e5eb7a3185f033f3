/**
 * A recording for tests of Timeline and Sequence: accesses whose every moment is known, each with one upcall inside.
 */
import { encodeEnd } from '../../dist/src/trace/recording/encoder.js';
import { MAGIC } from '../../dist/src/trace/recording/format.js';
import { KINDS, MAILBOX, type TestEvent, TestRecording, VCPU_MAILBOX } from '../visualiser/model/recorded.js';

/** When the n-th access (from 1 on) begins, in nanoseconds. */
export const accessAt = (n: number): number => 1_000_000_000 + n * 1_000_000;

/** A recording of so many accesses; each takes 560 microseconds of its millisecond. The last one is left open if it is to be. */
export function accesses(count: number, { isOpen = false } = {}): TestRecording {
  const recording = new TestRecording();
  const bql = recording.thread('bql');
  const background = recording.thread('background-queue');
  recording.thread('pvg', { name: 'pvg-task', number: 9 });
  for (let n = 1; n <= count; n++) {
    const at = (microseconds: number): number => accessAt(n) + 1000 * microseconds;
    const first: TestEvent[] = [
      [at(0), 'agfx_batch_taken', 1],
      [at(10), 'agfx_message_taken', KINDS.access, n, 0, 0x1000],
      [at(10), 'agfx_machine_moved', 0, 0, 0, 1],
      [at(20), 'agfx_bql_taken', KINDS.access, n, 0],
      [at(30), 'agfx_job_submitted', n, 0],
      [at(40), 'agfx_message_posted', KINDS.job, n, MAILBOX['background-queue']],
      [at(50), 'agfx_bql_wait_began', n, 1],
      [at(60), 'agfx_batch_ended'],
    ];
    const rest: TestEvent[] = [
      [at(200), 'agfx_batch_taken', 1],
      [at(210), 'agfx_message_taken', KINDS.mapMemory, 7, 9, 0],
      [at(220), 'agfx_bh_began', KINDS.mapMemory, 7, n],
      [at(260), 'agfx_bh_ended', KINDS.mapMemory, 7, n],
      [at(270), 'agfx_batch_ended'],
      [at(500), 'agfx_batch_taken', 1],
      [at(510), 'agfx_message_taken', KINDS.jobDone, n, 0, 0],
      [at(520), 'agfx_bql_wait_ended', n, 1],
      [at(530), 'agfx_job_completed', n, 1],
      [at(540), 'agfx_message_posted', KINDS.reply, n, VCPU_MAILBOX],
      [at(545), 'agfx_machine_moved', 0, 0, 0, 0],
      [at(550), 'agfx_bql_released'],
      [at(560), 'agfx_batch_ended'],
    ];
    const isLast = isOpen && n === count;
    recording.events(bql, isLast ? first : [...first, ...rest]);
    if (isLast) break;
    recording.events(background, [
      [at(100), 'agfx_batch_taken', 1],
      [at(105), 'agfx_message_taken', KINDS.job, n, 0, 0],
      [at(110), 'agfx_job_began', n],
      [at(400), 'agfx_job_ended', n, 1],
      [at(410), 'agfx_message_posted', KINDS.jobDone, n, MAILBOX.bql],
      [at(420), 'agfx_batch_ended'],
    ]);
    recording.samples(at(600), [n % 3, 10 * n]);
  }
  return recording;
}

/** The same as a file's bytes. */
export function fileOf(recording: TestRecording): Buffer {
  const end = encodeEnd({ nanoseconds: recording.store.now, reason: 'done', statistics: {} });
  return Buffer.concat([MAGIC, ...recording.bytes, end]);
}
