/**
 * What a recording says as spans: exactly, on small examples.
 */
import { describe, expect, it } from 'vitest';
import { ARROW_KIND_NAMES } from '../../../dist/src/visualiser/model/spans-arrows.js';
import { SPAN_KIND_NAMES } from '../../../dist/src/visualiser/model/spans-table.js';
import { SpanModel } from '../../../dist/src/visualiser/model/spans.js';
import { KINDS, MAILBOX, TestRecording, VCPU_MAILBOX } from './recorded.js';

/** All that has ended and all that is open, in words: `lane/depth kind name id begin-end`. */
export function said(model: SpanModel): string[] {
  const { spans } = model;
  const lines: string[] = [];
  for (const { name, rows } of model.lanes) {
    for (const [depth, row] of rows.entries()) {
      for (let place = 0; place < row.length; place++) {
        const span = row.at(place);
        const flags = ['', ' cut', ' failed', ' cut failed'][spans.flagsOf(span)];
        const kind = SPAN_KIND_NAMES[spans.kindOf(span)];
        lines.push(
          `${name}/${depth} ${kind} ${model.names.text(spans.nameOf(span))} ${spans.idOf(span)} ${spans.beginOf(span)}-${spans.endOf(span)}${flags}`,
        );
      }
      if (row.open)
        lines.push(
          `${name}/${depth} ${SPAN_KIND_NAMES[row.open.kind]} ${model.names.text(row.open.name)} ${row.open.id} ${row.open.begin}-`,
        );
    }
  }
  return lines;
}

export function arrowsOf(model: SpanModel): string[] {
  const lines: string[] = [];
  model.arrows.visit(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, (arrow) => {
    const { kind, name, id, fromLane, toLane, from, to } = model.arrows.at(arrow) ?? {
      kind: 0,
      name: 0,
      id: 0,
      fromLane: 0,
      toLane: 0,
      from: 0,
      to: 0,
    };
    lines.push(
      `${ARROW_KIND_NAMES[kind]} ${model.names.text(name)} ${id}: ${model.lanes[fromLane]?.name} ${from} → ${model.lanes[toLane]?.name} ${to}`,
    );
    return true;
  });
  return lines;
}

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
