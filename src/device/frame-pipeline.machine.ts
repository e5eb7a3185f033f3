/**
 * Frames, from PVG's newFrame to the console (device.md 5).
 *
 * Two regions. `pipeline` is pendingFrames (0, 1, 2) together with whether one of them is being rendered; `freshness` is
 * newFrameReady and updateRequested, which exclude each other.
 *
 *   idle ─arrived▶ rendering.single ─arrived▶ rendering.double ─arrived▶ (dropped)
 *     ▲──completed──┘    ▲──completed, or refused: the next one is started──┘
 *   rendering ─refused▶ stalled: a frame is pending and nobody renders it. v5 gets there with two frames pending, the revisions
 *   that forget a refused frame with any; none of them leaves it.
 *   idle ─arrived▶ announced ─update.requested▶ rendering.single: where frames are rendered inside the update.
 *
 * The context holds the revision's policies, which never change.
 */
import type { MachineBuilders } from '../runtime/machine-definition.js';

/** Policies of a revision that the pipeline depends on. */
export interface FramePolicies {
  readonly insideUpdate: boolean;
  readonly countsRefusals: boolean;
  readonly restartsAfterRefusal: boolean;
  readonly answersEveryUpdate: boolean;
}

export const framePipelineMachine = ({ and, setup, stateIn }: MachineBuilders) => {
  const lastPending = stateIn({ pipeline: { rendering: 'single' } });
  return setup({
    types: {
      context: {} as FramePolicies,
      input: {} as FramePolicies,
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
      insideUpdate: ({ context }) => context.insideUpdate,
      countsRefusals: ({ context }) => context.countsRefusals,
      restartsAfterRefusal: ({ context }) => context.restartsAfterRefusal,
      answersEveryUpdate: ({ context }) => context.answersEveryUpdate,
    },
  }).createMachine({
    id: 'framePipeline',
    description: "Frames, from PVG's newFrame to the console.",
    context: ({ input }) => input,
    type: 'parallel',
    states: {
      pipeline: {
        description: 'pendingFrames, and whether one of them is being rendered.',
        initial: 'idle',
        states: {
          idle: {
            description: 'pendingFrames 0.',
            on: {
              'frame.arrived': [
                { guard: 'insideUpdate', target: 'announced' },
                { target: 'rendering.single', actions: 'startRendering' },
              ],
            },
          },
          announced: {
            description: 'There is a frame, which the next update will render.',
            on: { 'update.requested': { target: 'rendering.single', actions: 'startRendering' } },
          },
          rendering: {
            description: 'A frame is being rendered.',
            initial: 'single',
            states: {
              single: {
                description: 'pendingFrames 1, and it is being rendered.',
                on: {
                  'frame.arrived': 'double',
                  'frame.refused': [
                    { guard: 'countsRefusals', target: '#framePipeline.pipeline.idle', actions: 'reportRefusal' },
                    { target: '#framePipeline.pipeline.stalled', actions: 'reportRefusal' },
                  ],
                  'frame.completed': [
                    { guard: 'shown', target: '#framePipeline.pipeline.idle', actions: 'copyTexture' },
                    { target: '#framePipeline.pipeline.idle', actions: 'discardFrame' },
                  ],
                },
              },
              double: {
                description: 'pendingFrames 2: one is being rendered, one waits.',
                on: {
                  'frame.arrived': { actions: 'dropFrame' },
                  'frame.refused': [
                    { guard: 'restartsAfterRefusal', target: 'single', actions: ['reportRefusal', 'startRendering'] },
                    { guard: 'countsRefusals', target: '#framePipeline.pipeline.stalled', actions: 'reportRefusal' },
                    { target: '#framePipeline.pipeline.stalled.double', actions: 'reportRefusal' },
                  ],
                  'frame.completed': [
                    { guard: 'shown', target: 'single', actions: ['copyTexture', 'startRendering'] },
                    { target: 'single', actions: ['discardFrame', 'startRendering'] },
                  ],
                },
              },
            },
          },
          stalled: {
            description: 'A frame is pending, and nobody renders it.',
            initial: 'single',
            states: {
              single: {
                description: 'pendingFrames 1, and nothing is being rendered.',
                on: { 'frame.arrived': 'double' },
              },
              double: {
                description: 'pendingFrames 2, and nothing is being rendered.',
                on: { 'frame.arrived': { actions: 'dropFrame' } },
              },
            },
          },
        },
      },
      freshness: {
        description: 'What the console knows of the surface: newFrameReady and updateRequested.',
        initial: 'stale',
        states: {
          stale: {
            description: 'The console has what the surface has, and nobody waits.',
            on: {
              'frame.completed': { guard: 'shown', target: 'ready' },
              'update.requested': [{ guard: stateIn({ pipeline: 'idle' }), actions: 'signalUpdateDone' }, { target: 'requested' }],
            },
          },
          ready: {
            description: 'newFrameReady: the surface has a frame that the console was not told of.',
            on: { 'update.requested': { target: 'stale', actions: ['pushUpdate', 'signalUpdateDone'] } },
          },
          requested: {
            description: 'updateRequested: the console waits for the frame that is pending.',
            on: {
              'frame.completed': [
                { guard: 'shown', target: 'stale', actions: ['pushUpdate', 'signalUpdateDone'] },
                // The last frame that could have answered won't be shown.
                { guard: and(['answersEveryUpdate', lastPending]), target: 'stale', actions: 'signalUpdateDone' },
              ],
              'frame.refused': { guard: and(['answersEveryUpdate', lastPending]), target: 'stale', actions: 'signalUpdateDone' },
            },
          },
        },
      },
    },
  });
};
