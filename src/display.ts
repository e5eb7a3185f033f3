/**
 * One display of a device, as the embedder sees it: picture, cursor, modes.
 *
 * Invariant: the picture and the cursor's place are read from memory that the device's actors write; nothing here waits for them
 * but update() and screendump().
 */
import { EventEmitter } from 'node:events';
import type { DisplayWiring, Report } from '../actors/wiring.js';
import { ArgumentError } from './base/errors.js';
import { encodeModes } from './bridge/device-config.js';
import { checked, type PvgBridge } from './bridge/native.js';
import type { Cursor as CursorImage } from './device/effects.js';
import { checkModes, type DisplayMode } from './device/display-mode.js';
import { CursorState, ShownFrames, Viewers } from './runtime/shared.js';
import { Surface, type SurfaceSnapshot } from './runtime/surface.js';

export type { Cursor as CursorImage } from './device/effects.js';

/** What a display tells, on the thread that made the device. */
export interface DisplayEvents {
  /** The console was given a full update. */
  update: [];
  /** A mode was set: the new surface. */
  surface: [Surface];
  /** The cursor has another image. */
  cursor: [CursorImage];
}

export interface DisplayParts {
  readonly bridge: PvgBridge;
  /** PVG's device. */
  readonly pvg: number;
  readonly number: number;
  readonly serial: number;
  readonly wiring: DisplayWiring;
  readonly modes: readonly DisplayMode[];
  /** Asks the device for an update of this display. */
  readonly requestUpdate: (screendump: boolean) => Promise<void>;
}

/** One display of a device: its modes, its picture and its cursor. Used on the thread that made the device. */
export class DeviceDisplay extends EventEmitter<DisplayEvents> {
  /** Which port it is on, from 0. */
  readonly number: number;
  /** What the guest knows it by. */
  readonly serial: number;
  /** Where it shows the cursor. */
  readonly cursor: CursorState;
  /** Which of the guest's frames it has shown. */
  readonly shown: ShownFrames;
  private readonly parts: DisplayParts;
  private readonly viewers: Viewers;
  private attached = 0;
  private currentModes: readonly DisplayMode[];
  private currentSurface: Surface | null = null;
  private currentCursor: CursorImage | null = null;

  /** Made by the device. @internal */
  constructor(parts: DisplayParts) {
    super();
    this.parts = parts;
    this.number = parts.number;
    this.serial = parts.serial;
    this.currentModes = parts.modes;
    this.cursor = new CursorState(parts.wiring.cursor);
    this.shown = new ShownFrames(parts.wiring.shown);
    this.viewers = new Viewers(parts.wiring.viewers);
  }

  /** Where the console's picture is; null before the first mode. On a headless device it is up to date only while somebody looks. */
  get surface(): Surface | null {
    return this.currentSurface;
  }

  /** The cursor's image, null before the guest set one; `cursor.position` says where. */
  get cursorImage(): CursorImage | null {
    return this.currentCursor;
  }

  /** The modes offered to the guest, preferred first; empty if nothing is plugged in. */
  get modes(): readonly DisplayMode[] {
    return this.currentModes;
  }

  /**
   * Offers the guest other modes, preferred first; the first list plugs the display in. A guest that follows its display sets the
   * preferred one, which comes back as a `surface` event. Throws ArgumentError for a wrong mode, BridgeError if the device is closed.
   */
  setModes(modes: readonly DisplayMode[]): void {
    checkModes(modes);
    const { bridge, pvg, number } = this.parts;
    checked(bridge, 'set the display modes', bridge.pvg_display_set_modes(pvg, number, encodeModes(modes), modes.length));
    this.currentModes = modes;
  }

  /** Asks for an update of the picture and waits for it (QEMU's gfx_update). */
  update(): Promise<void> {
    return this.parts.requestUpdate(false);
  }

  /** The picture as the guest drew it last; joins an update that waits. null before the first frame. */
  async screendump(): Promise<SurfaceSnapshot | null> {
    await this.parts.requestUpdate(true);
    return this.currentSurface?.snapshot() ?? null;
  }

  /**
   * Somebody looks at the surface from now on, until detachViewer(): frames are copied into it. Resolves when it has the newest frame. Only a
   * headless device needs it; on others it changes nothing.
   */
  attachViewer(): Promise<void> {
    this.viewers.add();
    this.attached++;
    return this.parts.requestUpdate(false);
  }

  /** Undoes one attachViewer(). Throws ArgumentError if there was none. */
  detachViewer(): void {
    if (this.attached === 0) throw new ArgumentError(`display ${this.number} has no viewer to detach`);
    this.attached--;
    this.viewers.remove();
  }

  /**
   * For a save: has frames copied from now on, and what was not copied until now. Not waited for, since the device may be one whose updates are
   * never answered; what the actors do before they come to rest includes it. Returns what ends it.
   */
  viewForSave(): () => void {
    this.viewers.add();
    if (this.viewers.behind) this.parts.requestUpdate(false).catch(() => undefined);
    return () => this.viewers.remove();
  }

  /** How many frames the guest has presented, and how many of them were encoded. */
  get presents(): { readonly presented: number; readonly encoded: number } {
    const counts = new BigUint64Array(2);
    this.parts.bridge.pvg_display_present_counts(this.parts.pvg, this.number, counts);
    return { presented: Number(counts[0] ?? 0n), encoded: Number(counts[1] ?? 0n) };
  }

  /** Whether all that PVG has presented so far is shown: its last frame, its cursor. False on a device that shows no more frames. */
  get upToDate(): boolean {
    const { bridge, pvg } = this.parts;
    if (bridge.pvg_display_pending_events(pvg, this.number) !== 0) return false;
    const cursor = new Uint32Array(2);
    bridge.pvg_display_cursor_position(pvg, this.number, cursor);
    const place = this.cursor.place;
    return this.shown.lastPresent >= this.presents.presented && place.x === cursor[0] && place.y === cursor[1];
  }

  /** Takes what an actor reports of this display. @internal */
  onReport(report: Report): void {
    switch (report.report) {
      case 'surface':
        this.currentSurface = new Surface(report.width, report.height, report.memory);
        this.emit('surface', this.currentSurface);
        return;
      case 'cursor':
        this.setCursorImage(report);
        return;
      case 'update':
        this.emit('update');
    }
  }

  /** For a restored device, whose guest set its cursor before it was saved. */
  setCursorImage({ width, height, hotX, hotY, pixels }: CursorImage): void {
    this.currentCursor = { width, height, hotX, hotY, pixels };
    this.emit('cursor', this.currentCursor);
  }
}
