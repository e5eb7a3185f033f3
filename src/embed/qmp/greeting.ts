/**
 * What a QMP server says first: who it is.
 */
import { VERSION } from '../../runtime/version.js';

/** As query-version answers: our own version, where a client looks for QEMU's. */
export function version(): { readonly qemu: Readonly<Record<'major' | 'minor' | 'micro', number>>; readonly package: string } {
  const [major = 0, minor = 0, micro = 0] = VERSION.split(/[.-]/).map(Number);
  return { qemu: { major, minor, micro }, package: `apple-gfx ${VERSION}` };
}

export function greeting(): object {
  return { QMP: { version: version(), capabilities: [] } };
}
