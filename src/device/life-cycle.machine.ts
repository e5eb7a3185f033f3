/**
 * A device from realize to unrealize (device.md 7).
 *
 *   realizing ─realized▶ running ⇄ resetting
 *       └─failed▶ closing ◀─ close, died ┘   closing ─threads.ended▶ closed
 */
import { setup } from 'xstate';

export const lifeCycleMachine = setup({
  types: {
    events: {} as
      | { type: 'device.realized' }
      | { type: 'reset.requested' }
      | { type: 'reset.completed' }
      | { type: 'close.requested' }
      | { type: 'thread.died' }
      | { type: 'threads.ended' },
  },
  actions: { startReset: () => {}, rejectReset: () => {}, releaseThreads: () => {}, rejectWaiting: () => {}, reportClosed: () => {} },
}).createMachine({
  id: 'lifeCycle',
  initial: 'realizing',
  states: {
    // Threads are started, PVG's device is made.
    realizing: {
      on: {
        'device.realized': 'running',
        'close.requested': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
        'thread.died': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
      },
    },
    // Accesses are served.
    running: {
      on: {
        'reset.requested': { target: 'resetting', actions: 'startReset' },
        'close.requested': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
        'thread.died': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
      },
    },
    // PVG is being brought back to its first state; accesses go on being served.
    resetting: {
      on: {
        'reset.requested': { actions: 'rejectReset' },
        'reset.completed': 'running',
        'close.requested': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
        'thread.died': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
      },
    },
    // Every wait has been released; threads are on their way out.
    closing: { on: { 'threads.ended': { target: 'closed', actions: 'reportClosed' } } },
    // Nothing of the device is left.
    closed: { type: 'final' },
  },
});
