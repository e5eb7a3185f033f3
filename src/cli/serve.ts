/**
 * `apple-gfx serve`: the pci variant as a vfio-user server, for QEMU and other virtual machine monitors.
 *
 * Exit codes: 0 ended by SIGTERM, SIGINT, QMP's quit or the end of its one client (--fd), 1 the device or the server failed, 2 wrong usage, 3 the device
 * deadlocked. It stays in the foreground, as backends of VMMs do.
 */
import { DeadlockError, describeError } from '../base/errors.js';
import type { BridgeChoice } from '../bridge/pvg.js';
import { createDevice } from '../create-device.js';
import type { Device } from '../device.js';
import type { DisplayMode } from '../device/display-mode.js';
import type { DeviceOptions } from '../device/options.js';
import type { QmpServer } from '../embed/qmp/server.js';
import type { VfioUserPlace, VfioUserServer } from '../embed/vfio-user/server.js';
import { type DashboardFlags, LiveDashboard } from './dashboard.js';
import { DEADLOCKED } from './exit-codes.js';
import { openQmp } from './qmp.js';
import { Recording } from './recording.js';
import { openTrace, type TraceSink } from './trace-sink.js';
import { UsageError } from './usage-error.js';
import { openVnc, type VncSetting } from './vnc.js';

export interface ServeOptions extends DashboardFlags {
  readonly socketPath: string | undefined;
  readonly fd: number | undefined;
  /** Offered first; undefined: the usual modes. */
  readonly mode: DisplayMode | undefined;
  readonly displays: number | undefined;
  readonly vsync: boolean;
  readonly bridge: BridgeChoice;
  readonly romfile: string | undefined;
  readonly vectors: number | undefined;
  readonly display: VncSetting | undefined;
  readonly qmp: string | undefined;
  readonly trace: readonly string[];
  readonly traceFile: string | undefined;
  readonly tracePrefix: boolean;
  /** Where what is served first is recorded. */
  readonly record: string | undefined;
  readonly recordLast: number | undefined;
}

/** Refused requests that are told of, for each client: a hostile one could fill the disk. */
const MAX_TOLD = 20;

const say = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);

function placeOf({ socketPath, fd }: ServeOptions): VfioUserPlace {
  if (socketPath !== undefined && fd === undefined) return { path: socketPath };
  if (fd !== undefined && socketPath === undefined) return { fd };
  throw new UsageError('expected either --socket-path or --fd');
}

/** How the device is made; `moved`: what it goes on from, when its VMM has moved it. */
function makeServedDevice(options: ServeOptions, moved: Pick<DeviceOptions, 'memory' | 'restore'> = {}): Promise<Device> {
  const { mode, displays, vsync, bridge, romfile, vectors, trace } = options;
  const restored = moved.restore !== undefined;
  return createDevice({
    variant: 'pci',
    // All of the guest's memory is its VMM's.
    ramBytes: 0,
    vsync,
    bridge,
    // Who looks says so: VNC's viewers, and screendumps.
    headless: true,
    trace,
    ...moved,
    // What was saved says which modes and how many displays there are.
    ...(!restored && mode && { modes: [mode] }),
    ...(!restored && displays && { displays }),
    ...(romfile !== undefined && { optionRom: romfile }),
    ...(vectors && { vectors }),
    traceDetail: options.record !== undefined || options.dashboard !== undefined,
  });
}

/** What shows the device to people, opened anew for each device that is served. */
class Monitors {
  private closeVnc = (): Promise<void> => Promise.resolve();
  private qmp: QmpServer | null = null;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ServeOptions,
    private readonly sink: TraceSink,
    private readonly dashboard: LiveDashboard | null,
    private readonly onQuit: () => void,
  ) {}

  /** Opens what was asked for. Throws UsageError. */
  async open(device: Device): Promise<void> {
    const { display, qmp } = this.options;
    device.on('trace', this.sink.write);
    device.on('guestError', (text) => say(`guest error: ${text}`));
    this.dashboard?.begin(device, 'apple-gfx serve');
    // The guest is the VMM's, which pauses and resets it.
    await this.dashboard?.listen(null);
    if (display !== undefined) this.closeVnc = await openVnc(device, display);
    if (qmp !== undefined) this.qmp = await openQmp({ device }, qmp, this.onQuit);
  }

  async close(): Promise<void> {
    await this.closeVnc();
    await this.qmp?.close('host-signal');
    await this.dashboard?.close('the device has ended');
    this.closeVnc = () => Promise.resolve();
    this.qmp = null;
  }

  /** Another device is served, or none; one change after the other. */
  replace(device: Device | null): void {
    this.turn = this.turn
      .then(async () => {
        await this.close();
        if (device) await this.open(device);
      })
      .catch((error: unknown) => say(describeError(error)));
  }

  /** Resolves when every change was made. */
  settled(): Promise<void> {
    return this.turn;
  }
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
  const recording = await Recording.open(options);
  const dashboard = await LiveDashboard.prepare(options, recording);
  const device = await makeServedDevice(options);
  let end = (): void => undefined;
  const ended = new Promise<null>((resolve) => {
    end = () => resolve(null);
  });
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const monitors = new Monitors(options, sink, dashboard, end);
  let server: VfioUserServer | null = null;
  try {
    if (dashboard === null) recording?.begin(device);
    await monitors.open(device);
    const { serveVfioUser } = await import('../embed/vfio-user/server.js');
    server = await serveVfioUser(device, { ...place, makeDevice: (moved) => makeServedDevice(options, moved) }).catch((error: unknown) => {
      throw new UsageError(`vfio-user: ${describeError(error)}`);
    });
    tellOf(server);
    server.on('device', (next) => monitors.replace(next));
    const closed = new Promise<Error | null>((resolve) => server?.once('closed', resolve));
    say(`vfio-user on ${'path' in place ? `unix:${place.path}` : `descriptor ${place.fd}`}`);
    const failure = await Promise.race([ended, closed]);
    if (failure === null) return 0;
    say(describeError(failure));
    return failure instanceof DeadlockError ? DEADLOCKED : 1;
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
    await server?.close();
    await monitors.settled();
    await monitors.close();
    await (server?.device ?? device).close();
    const recorded = await recording?.close('the server has ended');
    if (recorded !== undefined) say(`recorded: ${recorded}; look at it with: apple-gfx open ${recorded}`);
    await sink.close();
  }
}
