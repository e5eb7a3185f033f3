/**
 * The BQL actor's lock and its waits (threading.md 1): who may run now.
 *
 *   free ──lock.offered, bh.offered──▶ running ──wait.began──▶ waiting ──bh.offered, condition.held──▶ running
 *     ▲────────handler.ended (no wait open)──┘ └──handler.ended (inside a wait)──▲
 *     └──lock.returned── lent ◀──lock.lent── running
 *
 * In `waiting` bottom halves run and lock sections do not: that is AIO_WAIT_WHILE. The context holds the jobs that are
 * waited for, innermost last; an outer wait goes on only when the inner ones have ended, as on a C stack.
 */
import { assign, setup } from 'xstate';

export const lockMachine = setup({
  types: {
    context: {} as { waits: readonly number[] },
    events: {} as
      | { type: 'lock.offered' }
      | { type: 'bh.offered' }
      | { type: 'wait.began'; job: number }
      | { type: 'condition.held' }
      | { type: 'handler.ended' }
      | { type: 'lock.lent' }
      | { type: 'lock.returned' },
  },
  actions: { runSection: () => {}, runBh: () => {}, resumeHandler: (_, _params: { job: number | undefined }) => {} },
  guards: { insideWait: ({ context }) => context.waits.length > 0 },
}).createMachine({
  id: 'lock',
  context: { waits: [] },
  initial: 'free',
  states: {
    // Nobody holds the lock.
    free: {
      on: {
        'bh.offered': { target: 'running', actions: 'runBh' },
        'lock.offered': { target: 'running', actions: 'runSection' },
      },
    },
    // A bottom half or a section is on the actor.
    running: {
      on: {
        'wait.began': {
          target: 'waiting',
          actions: assign({ waits: ({ context, event }) => [...context.waits, event.job] }),
        },
        'handler.ended': [{ guard: 'insideWait', target: 'waiting' }, { target: 'free' }],
        'lock.lent': 'lent',
      },
    },
    // Another thread has the lock: nobody polls, so no bottom half runs either.
    lent: { on: { 'lock.returned': 'free' } },
    // A handler waits, with the lock held, for the job at the end of `waits`.
    waiting: {
      on: {
        'bh.offered': { target: 'running', actions: 'runBh' },
        'condition.held': {
          target: 'running',
          actions: [
            { type: 'resumeHandler', params: ({ context }) => ({ job: context.waits.at(-1) }) },
            assign({ waits: ({ context }) => context.waits.slice(0, -1) }),
          ],
        },
      },
    },
  },
});
