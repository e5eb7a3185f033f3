/**
 * How each callback of PVG's reaches the device in each revision: the mailbox it goes to, and what it becomes there (threading.md 3).
 *
 * The table is the specification: one row for each group of callbacks, one column for each revision.
 */
import { describe, expect, it } from 'vitest';
import { classOf, type MessageClass } from '../../actors/bql/classes.js';
import { Message, messageName } from '../../actors/messages.js';
import { ownAnswersOf, routesOf } from '../../actors/routes.js';
import { DefectError } from '../../src/base/errors.js';
import { Upcall, UpcallClass } from '../../src/bridge/pvg.js';
import { REVISION_NAMES, type RevisionName, usesRenderQueue } from '../../src/revisions/revision.js';
import { DEFAULT_REVISION, REVISIONS } from '../../src/revisions/revisions.js';

/** `own`: PVG's own thread answers; `render`, `background`, `update`: another actor's mailbox. Else the class on the BQL actor. */
type Reach = MessageClass | 'own' | 'render' | 'background' | 'update';

const MAILBOXES = { bql: 1, render: 2, background: 3, watchdog: 5, update: 6 } as const;
const OTHERS: Readonly<Record<number, Reach>> = { 2: 'render', 3: 'background', 6: 'update' };

const CLASSES: Readonly<Record<keyof typeof Upcall, keyof typeof UpcallClass>> = {
  createTask: 'task',
  destroyTask: 'task',
  mapMemory: 'task',
  unmapMemory: 'task',
  readMemory: 'read',
  raiseInterrupt: 'interrupt',
  newFrame: 'display',
  modeChange: 'mode',
  cursorGlyph: 'display',
  cursorShow: 'display',
  cursorMove: 'display',
  frameCompleted: 'completion',
  iosfcMap: 'iosfc',
  iosfcUnmap: 'iosfc',
  iosfcInterrupt: 'interrupt',
};

function reachOf(name: RevisionName, upcall: keyof typeof Upcall): Reach | undefined {
  const revision = REVISIONS[name];
  const own = ownAnswersOf(revision);
  const owns = { task: own.own_tasks, read: own.own_reads, iosfc: own.own_iosfc } as Partial<Record<keyof typeof UpcallClass, number>>;
  if ((owns[CLASSES[upcall]] ?? 0) !== 0) return 'own';
  const mailbox = routesOf(revision, MAILBOXES)[CLASSES[upcall]];
  return mailbox === MAILBOXES.bql ? classOf(revision, { kind: Upcall[upcall], words: [0] }) : OTHERS[mailbox];
}

/** Rows: groups of upcalls; columns: sync, async-write, unlock, shared-cond, v5, bh, hardened. */
const TABLE: readonly (readonly [readonly (keyof typeof Upcall)[], readonly Reach[]])[] = [
  [
    ['createTask', 'destroyTask', 'mapMemory', 'unmapMemory'],
    ['section', 'section', 'section', 'bh', 'bh', 'own', 'bh'],
  ],
  [['readMemory'], ['own', 'section', 'section', 'bh', 'bh', 'bh', 'bh']],
  [
    ['iosfcMap', 'iosfcUnmap'],
    ['section', 'section', 'section', 'bh', 'bh', 'own', 'own'],
  ],
  [
    ['raiseInterrupt', 'iosfcInterrupt'],
    ['section', 'section', 'section', 'bh', 'bh', 'bh', 'bh'],
  ],
  [
    ['newFrame', 'cursorGlyph', 'cursorShow', 'cursorMove'],
    ['unlocked', 'render', 'render', 'background', 'background', 'bh', 'bh'],
  ],
  [['modeChange'], ['unlocked', 'render', 'render', 'section', 'section', 'section', 'bh']],
  [['frameCompleted'], ['update', 'render', 'render', 'render', 'render', 'bh', 'bh']],
];

describe('an upcall', () => {
  it.each(TABLE.flatMap(([upcalls, row]) => upcalls.map((upcall) => [upcall, row] as const)))('%s: %j', (upcall, row) => {
    expect(REVISION_NAMES.map((name) => reachOf(name, upcall))).toEqual(row);
  });

  it('of every kind is in the table', () => {
    expect(TABLE.flatMap(([upcalls]) => upcalls).sort()).toEqual(Object.keys(Upcall).sort());
  });
});

