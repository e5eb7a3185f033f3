/**
 * The system view: the whole device at a moment, readable at a glance.
 *
 * Invariant: it shows what the model says of the moment that all views share, at most once for each picture of the page. A long recording is read in
 * portions, so the page stays usable; until all is read, what is shown is as of where the reading is.
 */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TraceStore } from '../../../../trace/recording/trace-store.js';
import { SystemModel } from '../../../model/system.js';
import { DEFAULT_THRESHOLDS } from '../../../model/system-words.js';
import type { App } from '../../app.js';
import { Diagram } from './diagram.js';
import { Rates } from './rates.js';
import { Warnings } from './warnings.js';
import './system.css';

/** Events that are read for one picture of the page. */
const PORTION = 150_000;

/** Models of recordings, by their thresholds: kept while another view is looked at. */
const models = new WeakMap<TraceStore, Map<string, SystemModel>>();

function modelOf(store: TraceStore, bqlHeld: number, bottomHalfWaited: number): SystemModel {
  const known = models.get(store) ?? new Map<string, SystemModel>();
  models.set(store, known);
  const key = `${bqlHeld} ${bottomHalfWaited}`;
  const model = known.get(key) ?? new SystemModel(store, { thresholds: { bqlHeld, bottomHalfWaited } });
  // One with other thresholds is let go: whoever changes them goes on with the new ones.
  known.clear();
  known.set(key, model);
  return model;
}

/** A number of milliseconds in the address, as nanoseconds. */
function threshold(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return value >= 0.1 && value <= 10_000 ? 1e6 * value : otherwise;
}

export function SystemView({ app }: { readonly app: App }) {
  /** Goes up when there is more to read although nothing has come. */
  const reads = useSignal(0);
  const shown = useComputed(() => {
    app.version.value;
    reads.value;
    const { bql, bh } = app.route.value.params;
    const model = modelOf(app.store, threshold(bql, DEFAULT_THRESHOLDS.bqlHeld), threshold(bh, DEFAULT_THRESHOLDS.bottomHalfWaited));
    const isRead = model.advance(PORTION);
    return { isRead, thresholds: model.thresholds, view: model.at(app.time.value) };
  });
  const { isRead, thresholds, view } = shown.value;
  useEffect(() => {
    if (isRead) return;
    const frame = requestAnimationFrame(() => {
      reads.value++;
    });
    return () => cancelAnimationFrame(frame);
  }, [shown.value]);
  return (
    <div class="sys">
      <Diagram view={view} threshold={thresholds.bqlHeld} />
      <div class="sys-legend" aria-hidden="true">
        <span class="sys-is-busy">busy</span>
        <span class="sys-is-waiting">waiting: in a nested wait, or inside PVG</span>
        <span class="sys-is-idle">idle, over the second before</span>
      </div>
      <Rates view={view} />
      <Warnings app={app} view={view} thresholds={thresholds} isRead={isRead} />
    </div>
  );
}
