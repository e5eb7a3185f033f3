/**
 * Rows of the benchmark: a map upcall answered by the BQL actor, from one native caller.
 */
import { latencyNames, measureLatency } from '../latency.mjs';

export const names = latencyNames('map-1');

export const measure = (options) => measureLatency('map-1', options);
