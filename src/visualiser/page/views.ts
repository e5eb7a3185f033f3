/**
 * The views, in the order of their tabs.
 *
 * Invariant: what is in this list can be used; a view that isn't finished isn't here.
 */
import type { ComponentType } from 'preact';
import type { App } from './app.js';
import { DisplayView } from './views/display/display-view.js';
import { MachinesView } from './views/machines/machines-view.js';
import { SequenceView } from './views/sequence/sequence-view.js';
import { SystemView } from './views/system/system.js';
import { TimelineView } from './views/timeline/timeline-view.js';
import { ExploreView } from './views/explore/view.js';

export interface View {
  /** As in the address: `display`. */
  readonly name: string;
  /** As on its tab. */
  readonly title: string;
  readonly component: ComponentType<{ readonly app: App }>;
}

export const VIEWS: readonly View[] = [
  { name: 'system', title: 'System', component: SystemView },
  { name: 'machines', title: 'Machines', component: MachinesView },
  { name: 'timeline', title: 'Timeline', component: TimelineView },
  { name: 'sequence', title: 'Sequence', component: SequenceView },
  { name: 'display', title: 'Display', component: DisplayView },
  { name: 'explore', title: 'Explore', component: ExploreView },
];
