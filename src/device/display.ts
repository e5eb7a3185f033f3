/**
 * One display's side of the device: its frames, its mode, its cursor (device.md 4.6, 5, 6).
 *
 * Invariant: everything that PVG or the console says of a display comes through here, on whichever actor owns the display in the
 * revision: the BQL actor, or the render queue.
 */
import { assert } from '../base/errors.js';
import { Upcall } from '../bridge/pvg.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Revision } from '../revisions/revision.js';
import { ConsoleCursor } from './cursor.js';
import type { DevicePort } from './effects.js';
import { Frames } from './frames.js';

export class Display {
  readonly frames: Frames;
  readonly cursor: ConsoleCursor;

  constructor(
    readonly number: number,
    private readonly port: DevicePort,
    private readonly revision: Revision,
  ) {
    this.frames = new Frames(number, port, revision);
    this.cursor = new ConsoleCursor(number, port, revision);
  }

  /** A display event of PVG's, of the kind that is given. */
  event(kind: number, record: PvgRecord): void {
    switch (kind) {
      case Upcall.newFrame:
        return this.frames.newFrame();
      case Upcall.cursorGlyph:
        return this.cursor.glyph(record);
      case Upcall.cursorShow:
        if (!this.tracesOnArrival) this.port.trace('apple_gfx_cursor_show', { show: record.words[1] ?? 0 });
        return this.cursor.show(record);
      case Upcall.cursorMove:
        if (!this.tracesOnArrival) this.port.trace('apple_gfx_cursor_move', undefined);
        return this.cursor.move(record);
      case Upcall.modeChange: {
        const [, width = 0, height = 0] = record.words;
        this.frames.setMode(width, height);
        if (record.id !== 0) this.port.perform({ do: 'answerUpcall', id: record.id, ok: true, value: 0 });
        return;
      }
      default:
        assert(false, `${kind} is no display event`);
    }
  }

  /** Trace lines that come when PVG says it, before the work runs (device.md 8). */
  arrived(kind: number, record: PvgRecord): void {
    const [, second = 0, third = 0] = record.words;
    // Where it comes by the background queue, that has traced it.
    if (kind === Upcall.newFrame && this.revision.displayEvents !== 'backgroundSection') this.port.trace('apple_gfx_new_frame', undefined);
    if (kind === Upcall.modeChange) this.port.trace('apple_gfx_mode_change', { width: second, height: third });
    if (!this.tracesOnArrival) return;
    if (kind === Upcall.cursorShow) this.port.trace('apple_gfx_cursor_show', { show: second });
    if (kind === Upcall.cursorMove) this.port.trace('apple_gfx_cursor_move', undefined);
  }

  /** Show and move: in `bh` as PVG says it, in v5 when the work runs. */
  private get tracesOnArrival(): boolean {
    return this.revision.displayEvents === 'bh';
  }
}
