/**
 * The system view: the whole device at a moment, readable at a glance.
 *
 * Invariant: it shows what the model says of the moment that all views share. While the end is followed it is drawn anew ten times a second, since
 * nobody reads faster. A long recording is read in portions, so the page stays usable; until all is read, what is shown is as of where the reading is.
 */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TraceStore } from '../../../../trace/recording/trace-store.js';
import { SystemModel } from '../../../model/system.js';
import { DEFAULT_THRESHOLDS } from '../../../model/system-warnings.js';
import type { App } from '../../app.js';
import { Diagram } from './diagram.js';
import { Rates } from './rates.js';
import { Warnings } from './warnings.js';
import './system.css';

/** Events that are read for one picture of the page. */
const PORTION = 150_000;
const REDRAW_MS = 100;

/** The latest model of a recording: kept while another view is looked at. Whoever changes the thresholds goes on with the new ones. */
const models = new WeakMap<TraceStore, SystemModel>();

function modelOf(store: TraceStore, bqlHeld: number, bottomHalfStarved: number): SystemModel {
  const known = models.get(store);
  if (known?.thresholds.bqlHeld === bqlHeld && known.thresholds.bottomHalfStarved === bottomHalfStarved) return known;
  const model = new SystemModel(store, { thresholds: { bqlHeld, bottomHalfStarved } });
  models.set(store, model);
  return model;
}

/** A number of milliseconds in the address, as nanoseconds. */
function threshold(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return value >= 0.1 && value <= 10_000 ? 1e6 * value : otherwise;
}

export function SystemView({ app }: { readonly app: App }) {
  /** Goes up when it is to be drawn anew although the moment is the same. */
  const draws = useSignal(0);
  const shown = useComputed(() => {
    draws.value;
    const { bql, bh } = app.route.value.params;
    const model = modelOf(app.store, threshold(bql, DEFAULT_THRESHOLDS.bqlHeld), threshold(bh, DEFAULT_THRESHOLDS.bottomHalfStarved));
    const isRead = model.advance(PORTION);
    return { isRead, thresholds: model.thresholds, version: app.version.peek(), view: model.at(app.time.value) };
  });
  const { isRead, thresholds, view } = shown.value;
  useEffect(() => {
    const timer = setInterval(() => {
      if (app.version.peek() !== shown.peek().version) draws.value++;
    }, REDRAW_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (isRead) return;
    const frame = requestAnimationFrame(() => draws.value++);
    return () => cancelAnimationFrame(frame);
  }, [shown.value]);
  return (
    <div class="sys">
      <Diagram view={view} threshold={thresholds.bqlHeld} />
      <div class="sys-legend" aria-hidden="true">
        <span class="is-busy">busy</span>
        <span class="is-waiting">waiting: in a nested wait, or inside PVG</span>
        <span>idle, over the second before</span>
      </div>
      <Rates view={view} />
      <Warnings app={app} view={view} thresholds={thresholds} isRead={isRead} />
    </div>
  );
}
