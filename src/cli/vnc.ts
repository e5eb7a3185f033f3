/**
 * `--display vnc=HOST:N`: viewers for the displays of a command's device.
 *
 * Display number k is on port 5900 + N + k, as VNC's display N + k is everywhere. What it does not do: speak the protocol (src/embed/rfb).
 */
import { readFileSync } from 'node:fs';
import type { Device } from '../device.js';
import { describeError } from '../base/errors.js';
import { UsageError } from './usage-error.js';

/** What was asked for. */
export interface VncSetting {
  readonly host: string;
  /** VNC's display number of the first display. */
  readonly number: number;
  /** TCP port of the first display's WebSockets; null: none. */
  readonly webSocketPort: number | null;
  readonly password: string | null;
}

const FIRST_PORT = 5900;
const FIRST_WEB_SOCKET_PORT = 5700;
const MAX_NUMBER = 99;
const SYNTAX = 'expected vnc=HOST:N, then if wanted ,websocket or ,websocket=PORT and ,password-file=FILE';

/** Parses what stands behind `--display`. Throws UsageError. */
export function parseVnc(text: string): VncSetting {
  const [first = '', ...options] = text.split(',');
  const [, host = '', digits = ''] = /^vnc=(.*):(\d{1,5})$/.exec(first) ?? [];
  const number = Number(digits);
  if (digits === '' || number > MAX_NUMBER) throw new UsageError(`"${text}": ${SYNTAX}; N is 0..${MAX_NUMBER}`);
  let webSocketPort: number | null = null;
  let password: string | null = null;
  for (const option of options) {
    const [name = '', value] = option.split(/=(.*)/s);
    if (name === 'websocket') webSocketPort = value === undefined ? FIRST_WEB_SOCKET_PORT + number : portOf(value);
    else if (name === 'password-file' && value) password = readPassword(value);
    else throw new UsageError(`"${option}" in "${text}": ${SYNTAX}`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', number, webSocketPort, password };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`websocket=${text}: expected a port, 1..65535`);
  return port;
}

function readPassword(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`password-file: ${describeError(error)}`);
  }
  if (text === '') throw new UsageError(`password-file: ${path} is empty`);
  return text;
}

/** Lets viewers in, and says on stderr where, who came and who was sent away. Returns what ends it. */
export async function openVnc(device: Device, { host, number, webSocketPort, password }: VncSetting): Promise<() => Promise<void>> {
  const { serveVnc } = await import('../embed/rfb/server.js');
  const say = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);
  const opened = await Promise.allSettled(
    device.displays.map(async (display, index) => {
      const port = FIRST_PORT + number + index;
      const server = await serveVnc(display, {
        host,
        port,
        name: device.displays.length > 1 ? `apple-gfx, display ${index}` : 'apple-gfx',
        ...(webSocketPort !== null && { webSocketPort: webSocketPort + index }),
        ...(password !== null && { password }),
      }).catch((error: unknown) => {
        throw new UsageError(`VNC for display ${index}: ${describeError(error)}`);
      });
      const sockets = server.webSocketAddress;
      say(`VNC on ${host}:${number + index} (port ${server.address.port}${sockets ? `, WebSocket ${sockets.port}` : ''})`);
      server.on('viewer', (peer) => say(`viewer ${peer} came`));
      server.on('left', (peer) => say(`viewer ${peer} left`));
      server.on('refused', (peer, reason) => say(`viewer ${peer} was sent away: ${reason}`));
      return server;
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  };
  const failed = opened.find((each) => each.status === 'rejected');
  if (failed === undefined) return close;
  await close();
  throw failed.reason;
}
