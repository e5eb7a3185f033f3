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
    description: 'A device from realize to unrealize.',
    initial: 'realizing',
    states: {
      realizing: {
        description: "Threads are started, PVG's device is made.",
        on: { 'device.realized': 'running', ...ending },
      },
      running: {
        description: 'Accesses are served.',
        on: {
          'reset.requested': { target: 'resetting', actions: 'startReset' },
          'save.requested': { target: 'saving', actions: 'startSave' },
          ...ending,
        },
      },
      resetting: {
        description: 'PVG is being brought back to its first state; accesses go on being served.',
        on: {
          'reset.requested': { actions: 'rejectReset' },
          'save.requested': { actions: 'rejectSave' },
          'reset.completed': 'running',
          ...ending,
        },
      },
      saving: {
        description: 'PVG is being brought to rest; accesses that PVG has begun are served to their end.',
        on: {
          'reset.requested': { actions: 'rejectReset' },
          'save.requested': { actions: 'rejectSave' },
          'save.refused': 'running',
          'save.ended': { target: 'closing', actions: ['releaseThreads', 'rejectWaiting'] },
          ...ending,
        },
      },
      closing: {
        description: 'Every wait has been released; threads are on their way out.',
        on: { 'threads.ended': { target: 'closed', actions: 'reportClosed' } },
      },
      closed: {
        description: 'Nothing of the device is left.',
        type: 'final',
      },
    },
  });
