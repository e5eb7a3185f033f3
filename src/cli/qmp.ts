/**
 * `--qmp unix:PATH`: a monitor for the device and the guest of a command.
 *
 * What it does not do: speak the protocol (src/embed/qmp).
 */
import { describeError } from '../base/errors.js';
import type { Device } from '../device.js';
import type { QmpMachine, QmpServer } from '../embed/qmp/server.js';
import { UsageError } from './usage-error.js';

const SYNTAX = 'expected unix:PATH, then if wanted ,server=on and ,wait=off';
/** QEMU's two spellings; a run neither connects to anybody nor waits for anybody. */
const OPTIONS = ['server', 'server=on', 'nowait', 'wait=off'];

/** Parses what stands behind `--qmp` as QEMU has it; a comma in the path is written twice. Throws UsageError. */
export function parseQmp(text: string): string {
  const [first = '', ...options] = splitCommas(text);
  const [, path = ''] = /^unix:(.+)$/s.exec(first) ?? [];
  if (path === '') throw new UsageError(`"${text}": ${SYNTAX}`);
  const wrong = options.find((option) => !OPTIONS.includes(option));
  if (wrong !== undefined) throw new UsageError(`"${wrong}" in "${text}": ${SYNTAX}`);
  return path;
}

/** At single commas; two are one of the text. */
function splitCommas(text: string): string[] {
  const parts = text.match(/(?:[^,]|,,)+/g) ?? [];
  return parts.map((part) => part.replaceAll(',,', ','));
}

/** Whose monitor it is; a device whose guest is somebody else's has no machine. */
export interface Monitored {
  readonly device: Device;
  readonly machine?: QmpMachine | null;
}

/** Lets clients in, and says on stderr where and who was sent away. `onQuit`: a client ended the command. */
export async function openQmp(monitored: Monitored, path: string, onQuit: () => void): Promise<QmpServer> {
  const { serveQmp } = await import('../embed/qmp/server.js');
  const say = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);
  const { device, machine } = monitored;
  const server = await serveQmp(device, { path, onQuit, ...(machine && { machine }) }).catch((error: unknown) => {
    throw new UsageError(`QMP: ${describeError(error)}`);
  });
  server.on('refused', (reason) => say(`a QMP client was sent away: ${reason}`));
  say(`QMP on unix:${path}`);
  return server;
}
