/**
 * The views, in the order of their tabs.
 *
 * Invariant: what is in this list can be used; a view that isn't finished isn't here.
 */
import type { ComponentType } from 'preact';
import type { App } from './app.js';

export interface View {
  /** As in the address: `display`. */
  readonly name: string;
  /** As on its tab. */
  readonly title: string;
  readonly component: ComponentType<{ readonly app: App }>;
}

export const VIEWS: readonly View[] = [];
