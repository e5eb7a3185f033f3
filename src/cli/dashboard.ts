/**
 * `--dashboard[=HOST:PORT]` and `apple-gfx open FILE`: a page that shows a command's device while it runs, or a recording.
 *
 * Invariant: where it is, is printed once, as one line on stderr. It only shows, unless `--control` was given. What it does not do: serve (src/visualiser/server),
 * or watch the device (src/embed/recorder).
 */
import { once } from 'node:events';
import { ArgumentError, describeError } from '../base/errors.js';
import type { Device } from '../device.js';
import type { LiveSource } from '../embed/recorder/live-source.js';
import type { Dashboard, DashboardModule } from '../visualiser/server/dashboard.js';
import type { StreamSource } from '../visualiser/server/source.js';
import type { GuestMachine } from './guest-machine.js';
import type { Recording } from './recording.js';
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

/** Throws UsageError for flags that say nothing without one another. */
export function checkDashboard({ dashboard, control }: DashboardFlags): void {
  if (control && dashboard === undefined) throw new UsageError('--control says what a dashboard may do: expected --dashboard as well');
}

interface Serving {
  readonly setting: DashboardSetting;
  readonly control?: boolean;
  readonly token?: string;
  readonly modules?: readonly DashboardModule[];
}

async function openServer(source: StreamSource, { setting, ...rest }: Serving): Promise<Dashboard> {
  const { serveDashboard } = await import('../visualiser/server/dashboard.js');
  return serveDashboard({ source, ...setting, ...rest }).catch((error: unknown) => {
    throw error instanceof ArgumentError ? error : new UsageError(`dashboard: ${describeError(error)}`);
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

/** What a dashboard of a device is opened with. */
export interface LiveOptions extends DashboardFlags {
  readonly title: string;
  /** The device is recorded to it as well. */
  readonly recording: Recording | null;
  /** The guest, where the command has one of its own. */
  readonly machine: GuestMachine | null;
}

/** A page of a device that runs. */
export class LiveDashboard {
  private source: LiveSource | null = null;
  private server: Dashboard | null = null;
  /** Where the first one was, and what its viewers know: of a command's next device they are the same. */
  private place: { readonly setting: DashboardSetting; readonly token: string } | null = null;

  constructor(private readonly options: LiveOptions) {}

  /** Shows a device, in place of the one before. Throws UsageError. */
  async open(device: Device): Promise<void> {
    const { dashboard, control, title, recording, machine } = this.options;
    if (dashboard === undefined) return;
    const [{ LiveSource: Source }, { makeToken }] = await Promise.all([
      import('../embed/recorder/live-source.js'),
      import('../visualiser/server/access.js'),
    ]);
    const isFirst = this.place === null;
    const { setting, token } = this.place ?? { setting: dashboard, token: makeToken() };
    // A file has one device: the first.
    this.source = new Source(device, { title, also: isFirst && recording !== null ? [recording.file] : [] });
    if (isFirst) recording?.follow(device);
    this.server = await openServer(this.source, { setting, token, control, modules: machine === null ? [] : [guestModule(machine)] });
    this.place = { setting: { host: setting.host, port: this.server.port }, token };
    if (isFirst) say(`dashboard: ${this.server.url}`);
  }

  /** Ends the recording, and sends its viewers away. */
  async close(reason: string): Promise<void> {
    this.source?.close(reason);
    await this.server?.close();
    this.source = null;
    this.server = null;
  }
}

/** `apple-gfx open`: shows a recording until it is interrupted; the exit code. */
export async function openRecording(path: string, setting: DashboardSetting): Promise<number> {
  const { openFileSource } = await import('../visualiser/server/file-source.js');
  const source = await openFileSource(path);
  try {
    const server = await openServer(source, { setting });
    say(`${path}: ${server.url}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await server.close();
    return 0;
  } finally {
    await source.close();
  }
}
