/**
 * Rows of the benchmark: an IOSurface mapped and unmapped, against the look-up by itself.
 */
import { latencyNames, measureLatency } from '../latency.mjs';

export const names = latencyNames('iosfc');

export const measure = (options) => measureLatency('iosfc', options);
