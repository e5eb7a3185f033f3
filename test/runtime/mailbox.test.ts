/**
 * A thread's records pass through memory of its own, whichever of its mailboxes' instances they are given to.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadBridge } from '../../src/bridge/native.js';
import { PvgCause } from '../../src/bridge/pvg.js';
import { Transfer } from '../../src/bridge/transfer.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';

const bridge = loadBridge();
let group = 0;
let box = 0;
let other = 0;
beforeEach(() => {
  group = bridge.pvg_group_create();
  [box, other] = [bridge.pvg_mailbox_create(group, 64, 0), bridge.pvg_mailbox_create(group, 64, 0)];
});
afterEach(() => bridge.pvg_group_destroy(group));

const idsIn = (mailbox: number): readonly number[] | undefined => new Mailboxes(bridge).take(mailbox, 0)?.map(({ id }) => id);

it('what is to leave later leaves before what is posted next, through another instance too', () => {
  const [first, second] = [new Mailboxes(bridge), new Mailboxes(bridge)];
  first.postLater(box, { kind: 1, id: 1 });
  second.postLater(box, { kind: 1, id: 2 });
  first.post(box, { kind: 1, id: 3 });
  second.postLater(box, { kind: 1, id: 4 });
  first.flush();
  second.flush();
  expect(idsIn(box)).toEqual([1, 2, 3, 4]);
});

it('a take sends what is to leave later, once, and overwrites nothing of what was taken before', () => {
  const mailboxes = new Mailboxes(bridge);
  mailboxes.post(other, { kind: 1, id: 7, words: [2 ** 40 + 1, 2, 3, 4, 5, 6], reserved: 8 });
  mailboxes.postLater(box, { kind: 1, id: 1 });
  const [taken] = mailboxes.take(other, 0) ?? [];
  expect(mailboxes.take(other, 0)).toEqual([]);
  expect(taken).toEqual({ kind: 1, id: 7, words: [2 ** 40 + 1, 2, 3, 4, 5, 6], thread: 0, reserved: 8 });
  expect(idsIn(box)).toEqual([1]);
});

it('what is put straight into the memory leaves in its turn, and what came may be looked at where it lies', () => {
  const [first, second] = [new Mailboxes(bridge), new Mailboxes(bridge)];
  const posted: unknown[] = [];
  second.onPost = (mailbox, { kind, id }) => posted.push({ mailbox, kind, id });
  first.postLater(box, { kind: 1, id: 1 });
  const record = second.begin();
  record.putHead(0, 2, 3, 4);
  record.putWords(0, 5, 2 ** 32, 7, 8, 9, 2 ** 32 - 1);
  second.leave(box);
  expect(posted).toEqual([{ mailbox: box, kind: 2, id: 3 }]);
  expect(first.takeRaw(other, 0)).toBe(0);
  expect(first.takeRaw(box, 0, 2)).toBe(2);
  const { taken } = first;
  expect([taken.idAt(0), taken.kindAt(1), taken.idAt(1), taken.reservedAt(1), taken.lowAt(1, 5)]).toEqual([1, 2, 3, 4, 2 ** 32 - 1]);
  expect(first.read(1)).toEqual({ kind: 2, id: 3, words: [5, 2 ** 32, 7, 8, 9, 2 ** 32 - 1], thread: 0, reserved: 4 });
  bridge.pvg_group_close(group, PvgCause.closed);
  expect(first.takeRaw(box, -1)).toBeLessThan(0);
});

it('a take waits as long as it may, and for nothing that is closed', () => {
  const mailboxes = new Mailboxes(bridge);
  const times = new Transfer(bridge);
  times.keepTimes();
  expect(mailboxes.take(box, 3000)).toEqual([]);
  expect(times.returned - times.entered).toBeGreaterThanOrEqual(3_000_000);
  bridge.pvg_group_close(group, PvgCause.closed);
  expect(mailboxes.take(box, -1)).toBeNull();
  expect(mailboxes.post(box, { kind: 1 })).toBe(false);
});
