/**
 * What a recording says as spans: exactly, on small examples.
 */
import { describe, expect, it } from 'vitest';
import { SpanModel } from '../../../dist/src/visualiser/model/spans.js';
import { KINDS, MAILBOX, TestRecording, VCPU_MAILBOX } from './recorded.js';
import { arrowsOf, said } from './said.js';

const updated = (recording: TestRecording): SpanModel => {
  const model = new SpanModel();
  model.update(recording.store);
  return model;
};

describe('a write that maps memory', () => {
  const recording = new TestRecording();
  const bql = recording.thread('bql');
  const background = recording.thread('background-queue', { name: 'background-queue 1' });
  recording.thread('pvg', { name: 'pvg control', number: 9 });
  recording.events(bql, [
    [100, 'agfx_batch_taken', 1],
    [110, 'agfx_message_taken', KINDS.access, 1, 0, 0x1000],
    [120, 'agfx_bql_taken', KINDS.access, 1, 0],
    [130, 'agfx_machine_started', 1, 1, 0],
    [140, 'agfx_job_submitted', 7, 0],
    [150, 'agfx_message_posted', KINDS.job, 7, MAILBOX['background-queue']],
    [160, 'agfx_bql_wait_began', 7, 1],
    [170, 'agfx_batch_ended'],
    [300, 'agfx_batch_taken', 1],
    [310, 'agfx_message_taken', KINDS.mapMemory, 5, 9, 0],
    [320, 'agfx_bh_began', KINDS.mapMemory, 5, 7],
    [330, 'apple_gfx_map_memory', 1, 1, 0, 0],
    [340, 'agfx_bh_ended', KINDS.mapMemory, 5, 7],
    [350, 'agfx_batch_ended'],
    [500, 'agfx_batch_taken', 1],
    [510, 'agfx_message_taken', KINDS.jobDone, 7, 0, 0],
    [520, 'agfx_bql_wait_ended', 7, 1],
    [530, 'agfx_job_completed', 7, 1],
    [535, 'agfx_machine_moved', 1, 1, 1, 2],
    [540, 'agfx_message_posted', KINDS.reply, 1, VCPU_MAILBOX],
    [550, 'agfx_bql_released'],
    [560, 'agfx_batch_ended'],
  ]);
  recording.events(background, [
    [200, 'agfx_batch_taken', 1],
    [205, 'agfx_message_taken', KINDS.job, 7, 0, 0],
    [210, 'agfx_job_began', 7],
    [400, 'agfx_job_ended', 7, 1],
    [410, 'agfx_message_posted', KINDS.jobDone, 7, MAILBOX.bql],
    [420, 'agfx_batch_ended'],
  ]);
  const model = updated(recording);

  it('is spans of the threads, of who has the BQL, of the processor and of PVG', () => {
    expect(said(model)).toEqual([
      'bql/0 batch batch 1 100-170',
      'bql/0 batch batch 1 300-350',
      'bql/0 batch batch 1 500-560',
      'bql/1 section access 1 120-550',
      'bql/2 wait wait 7 160-520',
      'bql/3 bh mapMemory 5 320-340',
      'bql/4 event apple_gfx_map_memory 1 330-330',
      'background-queue 1/0 batch batch 1 200-420',
      'background-queue 1/1 job job 7 210-400',
      'pvg control/0 upcall mapMemory 5 310-340',
      'vcpu/0 access access 1 110-540',
      'BQL/0 hold access 1 120-550',
      'BQL/1 wait wait 7 160-520',
      'mmioJob/0 instance completed 1 130-535',
    ]);
  });

  it('is arrows from who sent to who took, and back', () => {
    expect(arrowsOf(model).sort()).toEqual([
      'access access 1: vcpu 110 → bql 110',
      'answer mapMemory 5: bql 340 → pvg control 340',
      'message job 7: bql 150 → background-queue 1 205',
      'message jobDone 7: background-queue 1 410 → bql 510',
      'reply reply 1: bql 540 → vcpu 540',
      'upcall mapMemory 5: pvg control 310 → bql 310',
    ]);
  });

  it('is a job with its moments, who submitted and who carried it', () => {
    expect(model.jobs.of(7)).toEqual({
      job: 7,
      cause: 0,
      times: [140, 210, 400, 530],
      submitter: 0,
      carrier: 1,
      failed: false,
      handler: model.names.of('access'),
      handlerId: 1,
    });
    expect(model.jobs.of(8)).toBeNull();
  });

  it('says from when to when it goes', () => {
    expect([model.start, model.end]).toEqual([100, 560]);
  });
});

