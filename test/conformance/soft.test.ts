/**
 * Conformance of the built device on real threads, with the native software PVG.
 */
import { describeConformance } from './conformance.js';
import { SoftDevices } from './soft-devices.js';

describeConformance('the software PVG', new SoftDevices());
