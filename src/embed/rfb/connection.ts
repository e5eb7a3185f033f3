/**
 * How viewers are reached: by TCP, or by a WebSocket, as a page in a browser has it.
 *
 * Invariant: send() resolves only once the system has the bytes, so whoever sends more than a viewer takes waits for it.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { RfbError } from './protocol.js';
import type { Connection } from './viewer.js';

/** A connection, and what comes in. */
export interface Incoming extends Connection {
  onBytes(listener: (bytes: Buffer) => void): void;
  onEnd(listener: () => void): void;
  /** Ends it at once, whatever was not sent yet. */
  destroy(): void;
}

export function overTcp(socket: Socket): Incoming {
  const peer = `${socket.remoteAddress ?? 'nobody'}:${socket.remotePort ?? 0}`;
  socket.setNoDelay(true);
  // What goes wrong with the connection ends it, and that is all there is to say.
  socket.on('error', () => socket.destroy());
  return {
    peer,
    send: (pieces) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed || socket.writableEnded) return reject(new RfbError('the viewer has gone'));
        socket.once('close', reject);
        socket.cork();
        pieces.forEach((piece, index) => {
          socket.write(piece, () => {
            if (index < pieces.length - 1) return;
            socket.off('close', reject);
            resolve();
          });
        });
        socket.uncork();
      }),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    onBytes: (listener) => void socket.on('data', listener),
    onEnd: (listener) => void socket.once('close', listener),
  };
}

export function overWebSocket(socket: WebSocket, peer: string): Incoming {
  socket.on('error', () => socket.terminate());
  return {
    peer: `${peer} (WebSocket)`,
    send: (pieces) =>
      new Promise((resolve, reject) => {
        socket.send(Buffer.concat(pieces), { binary: true }, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => socket.close(),
    destroy: () => socket.terminate(),
    onBytes: (listener) => {
      socket.on('message', (data) => listener(bytesOf(data)));
    },
    onEnd: (listener) => void socket.once('close', listener),
  };
}

function bytesOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
