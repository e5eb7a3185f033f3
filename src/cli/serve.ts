/**
 * `apple-gfx serve`: the pci variant as a vfio-user server, for QEMU and other virtual machine monitors.
 *
 * Exit codes: 0 ended by SIGTERM, SIGINT, QMP's quit or the end of its one client (--fd), 1 the device or the server failed, 2 wrong usage, 3 the device
 * deadlocked. It stays in the foreground, as backends of VMMs do.
 */
import { DeadlockError, describeError } from '../base/errors.js';
import { createDevice } from '../create-device.js';
import type { Device } from '../device.js';
import type { DisplayMode } from '../device/display-mode.js';
import type { QmpServer } from '../embed/qmp/server.js';
import type { VfioUserOptions, VfioUserServer } from '../embed/vfio-user/server.js';
import { DEADLOCKED } from './run.js';
import { openQmp } from './qmp.js';
import { openTrace } from './trace-sink.js';
import { UsageError } from './usage-error.js';
import { openVnc, type VncSetting } from './vnc.js';

export interface ServeOptions {
  readonly socketPath: string | undefined;
  readonly fd: number | undefined;
  /** Offered first; undefined: the usual modes. */
  readonly mode: DisplayMode | undefined;
  readonly displays: number | undefined;
  readonly vsync: boolean;
  readonly romfile: string | undefined;
  readonly vectors: number | undefined;
  readonly display: VncSetting | undefined;
  readonly qmp: string | undefined;
  readonly trace: readonly string[];
  readonly traceFile: string | undefined;
  readonly tracePrefix: boolean;
}

/** Refused requests that are told of, for each client: a hostile one could fill the disk. */
const MAX_TOLD = 20;

const say = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);

function placeOf({ socketPath, fd }: ServeOptions): VfioUserOptions {
  if (socketPath !== undefined && fd === undefined) return { path: socketPath };
  if (fd !== undefined && socketPath === undefined) return { fd };
  throw new UsageError('expected either --socket-path or --fd');
}

function makeServedDevice(options: ServeOptions): Promise<Device> {
  const { mode, displays, vsync, romfile, vectors, trace } = options;
  return createDevice({
    variant: 'pci',
    // All of the guest's memory is its VMM's.
    ramBytes: 16384,
    ramBase: 2 ** 48,
    vsync,
    // Who looks says so: VNC's viewers, and screendumps.
    headless: true,
    trace,
    ...(mode && { modes: [mode] }),
    ...(displays && { displays }),
    ...(romfile !== undefined && { optionRom: romfile }),
    ...(vectors && { vectors }),
  });
}

/** Says who comes and goes, and what was refused. */
function tellOf(server: VfioUserServer): void {
  let told = 0;
  server.on('client', () => {
    told = 0;
    say('a client has connected');
  });
  server.on('left', (reason) => say(`the client has gone: ${reason}`));
  server.on('refused', (reason) => {
    if (++told <= MAX_TOLD) say(`refused: ${reason}${told === MAX_TOLD ? ' (and no more is told of this client)' : ''}`);
  });
}

/** Serves until it is told to end; returns the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const place = placeOf(options);
  const sink = await openTrace(options);
  const device = await makeServedDevice(options);
  device.on('trace', sink.write);
  device.on('guestError', (text) => say(`guest error: ${text}`));
  const died = new Promise<Error | null>((resolve) => device.once('closed', resolve));
  const { serveVfioUser } = await import('../embed/vfio-user/server.js');
  let closeVnc = (): Promise<void> => Promise.resolve();
  let qmp: QmpServer | null = null;
  let server: VfioUserServer | null = null;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    server = await serveVfioUser(device, place).catch((error: unknown) => {
      throw new UsageError(`vfio-user: ${describeError(error)}`);
    });
    tellOf(server);
    const closed = new Promise<Error | null>((resolve) => server?.once('closed', resolve));
    if (options.display !== undefined) closeVnc = await openVnc(device, options.display);
    if (options.qmp !== undefined) qmp = await openQmp({ device }, options.qmp, end);
    say(`vfio-user on ${'path' in place ? `unix:${place.path}` : `descriptor ${place.fd}`}`);
    const failure = await Promise.race([ended.then(() => null), closed, died]);
    if (failure === null) return 0;
    say(describeError(failure));
    return failure instanceof DeadlockError ? DEADLOCKED : 1;
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
    await server?.close();
    await closeVnc();
    await qmp?.close('host-signal');
    await device.close();
    await sink.close();
  }
}
