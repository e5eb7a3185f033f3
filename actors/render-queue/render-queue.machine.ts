/**
 * The serial render queue "apple-gfx.render": one block at a time, in order.
 *
 *   idle ─block.taken▶ encoding ─encode.accepted, encode.refused▶ idle
 *   idle ─block.taken (sections)▶ notingSurface ─surface.noted▶ encoding
 *                                 encoding ─encode.refused (sections)▶ refusing ─section.ended▶ idle
 *   idle ─completion.taken▶ completing ─section.ended▶ idle
 *   idle ─mode.taken▶ takingBql ─bql.taken▶ idle
 *
 * `sections`: in v4 and v5 a block takes the BQL to note the surface before it encodes, and to report what became of it.
 * Where the queue owns the frames, only a mode change takes the BQL.
 */
import type { MachineBuilders } from '../../src/runtime/machine-definition.js';

export const renderQueueMachine = ({ setup }: MachineBuilders) =>
  setup({
    types: {
      context: {} as { sections: boolean },
      input: {} as { sections: boolean },
      events: {} as
        | { type: 'block.taken' }
        | { type: 'completion.taken' }
        | { type: 'mode.taken' }
        | { type: 'surface.noted' }
        | { type: 'encode.accepted' }
        | { type: 'encode.refused' }
        | { type: 'section.ended' }
        | { type: 'bql.taken' },
    },
    actions: {
      noteSurface: () => {},
      encodeFrame: () => {},
      reportRefusal: () => {},
      reportCompletion: () => {},
      takeBql: () => {},
      setMode: () => {},
      returnBql: () => {},
    },
    guards: { sections: ({ context }) => context.sections },
  }).createMachine({
    id: 'renderQueue',
    description: 'The serial render queue: one block at a time, in order.',
    context: ({ input }) => input,
    initial: 'idle',
    states: {
      idle: {
        description: 'No block runs.',
        on: {
          'block.taken': [
            { guard: 'sections', target: 'notingSurface', actions: 'noteSurface' },
            { target: 'encoding', actions: 'encodeFrame' },
          ],
          'completion.taken': { target: 'completing', actions: 'reportCompletion' },
          'mode.taken': { target: 'takingBql', actions: 'takeBql' },
        },
      },
      notingSurface: {
        description: "The block waits for the BQL, to learn the surface's size and texture.",
        on: { 'surface.noted': { target: 'encoding', actions: 'encodeFrame' } },
      },
      encoding: {
        description: 'The block is inside PVG, without the BQL.',
        on: {
          'encode.accepted': 'idle',
          'encode.refused': [
            { guard: 'sections', target: 'refusing', actions: 'reportRefusal' },
            { target: 'idle', actions: 'reportRefusal' },
          ],
        },
      },
      refusing: {
        description: 'The block waits for the BQL, to take the refused frame off the count.',
        on: { 'section.ended': 'idle' },
      },
      completing: {
        description: "The GPU's completion waits for the BQL.",
        on: { 'section.ended': 'idle' },
      },
      takingBql: {
        description: "A mode change waits for the BQL, and holds it while it replaces the console's surface.",
        on: { 'bql.taken': { target: 'idle', actions: ['setMode', 'returnBql'] } },
      },
    },
  });