describe('an actor’s message on the BQL actor', () => {
  it.each<[keyof typeof Message, readonly MessageClass[]]>([
    ['access', Array(7).fill('section')],
    ['accessReturned', Array(7).fill('section')],
    ['jobDone', Array(7).fill('condition')],
    ['takeBql', Array(7).fill('section')],
    ['returnBql', Array(7).fill('condition')],
    ['regionAdded', Array(7).fill('section')],
    ['regionRemoved', Array(7).fill('section')],
    ['regionForgotten', Array(7).fill('section')],
    // The background queue's blocks take the BQL.
    ['displaySection', Array(7).fill('section')],
    ['noteSurface', Array(7).fill('section')],
    ['frameCompleted', Array(7).fill('section')],
    ['frameRefused', [...Array(6).fill('section'), 'bh']],
  ])('%s: %j', (name, row) => {
    expect(REVISION_NAMES.map((revision) => classOf(REVISIONS[revision], { kind: Message[name], words: [] }))).toEqual(row);
  });

  it('updateRequested: the refresh timer’s is a section, a screendump’s a bottom half, in every revision', () => {
    for (const revision of REVISION_NAMES) {
      const of = (screendump: number): MessageClass =>
        classOf(REVISIONS[revision], { kind: Message.updateRequested, words: [0, screendump] });
      expect([of(0), of(1)]).toEqual(['section', 'bh']);
    }
  });
});

describe('actors', () => {
  it.each<[RevisionName, boolean]>([
    ['sync', false],
    ['async-write', true],
    ['unlock', true],
    ['shared-cond', true],
    ['v5', true],
    ['bh', false],
    ['hardened', true],
  ])('%s has a render queue: %s, and no upcall goes to one that it lacks', (name, render) => {
    const revision = REVISIONS[name];
    expect(usesRenderQueue(revision)).toBe(render);
    const mailboxes = Object.values(routesOf(revision, MAILBOXES));
    expect(mailboxes).toHaveLength(Object.keys(UpcallClass).length);
    expect(mailboxes.includes(MAILBOXES.watchdog)).toBe(false);
    if (!render) expect(mailboxes.includes(MAILBOXES.render)).toBe(false);
  });
});

describe('what PVG’s own thread answers', () => {
  it('by policies that native code has not is a defect', () => {
    const wrong = [
      { ...REVISIONS.bh, taskReferences: false },
      { ...REVISIONS.bh, emptyMapsAreJobs: false },
      { ...REVISIONS.sync, readMemoryFails: false },
      { ...REVISIONS.hardened, iosfcReferences: 'perRegion' as const },
    ];
    for (const revision of wrong) expect(() => ownAnswersOf(revision)).toThrow(DefectError);
  });
});

describe('revisions', () => {
  it('are named as they name themselves, and the default is ours', () => {
    expect(REVISION_NAMES.map((name) => REVISIONS[name].name)).toEqual([...REVISION_NAMES]);
    expect(DEFAULT_REVISION).toBe('hardened');
  });

  it('are data that crosses threads', () => {
    for (const name of REVISION_NAMES) expect(structuredClone(REVISIONS[name])).toEqual(REVISIONS[name]);
  });

  it.each<[string, (name: RevisionName) => unknown, readonly unknown[]]>([
    ['whom an answer wakes', (name) => REVISIONS[name].wakes, ['job', 'job', 'job', 'all', 'kind', 'job', 'job']],
    ['the first mode', (name) => REVISIONS[name].firstMode, ['fixed', 'fixed', 'fixed', 'fixed', 'fixed', 'none', 'preferred']],
    ['default modes', (name) => REVISIONS[name].defaultModes, ['two', 'two', 'two', 'two', 'two', 'three', 'three']],
    ['serials', (name) => REVISIONS[name].serials, [...Array(5).fill('constant'), 'counted', 'counted']],
    ['whether vectors are checked', (name) => REVISIONS[name].checksVectors, [...Array(6).fill(false), true]],
  ])('%s: as device.md has it', (_what, of, row) => {
    expect(REVISION_NAMES.map(of)).toEqual(row);
  });

  it('every kind of message is a number of its own, and has a name for traces', () => {
    const kinds = [...Object.values(Upcall), ...Object.values(Message)];
    expect(new Set(kinds).size).toBe(kinds.length);
    expect([messageName(Message.jobDone), messageName(Upcall.mapMemory), messageName(0x999)]).toEqual(['jobDone', 'mapMemory', '0x999']);
  });
});
