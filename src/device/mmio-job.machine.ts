/**
 * One guest access, from the lock it waits for to the reply (threading.md 2).
 *
 *   queued ──lock.granted──▶ running ──bridge.completed──▶ completed
 *     │  └──access.refused──▶ failed ◀──bridge.failed──┘     ▲
 *     └──lock.granted (posted)──▶ posted ──bridge.completed──┘
 *
 * An 8-byte access of the gfx window runs as two halves, low one first: `running` or `posted` is entered again for the second.
 */
import type { MachineBuilders } from '../runtime/machine-definition.js';

export const mmioJobMachine = ({ assign, setup }: MachineBuilders) =>
  setup({
    types: {
      context: {} as { halves: number; posted: boolean },
      input: {} as { halves: number; posted: boolean },
      events: {} as { type: 'lock.granted' } | { type: 'access.refused' } | { type: 'bridge.completed' } | { type: 'bridge.failed' },
    },
    actions: { submitToPvg: () => {}, submitNextHalf: () => {}, replyToGuest: () => {}, replyRefused: () => {} },
    guards: {
      anotherHalf: ({ context }) => context.halves > 1,
      posted: ({ context }) => context.posted,
    },
  }).createMachine({
    id: 'mmioJob',
    description: 'One guest access, from the lock that it waits for to the reply.',
    context: ({ input }) => ({ halves: input?.halves ?? 1, posted: input?.posted ?? false }),
    initial: 'queued',
    states: {
      queued: {
        description: 'The access waits for the BQL, or for the guard that refuses re-entrant ones.',
        on: {
          'lock.granted': [
            { guard: 'posted', target: 'posted', actions: ['submitToPvg', 'replyToGuest'] },
            { target: 'running', actions: 'submitToPvg' },
          ],
          'access.refused': { target: 'failed', actions: 'replyRefused' },
        },
      },
      running: {
        description: 'PVG has it, and the guest waits.',
        on: {
          'bridge.completed': [
            {
              guard: 'anotherHalf',
              target: 'running',
              actions: [assign({ halves: ({ context }) => context.halves - 1 }), 'submitNextHalf'],
            },
            { target: 'completed', actions: 'replyToGuest' },
          ],
          'bridge.failed': { target: 'failed', actions: 'replyRefused' },
        },
      },
      posted: {
        description: 'PVG has it, or will have it; the guest has gone on.',
        on: {
          'bridge.completed': [
            {
              guard: 'anotherHalf',
              target: 'posted',
              actions: [assign({ halves: ({ context }) => context.halves - 1 }), 'submitNextHalf'],
            },
            { target: 'completed' },
          ],
          'bridge.failed': 'failed',
        },
      },
      completed: {
        description: 'The guest has its answer.',
        type: 'final',
      },
      failed: {
        description: 'The guest has the answer of a refused access: 0 for a read, nothing for a write.',
        type: 'final',
      },
    },
  });
