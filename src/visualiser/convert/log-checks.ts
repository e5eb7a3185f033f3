/**
 * The events of a log, checked: what no device could have traced that works as the machines say is named.
 *
 * What is checked: that tasks are created before they are used, and mappings have their pieces (log-tasks.ts); that IOSurface mappings are undone as they were
 * made (log-surfaces.ts); that accesses lie in the window, on 4 bytes; that modes are those that were offered, and a mode is set before a frame comes;
 * cursors, vectors and flags within their bounds. The life cycle, accesses and mappings drive the device's machines, whose moves become part of the
 * recording. A log tells when an access ended and not when it began, so an access passes through its machine in a moment. Of frames it tells that they came and
 * not what became of them, so their pipeline is not driven.
 *
 * Invariant: what happened before the log began is not complained about: a log without the device's first line may begin in the middle.
 */
import { CURSOR_MAX_SIDE, MAX_VECTORS } from '../../base/limits.js';
import type { MachineName } from '../../trace/events.js';
import type { CheckedRun, Complain } from './check-parts.js';
import type { ImportedEvent } from './import-line.js';
import { LogSurfaces } from './log-surfaces.js';
import { LogTasks } from './log-tasks.js';

type Values = Readonly<Record<string, number>>;
const hex = (value = 0): string => `0x${value.toString(16)}`;
/** Events that may come before the device is there. */
const BEFORE_REALIZED: readonly string[] = ['apple_gfx_common_init', 'apple_gfx_common_realize_modes_property', 'apple_gfx_display_mode'];
/** Events that go on with a mapping. */
const OF_MAPPING: readonly string[] = ['apple_gfx_map_memory_range', 'apple_gfx_remap'];
const BITS_OF_GLYPHS = 32;

export class LogChecks {
  private readonly tasks: LogTasks;
  private readonly surfaces: LogSurfaces;
  private life: CheckedRun | null = null;
  private isRealized = false;
  /** Bytes of the register window, if the log says it. */
  private window = Number.POSITIVE_INFINITY;
  private readonly modes = new Set<string>();
  private announced: number | null = null;
  private hasMode = false;
  private readonly complainFromStart: Complain;

  /** `begin` starts a run of a machine; null if there is no such. */
  constructor(
    private readonly complain: Complain,
    private readonly begin: (machine: MachineName) => CheckedRun,
  ) {
    this.complainFromStart = (text, needs) => this.complain(text, [...needs, 'apple_gfx_common_init']);
    this.tasks = new LogTasks(this.complainFromStart, () => begin('mappingJob'));
    this.surfaces = new LogSurfaces(this.complainFromStart);
  }

  /** `thread`: who noted it, null if the log doesn't say. */
  event({ name, values }: ImportedEvent, thread: number | null): void {
    // What actors note besides is no part of what QEMU's device traces.
    if (!name.startsWith('apple_gfx_')) return;
    const place = thread ?? -1;
    // Where threads aren't known, others' lines may stand between.
    if (thread !== null && !OF_MAPPING.includes(name)) this.tasks.other(place);
    if (!BEFORE_REALIZED.includes(name)) this.realized();
    switch (name) {
      case 'apple_gfx_common_init':
        return this.initialized(values);
      case 'apple_gfx_common_realize_modes_property':
        this.announced = values.count ?? 0;
        return;
      case 'apple_gfx_display_mode':
        this.modes.add(modeOf(values));
        return;
      case 'apple_gfx_read':
      case 'apple_gfx_write':
        return this.access(values, this.window);
      case 'apple_gfx_mmio_iosfc_read':
      case 'apple_gfx_mmio_iosfc_write':
        return this.access(values, Number.POSITIVE_INFINITY);
      case 'apple_gfx_create_task':
        return this.tasks.create(values);
      case 'apple_gfx_destroy_task':
        return this.tasks.destroy(values);
      case 'apple_gfx_map_memory':
        this.flag('read_only', values.readOnly);
        return this.tasks.map(place, values);
      case 'apple_gfx_map_memory_range':
        return this.tasks.piece(place, values);
      case 'apple_gfx_remap':
        return this.tasks.remap(place, values);
      case 'apple_gfx_unmap_memory':
        return this.tasks.unmap(values);
      default:
        return this.display(name, values);
    }
  }

  private display(name: string, values: Values): void {
    switch (name) {
      case 'apple_gfx_mode_change':
        return this.modeChanged(values);
      case 'apple_gfx_new_frame':
        if (!this.hasMode) this.complainFromStart('a frame comes before a mode is set', ['apple_gfx_mode_change']);
        return;
      case 'apple_gfx_cursor_set':
        return this.cursor(values);
      case 'apple_gfx_cursor_show':
        return this.flag('show', values.show);
      case 'apple_gfx_raise_irq':
      case 'apple_gfx_iosfc_raise_irq':
        if ((values.vector ?? 0) >= MAX_VECTORS)
          this.complain(`raises vector ${hex(values.vector)}, expected one below ${MAX_VECTORS}`, []);
        return;
      case 'apple_gfx_iosfc_map_memory_new_region':
        return this.surfaces.region(values);
      case 'apple_gfx_iosfc_map_memory':
        return this.surfaces.map(values);
      case 'apple_gfx_iosfc_unmap_memory_region':
        return this.surfaces.unmap(values);
    }
  }

  private initialized({ length = 0 }: Values): void {
    this.life = this.begin('lifeCycle');
    this.isRealized = false;
    this.window = length;
    this.modes.clear();
    this.announced = null;
    this.hasMode = false;
  }

  /** The first thing happens that takes a device. */
  private realized(): void {
    if (this.isRealized) return;
    this.isRealized = true;
    this.life?.send('device.realized', this.complain);
    if (this.announced !== null && this.modes.size !== this.announced)
      this.complain(`${this.announced} modes were announced, and ${this.modes.size} different ones are listed`, ['apple_gfx_display_mode']);
  }

  private access({ offset = 0 }: Values, window: number): void {
    if (offset % 4 !== 0) this.complain(`accesses ${hex(offset)}, expected an offset on 4 bytes`, []);
    if (offset >= window) this.complain(`accesses ${hex(offset)}, and the window has ${window} bytes`, []);
    const run = this.begin('mmioJob');
    run.send('lock.granted', this.complain);
    run.send('bridge.completed', this.complain);
  }

  private modeChanged(values: Values): void {
    this.hasMode = true;
    if (this.modes.size > 0 && !this.modes.has(modeOf(values)))
      this.complain(`sets mode ${modeOf(values)}, expected one of ${[...this.modes].join(', ').slice(0, 200)}`, []);
  }

  private cursor({ bpp = 0, width = 0, height = 0 }: Values): void {
    if (bpp !== BITS_OF_GLYPHS) this.complain(`a cursor has ${bpp} bits a pixel, expected ${BITS_OF_GLYPHS}`, []);
    if (width < 1 || width > CURSOR_MAX_SIDE || height < 1 || height > CURSOR_MAX_SIDE)
      this.complain(`a cursor has ${width}x${height} pixels, expected 1..${CURSOR_MAX_SIDE} each`, []);
  }

  private flag(name: string, value = 0): void {
    if (value !== 0 && value !== 1) this.complain(`${name} is ${value}, expected 0 or 1`, []);
  }
}

const modeOf = ({ width = 0, height = 0 }: Values): string => `${width}x${height}`;