describe('what has not ended', () => {
  it('is open, and ends when more has come', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    recording.events(bql, [
      [10, 'agfx_bql_taken', KINDS.access, 3, 0],
      [20, 'agfx_bql_wait_began', 9, 1],
    ]);
    const model = updated(recording);
    expect(said(model)).toEqual([
      'bql/1 section access 3 10-',
      'bql/2 wait wait 9 20-',
      'BQL/0 hold access 3 10-',
      'BQL/1 wait wait 9 20-',
    ]);
    expect(model.update(recording.store)).toBe(false);
    recording.events(bql, [[50, 'agfx_bql_wait_ended', 9, 1]]);
    expect(model.update(recording.store)).toBe(true);
    expect(said(model)).toEqual([
      'bql/1 section access 3 10-',
      'bql/2 wait wait 9 20-50',
      'BQL/0 hold access 3 10-',
      'BQL/1 wait wait 9 20-50',
    ]);
  });
});

describe('events that are missing', () => {
  it('cut what was open when they were lost', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    recording.events(bql, [
      [10, 'agfx_batch_taken', 1],
      [11, 'agfx_bh_began', KINDS.newFrame, 0, 0],
    ]);
    const model = updated(recording);
    recording.events(bql, [[90, 'agfx_batch_taken', 2]], 5);
    model.update(recording.store);
    expect(said(model)).toEqual([
      'bql/0 batch batch 1 10-90 cut',
      'bql/0 batch batch 2 90-',
      'bql/1 bh newFrame 0 11-90 cut',
      'BQL/0 hold newFrame 0 11-90 cut',
    ]);
  });

  it('are seen by what can’t be: a second handler without a wait, a section inside of another', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    recording.events(bql, [
      [10, 'agfx_bh_began', KINDS.newFrame, 0, 0],
      [20, 'agfx_bh_began', KINDS.mapMemory, 4, 0],
      [30, 'agfx_bql_taken', KINDS.access, 1, 0],
      [40, 'agfx_bql_wait_began', 5, 1],
      [50, 'agfx_bql_taken', KINDS.access, 2, 0],
      [60, 'agfx_bql_released'],
      [70, 'agfx_bh_ended', KINDS.newFrame, 0, 0],
    ]);
    expect(said(updated(recording)).filter((line) => line.startsWith('bql'))).toEqual([
      'bql/1 bh newFrame 0 10-20 cut',
      'bql/1 bh mapMemory 4 20-30 cut',
      'bql/1 section access 1 30-50 cut',
      'bql/1 section access 2 50-60',
      'bql/2 wait wait 5 40-50 cut',
    ]);
  });

  it('draw no arrow from a post to another message of its kind', () => {
    const recording = new TestRecording();
    const [bql, background] = [recording.thread('bql'), recording.thread('background-queue')];
    recording.events(background, [[10, 'agfx_message_posted', KINDS.kick, 0, MAILBOX.bql]]);
    recording.events(bql, [[20, 'agfx_batch_taken', 0]], 3);
    recording.events(background, [[1_000_000, 'agfx_message_posted', KINDS.kick, 0, MAILBOX.bql]]);
    recording.events(bql, [[1_000_010, 'agfx_message_taken', KINDS.kick, 0, 0, 0]]);
    expect(arrowsOf(updated(recording))).toEqual(['message kick 0: background-queue 1000000 → bql 1000010']);
    const whole = new TestRecording();
    const [other, poster] = [whole.thread('bql'), whole.thread('background-queue')];
    // Taken before it was posted: that one's own post is missing.
    whole.events(other, [
      [100, 'agfx_message_taken', KINDS.kick, 0, 0, 0],
      [2_000_000, 'agfx_message_taken', KINDS.kick, 0, 0, 0],
    ]);
    whole.events(poster, [[1_000_000, 'agfx_message_posted', KINDS.kick, 0, MAILBOX.bql]]);
    expect(arrowsOf(updated(whole))).toEqual(['message kick 0: background-queue 1000000 → bql 2000000']);
  });
});

describe('messages of actors', () => {
  it('are theirs though they are posted on one of PVG’s threads', () => {
    const recording = new TestRecording();
    const [bql, background] = [recording.thread('bql'), recording.thread('background-queue')];
    recording.events(background, [[10, 'agfx_message_posted', KINDS.jobDone, 3, MAILBOX.bql]]);
    recording.events(bql, [[20, 'agfx_message_taken', KINDS.jobDone, 3, 9, 0]]);
    expect(arrowsOf(updated(recording))).toEqual(['message jobDone 3: background-queue 10 → bql 20']);
  });

  it('that tell that an access has come back from PVG do so even after its reply', () => {
    const recording = new TestRecording();
    recording.events(recording.thread('bql'), [
      [1, 'agfx_message_taken', KINDS.access, 1, 0, 0],
      [2, 'agfx_message_posted', KINDS.enterPvg, 40, VCPU_MAILBOX],
      [3, 'agfx_message_posted', KINDS.reply, 1, VCPU_MAILBOX],
      [4, 'agfx_message_taken', KINDS.accessReturned, 40, 5, 0],
    ]);
    expect(arrowsOf(updated(recording))).toContain('access accessReturned 40: vcpu 4 → bql 4');
  });
});

