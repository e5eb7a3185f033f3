/**
 * `--qtest unix:PATH`: a run without its guest, whose part a qtest client takes, on a device with a virtual clock.
 *
 * What it does not do: speak the protocol (src/embed/qtest).
 */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { describeError, DeviceClosedError } from '../base/errors.js';
import { createDevice } from '../create-device.js';
import type { Device } from '../device.js';
import type { Session, SessionOptions } from './session.js';
import { UsageError } from './usage-error.js';

/** Makes the device, with nobody on it; it ends when it is stopped. */
export async function startWithoutGuest({ device: options, mode }: SessionOptions): Promise<Session> {
  const device = await createDevice({ ...options, clock: 'virtual', ...(mode && { modes: [mode] }) });
  let stop = (): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    stop = resolve;
    device.once('closed', (reason) => reject(reason ?? new DeviceClosedError()));
  });
  // Who waits for the session hears of it.
  ended.catch(() => undefined);
  return { device, ended, machine: null, stop, finish: () => device.close() };
}

/** Lets clients in, and says on stderr where and who was sent away; what goes over the socket is written to `log`. Returns what ends it. */
export async function openQtest(device: Device, path: string, log: string | undefined): Promise<() => Promise<void>> {
  const { serveQtest } = await import('../embed/qtest/server.js');
  const say = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);
  const file = log === undefined ? null : createWriteStream(log);
  file?.on('error', (error) => say(`qtest log: ${describeError(error)}`));
  const server = await serveQtest(device, { path, ...(file && { log: (line: string) => void file.write(`${line}\n`) }) }).catch(
    (error: unknown) => {
      file?.destroy();
      throw new UsageError(`qtest: ${describeError(error)}`);
    },
  );
  server.on('refused', (reason) => say(`a qtest client was sent away: ${reason}`));
  say(`qtest on unix:${path}`);
  return async () => {
    await server.close();
    if (file && !file.destroyed) await finished(file.end()).catch(() => undefined);
  };
}
