/**
 * The serial render queue "apple-gfx.render": one block at a time, in order.
 *
 *   idle ─block.taken▶ notingSurface ─surface.noted▶ encoding ─encode.accepted▶ idle
 *                                                        └─encode.refused▶ refusing ─section.ended▶ idle
 *   idle ─completion.taken▶ completing ─section.ended▶ idle
 *
 * In revision v5 a block takes the BQL twice: to note the surface before it encodes, and to report what became of it.
 */
import { setup } from 'xstate';

export const renderQueueMachine = setup({
  types: {
    events: {} as
      | { type: 'block.taken' }
      | { type: 'completion.taken' }
      | { type: 'surface.noted' }
      | { type: 'encode.accepted' }
      | { type: 'encode.refused' }
      | { type: 'section.ended' },
  },
  actions: { noteSurface: () => {}, encodeFrame: () => {}, reportRefusal: () => {}, reportCompletion: () => {} },
}).createMachine({
  id: 'renderQueue',
  initial: 'idle',
  states: {
    // No block runs.
    idle: {
      on: {
        'block.taken': { target: 'notingSurface', actions: 'noteSurface' },
        'completion.taken': { target: 'completing', actions: 'reportCompletion' },
      },
    },
    // The block waits for the BQL, to learn the surface's size and texture.
    notingSurface: { on: { 'surface.noted': { target: 'encoding', actions: 'encodeFrame' } } },
    // The block is inside PVG, without the BQL.
    encoding: {
      on: {
        'encode.accepted': 'idle',
        'encode.refused': { target: 'refusing', actions: 'reportRefusal' },
      },
    },
    // The block waits for the BQL, to take the refused frame off the count.
    refusing: { on: { 'section.ended': 'idle' } },
    // The GPU's completion waits for the BQL.
    completing: { on: { 'section.ended': 'idle' } },
  },
});
