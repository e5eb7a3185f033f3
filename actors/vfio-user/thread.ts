/**
 * The vfio-user server's thread: lets one client in after the other, and carries its requests out in order.
 *
 * Invariant: when a client has gone, whatever it did, nothing of it is used any more, and the next one is let in. The thread waits in the native
 * library, never in its event loop, and ends when it is told to or the device has ended.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert, DeviceClosedError } from '../../src/base/errors.js';
import { loadBridge } from '../../src/bridge/native.js';
import type { VfioUserThreadData } from '../../src/embed/vfio-user/messages.js';
import { ConnectionError } from '../../src/embed/vfio-user/protocol.js';
import { Answer, VfioUserSession } from '../../src/embed/vfio-user/session.js';
import { acceptClient, Connection, SERVER_CLOSES } from './connection.js';
import { ThreadDevice } from './device.js';

const bridge = loadBridge();
const data = workerData as VfioUserThreadData;
const answer = new Answer();
/** Refused requests that are told of, for each client: one that asks for nothing else could fill the memory of who is told. */
const MAX_REFUSED_TOLD = 256;

function portOf(port: MessagePort | null): MessagePort {
  assert(port !== null, 'the vfio-user server runs on a thread of its own');
  return port;
}

/** Serves a client until it has gone; why. */
function converse(connection: Connection, session: VfioUserSession, device: ThreadDevice): string {
  try {
    // Looked at before each message, since a client that always has another one never lets the thread sleep, and be woken.
    while (!device.look()) {
      const message = connection.receive();
      if (message === null) return 'it closed the connection';
      if (message === 'woken') continue;
      if (session.handle(message, answer)) connection.send(answer, () => device.look());
      if (session.client) connection.begun();
    }
    return SERVER_CLOSES;
  } catch (error) {
    if (error instanceof ConnectionError) return error.message;
    throw error;
  }
}

function serve(device: ThreadDevice, socket: number): void {
  device.tell({ report: 'client' });
  const connection = new Connection(bridge, socket, data.wake, data.attachment.pollMicroseconds);
  let refused = 0;
  const session = new VfioUserSession(device, (reason) => {
    if (++refused <= MAX_REFUSED_TOLD) device.tell({ report: 'refused', reason });
  });
  let reason = 'the device has ended';
  try {
    reason = converse(connection, session, device);
  } finally {
    connection.close();
    // First, since whoever waits for memory by messages holds up what the rest is waiting for.
    device.closeTwin();
    session.end();
    device.tell({ report: 'left', reason });
  }
}

function run(): void {
  const device = new ThreadDevice(portOf(parentPort), data);
  try {
    if (!data.listens) return serve(device, data.socket);
    while (!device.closing) {
      const client = acceptClient(bridge, data.socket, data.wake);
      if (client === 'woken') device.look();
      else serve(device, client);
    }
  } catch (error) {
    // The device says itself why it has ended.
    if (!(error instanceof DeviceClosedError)) throw error;
  } finally {
    device.detach();
  }
}

run();
