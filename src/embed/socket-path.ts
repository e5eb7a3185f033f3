/**
 * The path of a Unix socket: what may stand there already, and who may connect.
 *
 * Invariant: nothing is taken away but the socket of a server that has gone, and nobody but this user can connect.
 */
import { once } from 'node:events';
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { ArgumentError, describeError } from '../base/errors.js';

/** Linux has 108 bytes for it, with a zero at the end; longer ones would be cut off. */
const MAX_PATH_BYTES = 107;
/** Neither the group nor others: only the user reads and writes. */
const MODE = 0o600;

/** Throws ArgumentError for a path that no socket can have, or that something else has. */
export async function claimPath(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || path.includes('\0')) throw new ArgumentError(`path is ${JSON.stringify(path)}, expected the path of a file`);
  if (bytes > MAX_PATH_BYTES) throw new ArgumentError(`path ${path} has ${bytes} bytes, a Unix socket's has at most ${MAX_PATH_BYTES}`);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ArgumentError(`path ${path} exists and is no socket`);
  const answer = await knock(path);
  if (answer === null) throw new ArgumentError(`path ${path} is the socket of a server that runs`);
  if (answer.code !== 'ECONNREFUSED')
    throw new ArgumentError(`path ${path} is a socket that can't be connected to: ${describeError(answer)}`);
  rmSync(path, { force: true });
}

/** What the system says of a connection to it, null if there is somebody. */
function knock(path: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', resolve);
  });
}

/** Has a server listen at a path, for this user only; resolves when it does. Rejects as claimPath() does, and with what the system says. */
export async function listenAt(server: Server, path: string): Promise<void> {
  await claimPath(path);
  const listening = once(server, 'listening');
  listenPrivately(server, path);
  await listening;
}

/** Begins to listen. The server says how it went. */
function listenPrivately(server: Server, path: string): void {
  // The socket is made inside listen(), with what the mask leaves of its permissions. A worker can't change the mask, and has a moment when more may be allowed.
  const mask = isMainThread ? process.umask(0o777 & ~MODE) : null;
  try {
    server.listen(path);
  } finally {
    if (mask !== null) process.umask(mask);
  }
  if (server.listening) chmodSync(path, MODE);
}
