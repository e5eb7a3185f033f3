/**
 * A guest's processor as a process: accesses one after the other, each answered before the next.
 */
import { Message } from '../../actors/messages.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { ScriptedPvg } from '../../src/bridge/scripted-pvg.js';
import type { Body } from '../../src/runtime/process.js';
import type { ModelMailboxes } from './mailboxes.js';
import { carry } from './port.js';

/** A register access of a guest's. */
export interface WorldAccess {
  readonly write: boolean;
  readonly window: 0 | 1;
  readonly size: 4 | 8;
  readonly offset: number;
  readonly value?: number;
  readonly high?: number;
}

/** The words of an access message. */
export function accessWords({ write, window, size, offset, value = 0 }: WorldAccess, replies: number): number[] {
  return [write ? 1 : 0, window, size, offset, value, replies];
}

/** What a processor's process needs. */
export interface GuestParts {
  readonly pvg: ScriptedPvg;
  readonly mailboxes: ModelMailboxes;
  readonly bql: number;
  /** Its reply mailbox. */
  readonly replies: number;
}

/** Makes the accesses; `values` gets what each was answered. */
export function* processor(parts: GuestParts, accesses: readonly WorldAccess[], values: number[]): Body {
  const { mailboxes, bql, replies } = parts;
  for (const [index, access] of accesses.entries()) {
    const record = { kind: Message.access, id: index + 1, words: accessWords(access, replies), reserved: access.high ?? 0 };
    yield { mode: 'send', object: 'mailbox bql', text: 'make an access', run: () => mailboxes.post(bql, record) };
    for (let reply = yield* take(parts); ; reply = yield* take(parts)) {
      if (reply.kind === Message.enterPvg) yield* enter(parts, reply);
      else {
        values.push(reply.words[0] ?? 0);
        break;
      }
    }
  }
}

function* take({ mailboxes, replies }: GuestParts): Body<PvgRecord> {
  for (;;) {
    let reply: PvgRecord | undefined;
    yield {
      mode: 'receive',
      object: `mailbox ${mailboxes.name(replies)}`,
      text: 'have its access answered',
      when: () => mailboxes.peek(replies).length > 0,
      run: () => {
        reply = mailboxes.take(replies, 1)[0];
      },
    };
    if (reply) return reply;
  }
}

/** The BQL was dropped: the guest's own thread carries the access into PVG, and takes the lock again. */
function* enter({ pvg, mailboxes, bql }: GuestParts, { id, words }: PvgRecord): Body {
  const [operation = 0, window = 0, size = 0, offset = 0, value = 0, high = 0] = words;
  const result = yield* carry(pvg, { operation, window, size, offset, value, high });
  const record = { kind: Message.accessReturned, id, words: [result.ok ? 1 : 0, result.value, result.high] };
  yield { mode: 'send', object: 'mailbox bql', text: 'take the BQL again', run: () => mailboxes.post(bql, record) };
}
