/**
 * Who may look at a run, and take a hand in it: VNC viewers, a monitor, a test in the guest's place, a dashboard.
 *
 * Invariant: what was opened is closed by close(), also when something after it could not be opened.
 */
import type { QmpServer } from '../embed/qmp/server.js';
import type { DashboardFlags, LiveDashboard } from './dashboard.js';
import { openQmp } from './qmp.js';
import { openQtest } from './qtest.js';
import type { Session } from './session.js';
import { openVnc, type VncSetting } from './vnc.js';

/** What the command line says of them. */
export interface OnlookerOptions extends DashboardFlags {
  /** VNC viewers, if any are to be let in. */
  readonly display: VncSetting | undefined;
  /** Path of a QMP socket, if there is to be one. */
  readonly qmp: string | undefined;
  /** Path of a qtest socket, whose client takes the guest's part; undefined: there is a guest. */
  readonly qtest: string | undefined;
  readonly qtestLog: string | undefined;
}

export class Onlookers {
  private qmp: QmpServer | null = null;
  private readonly closers: (() => Promise<void>)[] = [];

  /** `dashboard`: one that shows the session's device. */
  constructor(
    private readonly session: Session,
    private readonly options: OnlookerOptions,
    private readonly dashboard: LiveDashboard | null,
  ) {}

  /** Opens what was asked for; `quit` ends the run. Throws UsageError. */
  async open(quit: () => void): Promise<void> {
    const { session, options } = this;
    await this.dashboard?.listen(session.machine);
    if (options.display !== undefined) this.closers.push(await openVnc(session.device, options.display));
    if (options.qmp !== undefined) this.qmp = await openQmp(session, options.qmp, quit);
    if (options.qtest !== undefined) this.closers.push(await openQtest(session.device, options.qtest, options.qtestLog));
  }

  /** Tells the monitor that somebody has interrupted the run. */
  interrupted(): void {
    void this.qmp?.close('host-signal');
  }

  async close(reason: string): Promise<void> {
    for (const close of this.closers.splice(0)) await close();
    // Of a device that has died it has said so already.
    await this.qmp?.close('guest-shutdown');
    await this.dashboard?.close(reason);
  }
}
