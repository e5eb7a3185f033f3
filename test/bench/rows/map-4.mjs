/**
 * Rows of the benchmark: a map upcall answered by the BQL actor, from four native callers at once.
 */
import { latencyNames, measureLatency } from '../latency.mjs';

export const names = latencyNames('map-4');

export const measure = (options) => measureLatency('map-4', options);
