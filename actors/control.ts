/**
 * The control plane: comlink over a MessagePort; the only importer of comlink.
 *
 * A call reaches an actor when its event loop turns, so the caller kicks the actor's mailbox after it.
 */
import { createRequire } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import type { ActorControl } from './wiring.js';

// The package declares no types for its Node adapter under a path that Node can import, hence require().
const nodeEndpoint = createRequire(import.meta.url)('comlink/dist/umd/node-adapter.js') as (port: MessagePort) => Comlink.Endpoint;

/** Offers an actor's controls on its port. */
export function exposeControl(control: ActorControl, port: MessagePort): void {
  Comlink.expose(control, nodeEndpoint(port));
}

/** The supervisor's side of exposeControl(). */
export function wrapControl(port: MessagePort): Comlink.Remote<ActorControl> {
  return Comlink.wrap<ActorControl>(nodeEndpoint(port));
}
