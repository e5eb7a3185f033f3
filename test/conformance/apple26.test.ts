/**
 * Conformance of the built device on Apple's PVG, which is the stand-in of macOS 26's.
 */
import { useStandin } from '../native/apple/standin.js';
import { AppleDevices } from './apple-devices.js';
import { describeConformance } from './conformance.js';

describeConformance('the PVG of macOS 26', new AppleDevices(useStandin('26')));
