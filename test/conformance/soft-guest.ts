/**
 * A guest of the software PVG that has each step of a rig carried out: packets, mapper entries and register writes (native/soft/layout.h).
 *
 * A packet that fails halts the device, so the guest starts it again before the next one; what it had made stays.
 */
import type { Device } from '../../dist/src/index.js';
import type { Glyph } from '../../src/bridge/scripted-steps.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from '../device/raw-guest.js';
import { MODES, type RigStep } from './rig.js';
import { SoftMapper } from './soft-mapper.js';

/** How often keepBusy() makes a task: long enough for a frame to come meanwhile, a fraction of a second. */
const TURNS = 4000;
/** A task of keepBusy()'s. */
const BUSY_TASK = 200;
/** Offsets in RAM that the tests leave alone. */
const COMMANDS = 0x90_0000;
const DISPLAY_PAGE = 0xa0_0000;
const BITMAP = 0xa8_0000;
const MAPPER = 0xc0_0000;
const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

export class SoftGuest {
  readonly raw: RawGuest;
  readonly mapper: SoftMapper;
  readonly page: number;
  /** Over all guests: the surface may still have what the guest before this one drew. */
  private static looks = 0;
  /** Over all guests as well: the memory may still have stamps of the one before. */
  private static presented = 0;
  private static stamps = 0;
  /** Lengths of tasks. */
  private readonly tasks = new Map<number, number>();
  private halted = false;
  private shown = 1;

  constructor(private readonly device: Device) {
    this.raw = new RawGuest(device);
    this.mapper = new SoftMapper(device, this.raw, MAPPER);
    this.page = 2 ** device.attachment.pageShift;
  }

  /** From power on: the display's page and mode 0. */
  async begin(): Promise<void> {
    this.tasks.clear();
    this.raw.poke(DISPLAY_PAGE + L.DISPLAY_CURSOR, 0xffff_ffff, 1);
    await this.raw.start();
    await this.giveDisplayPage();
  }

  /** Carries out a step; whether it did what it was told. */
  async carryOut(step: Exclude<RigStep, { do: 'readMemory' }>): Promise<boolean> {
    switch (step.do) {
      case 'iosfcMap':
      case 'iosfcUnmap':
      case 'iosfcInterrupt':
        return this.mapper.carryOut(step);
      case 'modeChange':
        await this.device.mmioWrite(
          L.REG_MODE,
          MODES.findIndex(({ width, height }) => width === step.width && height === step.height),
        );
        return true;
      case 'newFrame':
        return this.present(step.colour);
      case 'raiseInterrupt':
        // The device says that it has interrupted when the status goes from 0 to 1.
        await this.device.mmioWrite(L.REG_GPU_STATUS, L.GPU_STATUS_STAMP);
        return this.kick(() => this.raw.control(L.OP_ONLINE_ACK, ++SoftGuest.stamps, 0));
      default:
        return this.kick(() => this.encode(step));
    }
  }

  /** Puts all packets into one kick. */
  async carryOutAtOnce(steps: readonly RigStep[]): Promise<boolean> {
    return this.kick(() => {
      for (const step of steps) this.encode(step);
    });
  }

  /** A cursor's image from the guest's memory. */
  async glyph({ width, height, hotX, hotY, bytesPerRow, bitsPerPixel, bytes }: Glyph): Promise<boolean> {
    const words = new Uint32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    this.raw.poke(BITMAP, ...words);
    const place = pair(this.raw.gpa(BITMAP));
    return this.kick(() =>
      this.raw.control(L.OP_CURSOR_GLYPH, 0, 0, width, height, bytesPerRow, bitsPerPixel, hotX, hotY, 0, ...place, bytes.length),
    );
  }

  /** Has memory read as a cursor's bitmap, whose sides are given. */
  async read(gpa: number, width: number, height: number, first?: () => void): Promise<boolean> {
    return this.kick(() => {
      first?.();
      this.raw.control(L.OP_CURSOR_GLYPH, 0, 0, width, height, 4 * width, 32, 0, 0, 0, ...pair(gpa), 4 * width * height);
    });
  }

  /** Draws a word of a task as the first pixel of a frame, and waits until the device shows it: the pixel. */
  async look(task: number, offset: number): Promise<number> {
    const { raw, page, device } = this;
    const place = (this.tasks.get(task) ?? 0) - page;
    const ram = COMMANDS + task * page;
    const marker = 0xff00_0000 + ++SoftGuest.looks;
    const commands = [L.DRAW_FILL, 32, 0, 0, 16_384, 16_384, marker, 0, L.DRAW_COPY, 40, 0, 0, 1, 1, 4, 0, ...pair(offset)];
    raw.poke(ram, ...commands);
    await this.kick(() => raw.control(L.OP_MAP, 0, task, 0, ...pair(place), 1, 0, ...pair(raw.gpa(ram)), page, 0));
    raw.child(L.OP_EXEC, 0, task, 4 * commands.length, ...pair(place));
    await this.swap(++SoftGuest.presented);
    await until(() => device.surface?.snapshot()?.pixels[1] === marker);
    return device.surface?.snapshot()?.pixels[0] ?? 0;
  }

