/**
 * Rows of the benchmark: an MMIO write without upcall.
 */
import { latencyNames, measureLatency } from '../latency.mjs';

export const names = latencyNames('write');

export const measure = (options) => measureLatency('write', options);
