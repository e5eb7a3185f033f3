/**
 * The trace as an interface: what happened inside what, by job and cause numbers, every beginning with its end.
 */
import { describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { RenderQueueBehaviour } from '../../actors/render-queue/behaviour.js';
import { Upcall } from '../../src/bridge/pvg.js';
import { REVISION_NAMES, type RevisionName, usesRenderQueue } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { FakePort } from '../device/fake-port.js';
import { access, BqlScene, GFX, interrupt, RAM, readMemory, record } from './bql-scene.js';

const createTask = record(Upcall.createTask, { id: 10, words: [0x1_0000] });
const mapMemory = record(Upcall.mapMemory, { id: 11, words: [1, 0x4000, 0, 1] });

describe('an access with a mapMemory inside it', () => {
  it('hardened: the mapping is a bottom half whose cause is the access’s job, and the access’s own line comes last', () => {
    const scene = new BqlScene('hardened', { traces: true });
    scene.run(createTask);
    scene.port.trail.length = 0;
    scene.run(access({ token: 1, value: 0x42 }));
    scene.port.pieces = [[RAM.gpa, 0x4000]];
    scene.run(mapMemory);
    scene.finish();
    expect(scene.port.trail).toEqual([
      'agfx_bql_requested kind=access id=0x1 cause=0',
      'agfx_bql_taken kind=access id=0x1 cause=0',
      'agfx_job_submitted job=1 cause=0',
      'agfx_bql_wait_began job=1 depth=1',
      'agfx_bh_scheduled kind=mapMemory id=0xb cause=1',
      'agfx_bh_began kind=mapMemory id=0xb cause=1',
      'apple_gfx_map_memory task=0x70000000 range_count=0x1 virtual_offset=0x4000 read_only=0',
      'apple_gfx_map_memory_range [0] phys_addr=0x10000000 phys_len=0x4000',
      'apple_gfx_remap retval=0 source=0x50000000 target=0x70004000',
      'agfx_bh_ended kind=mapMemory id=0xb cause=1',
      'agfx_bql_wait_ended job=1 depth=1',
      'agfx_job_completed job=1 ok=1',
      'apple_gfx_write offset=0x1000 val=0x42',
      'agfx_bql_released',
    ]);
  });

  it('unlock: the mapping is a section of its own between the access’s two', () => {
    const scene = new BqlScene('unlock', { traces: true });
    scene.run(access({ token: 1 }));
    scene.run(createTask);
    scene.giveBack();
    expect(scene.port.trail).toEqual([
      'agfx_bql_requested kind=access id=0x1 cause=0',
      'agfx_bql_taken kind=access id=0x1 cause=0',
      'agfx_job_submitted job=1 cause=0',
      'agfx_bql_released',
      'agfx_bql_requested kind=createTask id=0xa cause=0',
      'agfx_bql_taken kind=createTask id=0xa cause=0',
      'apple_gfx_create_task vm_size=0x10000 base_addr=0x70000000',
      'agfx_bql_released',
      'agfx_bql_requested kind=accessReturned id=0x1 cause=0',
      'agfx_bql_taken kind=accessReturned id=0x1 cause=0',
      'agfx_job_completed job=1 ok=1',
      'apple_gfx_write offset=0x1000 val=0x5',
      'agfx_bql_released',
    ]);
  });

  it('without the actors’ events only QEMU’s are left', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1 }), interrupt(3));
    scene.finish();
    expect(scene.port.trail.filter((line) => !line.startsWith('agfx_job'))).toEqual([
      'apple_gfx_raise_irq vector=0x3',
      'apple_gfx_write offset=0x1000 val=0x5',
    ]);
  });
});

it('an access inside an access names its cause at every depth, and ends inside it', () => {
  const scene = new BqlScene('hardened', { traces: true });
  scene.run(access({ token: 1, write: false }));
  scene.run(readMemory(7, GFX.gpa + 0x1034, 4));
  scene.run(interrupt(2));
  scene.finish({ job: 2, value: 0x21 });
  scene.finish({ job: 1, value: 0x22 });
  expect(scene.port.trail.slice(4)).toEqual([
    'apple_gfx_read_memory phys_addr=0x11001034 length=0x4 dest=0xdddd0000',
    'agfx_bh_scheduled kind=readMemory id=0x7 cause=1',
    'agfx_bh_began kind=readMemory id=0x7 cause=1',
    'agfx_job_submitted job=2 cause=1',
    'agfx_bql_wait_began job=2 depth=2',
    'apple_gfx_raise_irq vector=0x2',
    'agfx_bh_scheduled kind=raiseInterrupt id=0x0 cause=2',
    'agfx_bh_began kind=raiseInterrupt id=0x0 cause=2',
    'agfx_bh_ended kind=raiseInterrupt id=0x0 cause=2',
    'agfx_bql_wait_ended job=2 depth=2',
    'agfx_job_completed job=2 ok=1',
    'apple_gfx_read offset=0x1034 res=0x21',
    'agfx_bh_ended kind=readMemory id=0x7 cause=1',
    'agfx_bql_wait_ended job=1 depth=1',
    'agfx_job_completed job=1 ok=1',
    'apple_gfx_read offset=0x1000 res=0x22',
    'agfx_bql_released',
  ]);
});