  /** Draws a frame that is presented when the control ring has that stamp. */
  async drawFor(colour: number, controlStamp: number): Promise<number> {
    const { raw } = this;
    const stamp = ++SoftGuest.presented;
    raw.poke(0x30_0000 + raw.scratch, L.DRAW_FILL, 32, 0, 0, 16_384, 16_384, colour, 0);
    raw.child(L.OP_EXEC, 0, 1, 32, raw.scratch, 0);
    raw.child((1 << 16) | L.OP_SWAP, stamp, 0, controlStamp, 0, 0);
    await raw.doorbell();
    return stamp;
  }

  /** One access in which PVG leaves a stamp, then makes tasks, maps RAM into them and destroys them, and leaves another stamp in the end. */
  async keepBusy(): Promise<boolean> {
    const { raw, page } = this;
    return this.kick(() => {
      this.stampPacket();
      for (let turn = 0; turn < TURNS; turn++) {
        this.encode({ do: 'createTask', task: BUSY_TASK, length: page });
        this.encode({ do: 'map', task: BUSY_TASK, offset: 0, pieces: [{ gpa: raw.gpa(COMMANDS), length: page }] });
        this.encode({ do: 'destroyTask', task: BUSY_TASK });
      }
      this.stampPacket();
    });
  }

  /** A packet that does nothing but leave a stamp: its number. */
  stampPacket(): number {
    this.raw.control(L.OP_ONLINE_ACK, ++SoftGuest.stamps, 0);
    return SoftGuest.stamps;
  }

  get nextStamp(): number {
    return SoftGuest.stamps + 1;
  }

  private async present(colour: number): Promise<boolean> {
    await this.raw.presentColour(colour, ++SoftGuest.presented);
    const stamp = SoftGuest.presented;
    await until(() => this.raw.stamp(1) === stamp);
    return true;
  }

  private async swap(stamp: number): Promise<void> {
    this.raw.child(L.OP_SWAP, stamp, 0, 0);
    await this.raw.doorbell();
    await until(() => this.raw.stamp(1) === stamp);
  }

  /** Puts packets into the ring and has them carried out; false if one failed. */
  private async kick(packets: () => void): Promise<boolean> {
    const { raw } = this;
    if (this.halted) {
      await raw.restart();
      await this.giveDisplayPage();
      this.halted = false;
    }
    packets();
    await raw.kick();
    this.halted = (await raw.fault()) !== 0;
    return !this.halted;
  }

  private async giveDisplayPage(): Promise<void> {
    this.raw.control(L.OP_SHARED_STATE, 0, 0, this.raw.gpa(DISPLAY_PAGE) / this.page);
    await this.raw.kick();
  }

  private encode(step: RigStep): void {
    const { raw } = this;
    switch (step.do) {
      case 'createTask':
        raw.control(L.OP_DEFINE_TASK, 0, step.task, 0, ...pair(step.length));
        this.tasks.set(step.task, step.length);
        return;
      case 'destroyTask':
        return raw.control(L.OP_DELETE_TASK, 0, step.task);
      case 'map': {
        const pieces = step.pieces.flatMap(({ gpa, length }) => [...pair(gpa), ...pair(length)]);
        const flags = step.readOnly ? L.MAP_READ_ONLY : 0;
        return raw.control(L.OP_MAP, 0, step.task, flags, ...pair(step.offset), step.pieces.length, 0, ...pieces);
      }
      case 'unmap':
        return raw.control(L.OP_UNMAP, 0, step.task, 0, ...pair(step.offset), ...pair(step.length));
      case 'cursorShow':
        this.shown = step.show ? 1 : 0;
        raw.poke(DISPLAY_PAGE + L.DISPLAY_CURSOR_SHOW, this.shown);
        return raw.control(L.OP_CURSOR_SHOW, 0, 0, this.shown);
      case 'cursorMove':
        raw.poke(DISPLAY_PAGE + L.DISPLAY_CURSOR, (step.y << 16) | step.x);
        // The device looks at the place when it is told whether the cursor is shown.
        return raw.control(L.OP_CURSOR_SHOW, 0, 0, this.shown);
      default:
        throw new RangeError(`there is no packet for ${step.do}`);
    }
  }
}
