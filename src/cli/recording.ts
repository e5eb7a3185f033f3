/**
 * `--record FILE`: what the threads of a command's device do, and what its displays show, in a file for `apple-gfx open`.
 *
 * Invariant: the file is whole when close() has resolved. With `--record-last` it has the last seconds, and is written when something goes wrong and at the
 * end. What it does not do: watch the device (src/embed/recorder).
 */
import { describeError } from '../base/errors.js';
import type { Device } from '../device.js';
import type { DeviceRecorder } from '../embed/recorder/device-recorder.js';
import type { FileRecorder } from '../embed/recorder/file-recorder.js';
import { UsageError } from './usage-error.js';

/** What the command line says of it. */
export interface RecordSetting {
  /** undefined: nothing is recorded. */
  readonly record: string | undefined;
  /** Seconds that are kept; undefined: all. */
  readonly recordLast: number | undefined;
}

/** A file that is being recorded to. */
export class Recording {
  private recorder: DeviceRecorder | null = null;

  private constructor(
    private readonly path: string,
    /** Where chunks go. */
    readonly file: FileRecorder,
    private readonly makeRecorder: (device: Device) => DeviceRecorder,
  ) {}

  /** Opens the file, before there is a device; null if none was asked for. Throws UsageError. */
  static async open({ record, recordLast }: RecordSetting): Promise<Recording | null> {
    if (record === undefined && recordLast !== undefined)
      throw new UsageError('--record-last says how much of --record FILE is kept: expected both');
    if (record === undefined) return null;
    const [{ FileRecorder }, { DeviceRecorder }, { recordedCharts }] = await Promise.all([
      import('../embed/recorder/file-recorder.js'),
      import('../embed/recorder/device-recorder.js'),
      import('./machine-charts.js'),
    ]);
    const chartOf = recordedCharts();
    const file = await FileRecorder.create(record, { lastSeconds: recordLast }).catch((error: unknown) => {
      throw new UsageError(`--record: ${describeError(error)}`);
    });
    return new Recording(record, file, (device) => new DeviceRecorder(device, file, { chartOf }));
  }

  /** Records a device, until it ends. */
  begin(device: Device): void {
    this.recorder = this.makeRecorder(device);
    this.follow(device);
  }

  /** As begin(), where somebody else makes the chunks for more than this file. */
  follow(device: Device): void {
    this.file.addFrames(device);
    device.on('guestError', () => this.file.dump());
    device.on('closed', (reason) => {
      if (reason !== null) this.file.dump();
    });
  }

  /** Resolves with the file's name when all is in it. */
  async close(reason: string): Promise<string> {
    this.recorder?.end(reason);
    await this.file.close();
    return this.path;
  }
}
