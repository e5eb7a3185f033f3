/**
 * The explorer as a part of a page's server: its methods and its topic.
 */
import type { DashboardModule } from '../server/dashboard.js';
import { type Catalogue, ExploreService, PROGRESS } from './service.js';

/** What the explorer's part of a server is made with. */
export interface ExploreModuleOptions {
  readonly catalogue: Catalogue;
  /** explore/thread.js. */
  readonly thread: URL;
  /** Options of the thread's, for how modules are loaded. */
  readonly execArgv?: readonly string[];
  /** Whether worlds are run only for pages that may change something. */
  readonly needsControl: boolean;
}

const REFUSAL = 'running a world takes the machine that the device runs on: start the command with --control to allow it';

/** Registers the explorer. Its thread is ended when the server is closed. */
export function exploreModule({ catalogue, thread, execArgv = [], needsControl }: ExploreModuleOptions): DashboardModule {
  return (registry) => {
    const refusal = needsControl && !registry.isControl ? REFUSAL : null;
    const publish = (topic: string, value: unknown): void => registry.publish(topic, value);
    const service = new ExploreService({ catalogue, thread, execArgv, refusal, publish });
    registry.topic(PROGRESS);
    for (const [name, run] of service.methods) registry.method(name, run);
    return () => void service.close();
  };
}
