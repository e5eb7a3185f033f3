/**
 * Conformance of the built device on Apple's PVG, which is the stand-in of macOS 15.4's.
 */
import { describe, it } from 'vitest';
import { useStandin, whyNoStandin } from '../native/apple/standin.js';
import { AppleDevices } from './apple-devices.js';
import { describeConformance } from './conformance.js';

const missing = whyNoStandin();
if (missing) describe.skip(`the PVG of macOS 15.4: ${missing}`, () => it('is not tested here', () => {}));
else describeConformance('the PVG of macOS 15.4', new AppleDevices(useStandin('15.4')));