describe('machines', () => {
  it('that stay have a lane each, with a span for each state; regions are read in one line', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    recording.events(bql, [
      [1, 'agfx_machine_started', 2, 0, 0],
      [5, 'agfx_machine_moved', 2, 0, 0, 1],
      [6, 'agfx_machine_moved', 2, 0, 0, 1],
      [9, 'agfx_machine_moved', 2, 0, 0, 0],
      [9, 'agfx_machine_started', 2, 1, 1],
    ]);
    expect(said(updated(recording))).toEqual([
      'framePipeline 0/0 state pipeline.idle freshness.stale 0 1-5',
      'framePipeline 0/0 state pipeline.rendering.single freshness.stale 0 5-9',
      'framePipeline 0/0 state pipeline.idle freshness.stale 0 9-',
      'framePipeline 1/0 state pipeline.rendering.single freshness.stale 1 9-',
    ]);
  });

  it('that come and go share a lane, side by side, called by how they ended', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    recording.events(bql, [
      [1, 'agfx_machine_started', 1, 1, 0],
      [2, 'agfx_machine_started', 1, 2, 0],
      [3, 'agfx_machine_moved', 1, 1, 0, 3],
      [4, 'agfx_machine_started', 1, 3, 0],
      [5, 'agfx_machine_moved', 1, 2, 0, 2],
    ]);
    expect(said(updated(recording))).toEqual([
      'mmioJob/0 instance failed 1 1-3 failed',
      'mmioJob/0 instance queued 3 4-',
      'mmioJob/1 instance completed 2 2-5',
    ]);
  });
});

describe('processors', () => {
  it('are told apart by their tokens and by where their replies go', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    recording.events(bql, [
      [1, 'agfx_message_taken', KINDS.access, 1, 0, 0],
      [2, 'agfx_message_taken', KINDS.access, 1, 0, 0],
      [3, 'agfx_message_posted', KINDS.reply, 1, 71],
      [4, 'agfx_message_posted', KINDS.reply, 1, 72],
      [5, 'agfx_message_taken', KINDS.access, 2, 0, 0],
      [6, 'agfx_message_posted', KINDS.enterPvg, 40, 71],
      [8, 'agfx_message_taken', KINDS.accessReturned, 40, 0, 0],
      [9, 'agfx_message_posted', KINDS.reply, 2, 71],
    ]);
    expect(said(updated(recording))).toEqual([
      'vcpu/0 access access 1 1-3',
      'vcpu/0 access access 2 5-9',
      'vcpu/1 entry enterPvg 40 6-8',
      'vcpu 2/0 access access 1 2-4',
    ]);
  });
});

describe('counters', () => {
  it('are told by time', () => {
    const recording = new TestRecording();
    for (const [time, depth, accesses] of [
      [10, 1, 100],
      [20, 7, 200],
      [30, 2, 300],
    ] as const)
      recording.samples(time, [depth, accesses]);
    const { counters } = updated(recording);
    expect([counters.names, counters.length, counters.isTotal(0), counters.isTotal(1)]).toEqual([
      ['mailbox.bql', 'mmioAccesses'],
      3,
      false,
      true,
    ]);
    expect([10, 11, 30, 31].map((time) => counters.at(time))).toEqual([0, 1, 2, 3]);
    expect([counters.time(1), counters.value(0, 1), counters.value(1, 2), counters.time(3)]).toEqual([20, 7, 300, Number.NaN]);
  });
});

describe('bounds', () => {
  it('let the oldest spans go, and keep what is open', () => {
    const recording = new TestRecording();
    const bql = recording.thread('bql');
    const model = new SpanModel({ spans: 100, arrows: 256, jobs: 10 });
    recording.events(bql, [[1, 'agfx_bql_taken', KINDS.access, 1, 0]]);
    for (let n = 0; n < 1000; n++) {
      recording.events(bql, [
        [10 + 10 * n, 'agfx_batch_taken', n],
        [12 + 10 * n, 'agfx_job_submitted', n + 1, 0],
        [13 + 10 * n, 'agfx_message_taken', KINDS.newFrame, 0, 5, 0],
        [15 + 10 * n, 'agfx_batch_ended'],
      ]);
    }
    model.update(recording.store);
    expect(model.spans.length).toBeLessThanOrEqual(100);
    expect(model.arrows.length).toBeLessThanOrEqual(256);
    expect(model.jobs.list.length).toBeLessThanOrEqual(10);
    expect([model.jobs.of(990), model.jobs.list.at(-1)?.job]).toEqual([null, 1000]);
    const lines = said(model);
    expect(lines).toContain('bql/1 section access 1 1-');
    expect(lines.filter((line) => line.startsWith('bql/0')).at(-1)).toBe('bql/0 batch batch 999 10000-10005');
    let last = 0;
    model.arrows.visit(9_990, 10_000, (arrow) => {
      last = model.arrows.at(arrow)?.to ?? 0;
      return true;
    });
    expect(last).toBe(9993);
  });
});
