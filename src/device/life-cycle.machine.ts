/**
 * A device from realize to unrealize (device.md 7).
 *
 *   realizing ─realized▶ running ⇄ resetting
 *       └─failed▶ closing ◀─ close, died ┘   closing ─threads.ended▶ closed
 *   running ─save.requested▶ saving ─save.ended▶ closing
 *                              └─save.refused▶ running
 *
 * PVG's suspended device can only be released, so a save ends in closing; a PVG that can't be suspended goes on.
 */
import type { MachineBuilders } from '../runtime/machine-definition.js';

const ending = {
  'close.requested': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
  'thread.died': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
} as const;

export const lifeCycleMachine = ({ setup }: MachineBuilders) =>
  setup({
    types: {
      events: {} as
        | { type: 'device.realized' }
        | { type: 'reset.requested' }
        | { type: 'reset.completed' }
        | { type: 'save.requested' }
        | { type: 'save.ended' }
        | { type: 'save.refused' }
        | { type: 'close.requested' }
        | { type: 'thread.died' }
        | { type: 'threads.ended' },
    },
    actions: {
      startReset: () => {},
      rejectReset: () => {},
      startSave: () => {},
      rejectSave: () => {},
      releaseThreads: () => {},
      rejectWaiting: () => {},
      reportClosed: () => {},
    },
  }).createMachine({
    id: 'lifeCycle',
    initial: 'realizing',
    states: {
      // Threads are started, PVG's device is made.
      realizing: { on: { 'device.realized': 'running', ...ending } },
      // Accesses are served.
      running: {
        on: {
          'reset.requested': { target: 'resetting', actions: 'startReset' },
          'save.requested': { target: 'saving', actions: 'startSave' },
          ...ending,
        },
      },
      // PVG is being brought back to its first state; accesses go on being served.
      resetting: {
        on: {
          'reset.requested': { actions: 'rejectReset' },
          'save.requested': { actions: 'rejectSave' },
          'reset.completed': 'running',
          ...ending,
        },
      },
      // PVG is being brought to rest; accesses that PVG has begun are served to their end.
      saving: {
        on: {
          'reset.requested': { actions: 'rejectReset' },
          'save.requested': { actions: 'rejectSave' },
          'save.refused': 'running',
          'save.ended': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
          ...ending,
        },
      },
      // Every wait has been released; threads are on their way out.
      closing: { on: { 'threads.ended': { target: 'closed', actions: 'reportClosed' } } },
      // Nothing of the device is left.
      closed: { type: 'final' },
    },
  });
