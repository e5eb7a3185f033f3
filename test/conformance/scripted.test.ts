/**
 * Conformance of the device in one thread, with the scripted PVG.
 */
import { describeConformance } from './conformance.js';
import { ScriptedRigs } from './scripted-rig.js';

describeConformance('the scripted PVG', new ScriptedRigs());
