/**
 * The control plane: comlink over a MessagePort; the only importer of comlink.
 *
 * A call reaches an actor when its event loop turns, so the caller kicks the actor's mailbox after it. comlink is loaded when there is a
 * first call: most threads that come and go are never asked anything.
 */
import { createRequire } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import type { ActorControl } from './wiring.js';

const require = createRequire(import.meta.url);
const comlink = (): typeof Comlink => require('comlink') as typeof Comlink;

/** The package declares no types for its Node adapter under a path that Node can import. */
function endpoint(port: MessagePort): Comlink.Endpoint {
  const nodeEndpoint = require('comlink/dist/umd/node-adapter.js') as (port: MessagePort) => Comlink.Endpoint;
  return nodeEndpoint(port);
}

/** Offers an actor's controls on its port. What was asked before waits in the port. */
export function exposeControl(control: ActorControl, port: MessagePort): void {
  comlink().expose(control, endpoint(port));
}

/** The supervisor's side of exposeControl(). */
export function wrapControl(port: MessagePort): Comlink.Remote<ActorControl> {
  return comlink().wrap<ActorControl>(endpoint(port));
}
