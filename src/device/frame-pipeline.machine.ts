/**
 * Frames, from PVG's newFrame to the console (device.md 5), as revision v5 has them.
 *
 * Two regions. `pipeline` is pendingFrames (0, 1, 2) together with whether one of them is being rendered; `freshness` is
 * newFrameReady and updateRequested, which exclude each other.
 *
 *   idle ─arrived▶ rendering.single ─arrived▶ rendering.double ─arrived▶ (dropped)
 *     ▲──completed──┘    ▲──completed, next one started──┘
 *   rendering.double ─refused▶ stalled.single: a frame is pending and nobody renders it. v5 never leaves
 *   it: the fault that the explorer's first exercise finds.
 */
import { setup, stateIn } from 'xstate';

export const framePipelineMachine = setup({
  types: {
    events: {} as
      | { type: 'frame.arrived' }
      | { type: 'frame.refused' }
      | { type: 'frame.completed'; shown: boolean }
      | { type: 'update.requested' },
  },
  actions: {
    startRendering: () => {},
    dropFrame: () => {},
    copyTexture: () => {},
    discardFrame: () => {},
    reportRefusal: () => {},
    pushUpdate: () => {},
    signalUpdateDone: () => {},
  },
  guards: {
    shown: ({ event }) => event.type === 'frame.completed' && event.shown,
  },
}).createMachine({
  id: 'framePipeline',
  type: 'parallel',
  states: {
    pipeline: {
      initial: 'idle',
      states: {
        // pendingFrames 0.
        idle: { on: { 'frame.arrived': { target: 'rendering.single', actions: 'startRendering' } } },
        rendering: {
          initial: 'single',
          states: {
            // pendingFrames 1, and it is being rendered.
            single: {
              on: {
                'frame.arrived': 'double',
                'frame.refused': { target: '#framePipeline.pipeline.idle', actions: 'reportRefusal' },
                'frame.completed': [
                  { guard: 'shown', target: '#framePipeline.pipeline.idle', actions: 'copyTexture' },
                  { target: '#framePipeline.pipeline.idle', actions: 'discardFrame' },
                ],
              },
            },
            // pendingFrames 2: one is being rendered, one waits.
            double: {
              on: {
                'frame.arrived': { actions: 'dropFrame' },
                'frame.refused': { target: '#framePipeline.pipeline.stalled', actions: 'reportRefusal' },
                'frame.completed': [
                  { guard: 'shown', target: 'single', actions: ['copyTexture', 'startRendering'] },
                  { target: 'single', actions: ['discardFrame', 'startRendering'] },
                ],
              },
            },
          },
        },
        stalled: {
          initial: 'single',
          states: {
            // pendingFrames 1, and nothing is being rendered.
            single: { on: { 'frame.arrived': 'double' } },
            // pendingFrames 2, and nothing is being rendered.
            double: { on: { 'frame.arrived': { actions: 'dropFrame' } } },
          },
        },
      },
    },
    freshness: {
      initial: 'stale',
      states: {
        // The console has what the surface has, and nobody waits.
        stale: {
          on: {
            'frame.completed': { guard: 'shown', target: 'ready' },
            'update.requested': [{ guard: stateIn({ pipeline: 'idle' }), actions: 'signalUpdateDone' }, { target: 'requested' }],
          },
        },
        // newFrameReady: the surface has a frame that the console was not told of.
        ready: { on: { 'update.requested': { target: 'stale', actions: ['pushUpdate', 'signalUpdateDone'] } } },
        // updateRequested: the console waits for the frame that is pending.
        requested: {
          on: { 'frame.completed': { guard: 'shown', target: 'stale', actions: ['pushUpdate', 'signalUpdateDone'] } },
        },
      },
    },
  },
});