it('a lent lock is released when it is returned', () => {
  const scene = new BqlScene('async-write', { traces: true });
  scene.run(record(Message.takeBql));
  expect(scene.port.lines).toEqual(['agfx_bql_requested', 'agfx_bql_taken']);
  scene.run(record(Message.returnBql), record(Message.returnBql));
  expect(scene.port.lines).toEqual(['agfx_bql_requested', 'agfx_bql_taken', 'agfx_bql_released']);
});

describe('display events (device.md 8)', () => {
  const show = { words: [0, 1] };

  it.each(['bh', 'hardened'] as const)('%s: new frame, show and move are traced when PVG says it', (revision) => {
    const scene = new BqlScene(revision);
    for (const kind of [Upcall.newFrame, Upcall.cursorShow, Upcall.cursorMove]) scene.bql.receive(record(kind, show));
    expect(scene.port.trail).toEqual(['apple_gfx_new_frame', 'apple_gfx_cursor_show show=1', 'apple_gfx_cursor_move']);
  });

  it('v5: show and move when the work runs, a mode change when PVG says it; a new frame was traced on its way here', () => {
    const scene = new BqlScene('v5');
    for (const kind of [Upcall.cursorShow, Upcall.cursorMove, Upcall.newFrame]) {
      scene.bql.receive(record(Message.displaySection, { ...show, reserved: kind }));
    }
    scene.bql.receive(record(Upcall.modeChange, { words: [0, 800, 600] }));
    expect(scene.port.trail).toEqual(['apple_gfx_mode_change x=800 y=600']);
    scene.run();
    expect(scene.port.trail.slice(1)).toEqual(['apple_gfx_cursor_show show=1', 'apple_gfx_cursor_move']);
  });

  it('interrupts and iosfc_unmap are traced before anything is queued', () => {
    const scene = new BqlScene('v5');
    scene.bql.receive(record(Upcall.iosfcInterrupt, { words: [4] }));
    scene.bql.receive(record(Upcall.iosfcUnmap, { id: 3, words: [0x10, 1, 2, 3, 4, 5] }));
    expect(scene.port.trail).toEqual([
      'apple_gfx_iosfc_raise_irq vector=0x4',
      'apple_gfx_iosfc_unmap_memory a=0x10 b=0x1 c=0x2 d=0x3 e=0x4 f=0x5',
    ]);
    scene.run();
    expect(scene.port.of('raiseInterrupt')).toEqual([{ do: 'raiseInterrupt', line: 'iosfc', vector: 4 }]);
  });
});

describe('an entry of the render queue', () => {
  const revisions = REVISION_NAMES.filter((name) => usesRenderQueue(REVISIONS[name]));

  /** Plays whatever a queue asks the BQL actor for. */
  function play(revision: RevisionName, accepts: boolean): string[] {
    const device = new FakePort();
    const asked: number[] = [];
    const queue = new RenderQueueBehaviour({
      revision: REVISIONS[revision],
      device,
      displays: 1,
      tracesActors: true,
      port: { tellBql: (kind) => void asked.push(kind), encode: () => accepts },
    });
    const owned = queue.displays.length > 0;
    queue.receive(record(Message.renderBlock, { id: 1, words: [640, 0, 0] }));
    if (owned) queue.receive(record(Upcall.modeChange, { words: [0, 800, 600] }));
    if (owned || revision === 'v5') queue.receive(record(Upcall.frameCompleted, { words: [0, 1, 0, 1] }));
    if (owned) queue.receive(record(Upcall.cursorShow, { words: [0, 1] }));
    const answers: Record<number, number> = {
      [Message.noteSurface]: Message.surfaceNoted,
      [Message.frameRefused]: Message.sectionEnded,
      [Message.frameCompleted]: Message.sectionEnded,
      [Message.takeBql]: Message.bqlTaken,
    };
    for (;;) {
      while (queue.step());
      const answer = answers[asked.shift() ?? 0];
      if (answer === undefined) break;
      queue.receive(record(answer, { words: [640, 0, 0] }));
    }
    return device.trail.filter((line) => line.startsWith('agfx_queue'));
  }

  it.each(revisions.flatMap((name) => [true, false].map((accepts) => [name, accepts] as const)))(
    '%s, PVG accepts: %s: is posted, begins and ends, once and before the next begins',
    (revision, accepts) => {
      const lines = play(revision, accepts);
      const began = lines.filter((line) => line.startsWith('agfx_queue_began'));
      const posted = lines.filter((line) => line.startsWith('agfx_queue_posted'));
      expect(posted.map((line) => line.replace('posted', 'began').replace(/ cause=0$/, ''))).toEqual(began);
      expect(lines.slice(posted.length)).toEqual(began.flatMap((line) => [line, line.replace('began', 'ended')]));
      expect(began[0]).toBe('agfx_queue_began queue=render kind=renderBlock id=0x1');
    },
  );
});
