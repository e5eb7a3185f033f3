/**
 * Rows of the benchmark: an MMIO write with one map upcall inside.
 */
import { latencyNames, measureLatency } from '../latency.mjs';

export const names = latencyNames('write-map');

export const measure = (options) => measureLatency('write-map', options);
