/**
 * The BQL actor's lock and its waits (threading.md 1): who may run now.
 *
 *   free ──lock.offered, bh.offered──▶ running ──wait.began──▶ waiting ──bh.offered, condition.held──▶ running
 *     ▲────────handler.ended (no wait open)──┘ └──handler.ended (inside a wait)──▲
 *     └──lock.returned── lent ◀──lock.lent── running
 *
 * In `waiting` bottom halves run and lock sections do not: that is AIO_WAIT_WHILE. The context holds the innermost wait, which knows
 * the one around it; an outer wait goes on only when the inner ones have ended, as on a C stack.
 */
import type { MachineBuilders } from '../../src/runtime/machine-definition.js';

export interface Wait {
  /** The job that is waited for. */
  readonly job: number;
  /** How many waits there are, this one included. */
  readonly depth: number;
  readonly outer: Wait | null;
}

export const lockMachine = ({ assign, setup }: MachineBuilders) =>
  setup({
    types: {
      context: {} as { wait: Wait | null },
      events: {} as
        | { type: 'lock.offered' }
        | { type: 'bh.offered' }
        | { type: 'wait.began'; job: number }
        | { type: 'condition.held' }
        | { type: 'handler.ended' }
        | { type: 'lock.lent' }
        | { type: 'lock.returned' },
    },
    actions: { runSection: () => {}, runBh: () => {}, resumeHandler: () => {} },
    guards: { insideWait: ({ context }) => context.wait !== null },
  }).createMachine({
    id: 'lock',
    description: "The BQL actor's lock and its waits: who may run now.",
    context: { wait: null },
    initial: 'free',
    states: {
      free: {
        description: 'Nobody holds the lock.',
        on: {
          'bh.offered': { target: 'running', actions: 'runBh' },
          'lock.offered': { target: 'running', actions: 'runSection' },
        },
      },
      running: {
        description: 'A bottom half or a section is on the actor.',
        on: {
          'wait.began': {
            target: 'waiting',
            actions: assign(({ context: { wait }, event }) => ({ wait: { job: event.job, depth: (wait?.depth ?? 0) + 1, outer: wait } })),
          },
          'handler.ended': [{ guard: 'insideWait', target: 'waiting' }, { target: 'free' }],
          'lock.lent': 'lent',
        },
      },
      lent: {
        description: 'Another thread has the lock: nobody polls, so no bottom half runs either.',
        on: { 'lock.returned': 'free' },
      },
      waiting: {
        description: 'A handler waits, with the lock held, for the job of the innermost wait.',
        on: {
          'bh.offered': { target: 'running', actions: 'runBh' },
          'condition.held': {
            target: 'running',
            actions: ['resumeHandler', assign(({ context }) => ({ wait: context.wait?.outer ?? null }))],
          },
        },
      },
    },
  });
