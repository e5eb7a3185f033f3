/**
 * One upcall of PVG about a task's memory, from its thread to the answer (device.md 4.1, 4.2).
 *
 *   queued ──bh.ran──▶ mapping.whole ──ranges.ended──▶ completed (answer true)
 *                        │ range.failed
 *                        ▼
 *                      mapping.partial ──ranges.ended──▶ failed (answer false)
 *
 * Its pieces are carried out one after the other; one that fails does not stop those after it.
 */
import type { MachineBuilders } from '../runtime/machine-definition.js';

export const mappingJobMachine = ({ setup }: MachineBuilders) =>
  setup({
    types: {
      events: {} as { type: 'bh.ran' } | { type: 'range.mapped' } | { type: 'range.failed' } | { type: 'ranges.ended' },
    },
    actions: { mapNextRange: () => {}, answerTrue: () => {}, answerFalse: () => {} },
  }).createMachine({
    id: 'mappingJob',
    description: "One upcall of PVG about a task's memory, from its thread to the answer.",
    initial: 'queued',
    states: {
      queued: {
        description: 'A PVG thread waits; the BQL actor has not run its bottom half yet.',
        on: { 'bh.ran': { target: 'mapping', actions: 'mapNextRange' } },
      },
      mapping: {
        description: 'The bottom half runs, piece by piece.',
        initial: 'whole',
        states: {
          whole: {
            description: 'Every piece so far was carried out.',
            on: {
              'range.mapped': { actions: 'mapNextRange' },
              'range.failed': { target: 'partial', actions: 'mapNextRange' },
              'ranges.ended': { target: '#mappingJob.completed', actions: 'answerTrue' },
            },
          },
          partial: {
            description: 'At least one piece failed: the answer will be false, the rest is carried out all the same.',
            on: {
              'range.mapped': { actions: 'mapNextRange' },
              'range.failed': { actions: 'mapNextRange' },
              'ranges.ended': { target: '#mappingJob.failed', actions: 'answerFalse' },
            },
          },
        },
      },
      completed: {
        description: "PVG's thread has been told true.",
        type: 'final',
      },
      failed: {
        description: "PVG's thread has been told false.",
        type: 'final',
      },
    },
  });
