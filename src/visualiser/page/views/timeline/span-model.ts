/**
 * The spans of what the page has been sent, for every view that shows them.
 *
 * Invariant: a store has one model, which goes on from where it was, so that going from view to view costs nothing.
 */
import type { TraceStore } from '../../../../trace/recording/trace-store.js';
import { SpanModel } from '../../../model/spans.js';

const models = new WeakMap<TraceStore, SpanModel>();

/** The model of a store, up to date. */
export function spansOf(store: TraceStore): SpanModel {
  let model = models.get(store);
  if (model === undefined) {
    model = new SpanModel();
    models.set(store, model);
  }
  model.update(store);
  return model;
}
