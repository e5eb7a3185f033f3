/**
 * The rival's piscina task: one register write, into PVG.
 */
import { loadBridge } from '../../../dist/src/bridge/native.js';

const GFX = 0;

export default function write({ device, offset, value }) {
  return loadBridge().pvg_mmio_write(device, GFX, offset, value);
}
