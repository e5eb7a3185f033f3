/**
 * Where the code of a thread is: the bundle that the build makes of `actors/NAME/thread.ts` and all it imports (native/bundle.mjs).
 *
 * Invariant: this module lies two folders below dist/, and so do bundles; so the path is right wherever this code has been put.
 */
type ThreadName = 'bql' | 'render-queue' | 'background-queue' | 'watchdog' | 'vcpu' | 'vfio-user';

export function threadFile(name: ThreadName): URL {
  return new URL(`../../bundles/${name}/thread.cjs`, import.meta.url);
}
