/**
 * What the service and its thread say to each other.
 */
import type { WorldSource } from '../../explorer/jobs.js';
import type { SearchRequest, SearchStatus } from '../model/explore-protocol.js';

/** Where a world is, what looks at its state, and how `apple-gfx replay` is told of it. */
export interface WorldPlace {
  readonly source: WorldSource;
  /** A module's export that is an Inspector; null: none. */
  readonly inspector: { readonly module: string; readonly name: string } | null;
  readonly module?: string | undefined;
}

/** A task of the thread. */
export type Task =
  | { readonly do: 'search'; readonly place: WorldPlace; readonly request: SearchRequest; readonly run: number }
  | { readonly do: 'stop' }
  | { readonly do: 'open'; readonly fault: number }
  | (Again & { readonly do: 'replay'; readonly cycleFrom: number | null })
  | (Again & { readonly do: 'move'; readonly step: number; readonly by: number });

/** An execution that is to be had again. */
export interface Again {
  readonly place: WorldPlace;
  readonly schedule: string;
  /** The property that matters, if it is broken; null: the first one that is. */
  readonly property: string | null;
}

/** To the thread. */
export interface Order {
  readonly id: number;
  readonly task: Task;
}

/** From the thread. */
export type Report =
  | { readonly id: number; readonly value: unknown }
  /** `isWrong`: what was asked for is wrong, and not the world or the engine. */
  | { readonly id: number; readonly problem: string; readonly isWrong: boolean }
  | { readonly status: SearchStatus };
