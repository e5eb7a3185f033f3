/**
 * `--dashboard[=HOST:PORT]` and `apple-gfx open FILE`: a page that shows a command's device while it runs, or a recording.
 *
 * Invariant: where it is, is printed once, as one line on stderr. It only shows, unless `--control` was given. What it does not do: serve (src/visualiser/server),
 * or watch the device (src/embed/recorder).
 */
import { once } from 'node:events';
import { describeError, ListenError } from '../base/errors.js';
import type { Device } from '../device.js';
import type { LiveSource } from '../embed/recorder/live-source.js';
import type { Dashboard, DashboardModule } from '../visualiser/server/dashboard.js';
import type { GuestMachine } from './guest-machine.js';
import type { Recording } from './recording.js';
import { announceDashboard } from './runtime-file.js';
import { UsageError } from './usage-error.js';

/** Where it listens. */
export interface DashboardSetting {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

/** What the command line says of it. */
export interface DashboardFlags {
  /** undefined: there is none. */
  readonly dashboard: DashboardSetting | undefined;
  readonly control: boolean;
}

const LOOPBACK = '127.0.0.1';
/** What `--dashboard` says without more: a free port of this machine's. */
export const DEFAULT_DASHBOARD = `${LOOPBACK}:0`;

const say = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);

/** Parses what stands behind `--dashboard=`. Throws UsageError. */
export function parseDashboard(text: string): DashboardSetting {
  const [, host = '', digits = ''] = /^(\[[^\]]+\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) throw new UsageError(`"${text}": expected HOST:PORT, PORT in 0..65535, 0 for one that is free`);
  return { host: host.replace(/^\[(.*)\]$/, '$1') || LOOPBACK, port };
}

/** What can't be opened where it was told to is wrong usage. */
export function orUsage(opening: Promise<Dashboard>): Promise<Dashboard> {
  return opening.catch((error: unknown) => {
    throw error instanceof ListenError ? new UsageError(`dashboard: ${describeError(error)}`) : error;
  });
}

/** The methods of a page that may pause, continue and reset a run's guest. */
export function guestModule(machine: GuestMachine): DashboardModule {
  return (registry) => {
    registry.method('guest.pause', () => machine.pause(), { control: true });
    registry.method('guest.continue', () => machine.resume(), { control: true });
    registry.method('guest.reset', () => machine.reset(), { control: true });
    return undefined;
  };
}

/** What a dashboard of a device needs, loaded before there is one, so that nothing of it is missed. */
async function loadParts() {
  const [
    { LiveSource: Source },
    { serveDashboard },
    { inspectModule },
    { makeToken },
    { recordedCharts },
    { exploreCatalogue, explorePart },
  ] = await Promise.all([
    import('../embed/recorder/live-source.js'),
    import('../visualiser/server/dashboard.js'),
    import('../visualiser/server/inspect.js'),
    import('../visualiser/server/access.js'),
    import('./machine-charts.js'),
    import('./explore-catalogue.js'),
  ]);
  return { Source, serveDashboard, inspectModule, makeToken, chartOf: recordedCharts(), explorer: explorePart(exploreCatalogue(), true) };
}

/** A page of a device that runs. */
export class LiveDashboard {
  private source: LiveSource | null = null;
  private server: Dashboard | null = null;
  /** Takes back that this process has a dashboard. */
  private forget: () => void = () => undefined;
  /** Where the first one is, and what its viewers know: of a command's next device they are the same. */
  private place: { readonly setting: DashboardSetting; readonly token: string } | null = null;

  private constructor(
    private readonly setting: DashboardSetting,
    private readonly control: boolean,
    private readonly recording: Recording | null,
    private readonly parts: Awaited<ReturnType<typeof loadParts>>,
  ) {}

  /** Gets ready for a device, which is recorded as well if anything is; null if no dashboard was asked for. Throws UsageError. */
  static async prepare({ dashboard, control }: DashboardFlags, recording: Recording | null): Promise<LiveDashboard | null> {
    if (control && dashboard === undefined) throw new UsageError('--control says what a dashboard may do: expected --dashboard as well');
    return dashboard === undefined ? null : new LiveDashboard(dashboard, control, recording, await loadParts());
  }

  /** Begins to watch a device, in place of the one before. */
  begin(device: Device, title: string): void {
    const { recording, parts, place } = this;
    // A file has one device: the first.
    const also = place === null && recording !== null ? [recording.file] : [];
    this.source = new parts.Source(device, { title, chartOf: parts.chartOf, also });
    if (place === null) recording?.follow(device);
  }

  /** Lets viewers in; `machine`: the guest, where the command has one of its own. Throws UsageError. */
  async listen(machine: GuestMachine | null): Promise<void> {
    const { source, parts, control, place } = this;
    if (source === null) return;
    const { setting, token } = place ?? { setting: this.setting, token: parts.makeToken() };
    const modules = [parts.explorer, parts.inspectModule, ...(machine === null ? [] : [guestModule(machine)])];
    this.server = await orUsage(parts.serveDashboard({ source, ...setting, token, control, modules }));
    this.place = { setting: { host: setting.host, port: this.server.port }, token };
    this.forget = announceDashboard({ url: this.server.url, title: source.title });
    if (place === null) say(`dashboard: ${this.server.url}`);
  }

  /** Ends the recording, and sends its viewers away. */
  async close(reason: string): Promise<void> {
    this.source?.close(reason);
    this.forget();
    await this.server?.close();
    this.source = null;
    this.server = null;
  }
}

/** `apple-gfx open`: shows a recording, or a log of QEMU's, until it is interrupted; the exit code. */
export async function openRecording(path: string, setting: DashboardSetting): Promise<number> {
  const [{ openShownFile }, { serveDashboard }, { inspectModule }, { exploreCatalogue, explorePart }] = await Promise.all([
    import('./shown-file.js'),
    import('../visualiser/server/dashboard.js'),
    import('../visualiser/server/inspect.js'),
    import('./explore-catalogue.js'),
  ]);
  const source = await openShownFile(path, say);
  try {
    // Nothing runs that a search could disturb.
    const modules = [explorePart(exploreCatalogue(), false), inspectModule];
    const server = await orUsage(serveDashboard({ source, ...setting, modules }));
    say(`${path}: ${server.url}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await server.close();
    return 0;
  } finally {
    await source.close();
  }
}
