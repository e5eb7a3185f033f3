/**
 * What the guest's driver does to the device: one display and several, frames, waiting, and modes that change.
 */
import { describe, expect, it } from 'vitest';
import { type Draw, GuestDriver, type StartOptions } from '../../src/guest/driver.js';
import { GuestDriverError, GuestFaultError } from '../../src/guest/errors.js';
import * as L from '../../src/guest/layout.js';
import { cursorBitmap, type SceneCommand, SPRITE_SIDE, sceneOf, spritePixels } from '../../src/guest/scene.js';
import { ModelDevice, type ModelOptions } from './model-device.js';

const draw: Draw = (frame, { port, width, height }) => sceneOf(frame, width, height, port);

function started(model: ModelOptions, options: StartOptions = {}): { device: ModelDevice; driver: GuestDriver } {
  const device = new ModelDevice(model);
  const driver = GuestDriver.start(device, options);
  device.accesses.length = 0;
  return { device, driver };
}

function present(driver: GuestDriver, frames: number): void {
  for (let count = 0; count < frames; count++) driver.present(draw);
}

/** A command as layout.h has it; `null` where the bitmap's place stands. */
function commandWords(command: SceneCommand): (number | null)[] {
  const { x, y, width, height } = command;
  const opcode = { fill: L.DRAW_FILL, copy: L.DRAW_COPY, blend: L.DRAW_BLEND, blendFill: L.DRAW_BLEND_FILL }[command.kind];
  const rectangle = [x >>> 0, y >>> 0, width, height];
  if ('colour' in command) return [opcode, 32, ...rectangle, command.colour, 0];
  return [opcode, 40, ...rectangle, 4 * SPRITE_SIDE, 0, null, null];
}

function expectScene(commands: string, scene: readonly SceneCommand[]): void {
  const expected = scene.flatMap(commandWords);
  const words = commands.split(' ').map((word, index) => (expected[index] === null ? null : Number(word)));
  expect(words).toEqual(expected);
}

describe('bringing the device up', () => {
  it('gives each display a page, an acknowledgement, a cursor and a child FIFO', () => {
    const { device } = started({ modes: [['640x480'], ['800x600']] });
    const opcodes = device.control.map((packet) => packet.split(' ').slice(0, 2).join(' '));
    const [state, ack, fifo, glyph, show] = [L.OP_SHARED_STATE, L.OP_ONLINE_ACK, L.OP_DEFINE_FIFO, L.OP_CURSOR_GLYPH, L.OP_CURSOR_SHOW];
    const each = (opcode: number, port: number): string => `0x${opcode.toString(16)} ${port}`;
    expect(opcodes.sort()).toEqual(
      [
        ...[0, 1].flatMap((port) => [state, ack, glyph, show].map((opcode) => each(opcode, port))),
        ...[1, 2].map((number) => each(fifo, number)),
        each(L.OP_DEFINE_TASK, 1),
        each(L.OP_MAP, 1),
      ].sort(),
    );
    expect(device.port(0).page).not.toBe(device.port(1).page);
    const enabled = [0, 1].map((port) => device.pageWord(port, L.DISPLAY_ENABLE));
    expect(enabled).toEqual(Array(2).fill(L.DISPLAY_EVENT_PRESENT | L.DISPLAY_EVENT_MODES));
  });

  it('sets the preferred mode of each display, or the size asked for on the first', () => {
    const modes = [
      ['640x480', '1024x768'],
      ['800x600', '320x200'],
    ];
    expect([0, 1].map((port) => started({ modes }).device.mode(port))).toEqual(['640x480', '800x600']);
    const chosen = started({ modes }, { size: { width: 1024, height: 768 } }).device;
    expect([0, 1].map((port) => chosen.mode(port))).toEqual(['1024x768', '800x600']);
  });

  it('uses as many displays as asked for', () => {
    const { device, driver } = started({ modes: [['640x480'], ['800x600'], ['320x200']] }, { displays: 2 });
    present(driver, 1);
    expect(device.presented.map(({ port }) => port)).toEqual([0, 1]);
    expect(device.mode(2)).toBe('none');
  });

  it.each([
    ['a size that is not offered', ['640x480'], { size: { width: 641, height: 480 } }, 'offers no mode 641x480'],
    ['more displays than there are', ['640x480'], { displays: 2 }, 'has 1 displays, not 2'],
    ['no display at all', ['640x480'], { displays: 0 }, 'not 0'],
    ['a display without modes', [], {}, 'display 0 offers no mode'],
  ])('refuses %s', (_, modes, options, message) => {
    const start = () => GuestDriver.start(new ModelDevice({ modes: [modes] }), options);
    expect(start).toThrow(GuestDriverError);
    expect(start).toThrow(message);
  });

  it('shows the device the bitmaps of cursor and sprites', () => {
    const { device, driver } = started({ modes: [['640x480']], pageShift: 12 });
    const [width, height, , , , , , low = 0, high = 0] = device.port(0).cursor.split(' ').map(Number);
    const glyph = low + high * 2 ** 32 - device.ramBase;
    expect(device.ram.subarray(glyph, glyph + 4 * (width ?? 0) * (height ?? 0))).toEqual(cursorBitmap());
    present(driver, 1);
    const words = device.presented[0]?.commands.split(' ').map(Number) ?? [];
    const copy = words.findIndex((word, index) => word === L.DRAW_COPY && words[index + 1] === 40 && words[index + 6] === 4 * SPRITE_SIDE);
    const task =
      device.control
        .find((packet) => packet.startsWith(`0x${L.OP_MAP.toString(16)} `))
        ?.split(' ')
        .map(Number) ?? [];
    const source = (task[7] ?? 0) + (task[8] ?? 0) * 2 ** 32 - device.ramBase + (words[copy + 8] ?? 0);
    const pixels = new Uint32Array(device.ram.buffer, source, SPRITE_SIDE ** 2);
    expect(pixels).toEqual(spritePixels('opaque'));
  });
});

describe('frames', () => {
  it.each([false, true])('are the scenes of each display, in order (device lazy: %s)', (lazy) => {
    const { device, driver } = started({ modes: [['640x480'], ['800x600'], ['1024x768']], lazy });
    present(driver, 7);
    driver.finish();
    for (const [port, width, height] of [
      [0, 640, 480],
      [1, 800, 600],
      [2, 1024, 768],
    ] as const) {
      const frames = device.presented.filter((each) => each.port === port);
      expect(frames.map(({ frame }) => frame)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      // A frame's commands are decoded when the device takes them, so a slot that was used again too early would show.
      for (const { frame, commands, size } of frames) {
        expect(size).toBe(`${width}x${height}`);
        expectScene(commands, sceneOf(frame, width, height, port).commands);
      }
    }
  });

  it('never has the device hold more than two of a display', () => {
    const { device, driver } = started({ modes: [['640x480'], ['800x600']], lazy: true });
    present(driver, 12);
    expect(device.mostAhead).toBe(2);
  });

  it('move the cursor of their display', () => {
    const { device, driver } = started({ modes: [['640x480'], ['640x480']] });
    present(driver, 3);
    const expected = [1, 2, 3].flatMap((frame) => [0, 1].map((port) => sceneOf(frame, 640, 480, port).cursor));
    expect(device.presented.map(({ cursor }) => cursor)).toEqual(expected);
  });

  it('cost one access each while the device keeps up', () => {
    const { device, driver } = started({ modes: [['640x480'], ['800x600']] });
    present(driver, 50);
    expect(device.accesses.length).toBe(100);
    expect(new Set(device.accesses)).toEqual(new Set(['write 0x1020 1', 'write 0x1020 2']));
  });

  it('cost no register read when the guest has to sleep for them', () => {
    const { device, driver } = started({ modes: [['640x480']], lazy: true });
    present(driver, 50);
    driver.finish();
    expect(device.accesses.filter((access) => access.includes('read'))).toEqual([]);
    expect(device.accesses).toContain('sleep');
  });

  it.each([
    ['their stamps', L.DISPLAY_EVENT_MODES],
    ['their stamps and events', L.DISPLAY_EVENT_PRESENT],
  ])('are waited for until an interrupt announces %s, never in vain', (_, enable) => {
    const { device, driver } = started({ modes: [['640x480'], ['640x480']], lazy: true });
    const pages = new DataView(device.ram.buffer);
    for (const port of [0, 1]) pages.setUint32(device.port(port).page + L.DISPLAY_ENABLE, enable, true);
    present(driver, 20);
    driver.finish();
    expect(device.timeouts).toBe(0);
  });

  it('are acknowledged before their events are taken, so that none is missed', () => {
    const { device, driver } = started({ modes: [['640x480'], ['640x480']], lazy: true });
    const pending: number[] = [];
    device.onAccess = (access) => {
      if (access === 'write 0x1014 3') pending.push(device.pageWord(1, L.DISPLAY_PENDING));
    };
    present(driver, 6);
    expect(pending).toEqual(Array(4).fill(L.DISPLAY_EVENT_PRESENT));
  });

  it('wrap around the end of the child ring', () => {
    const { device, driver } = started({ modes: [['640x480'], ['640x480']] });
    const frames = 1500;
    for (let count = 0; count < frames; count++) driver.present(() => ({ commands: [], cursor: { x: 0, y: 0 } }));
    expect(device.presented.length).toBe(2 * frames);
    expect(device.presented.at(-1)?.frame).toBe(frames);
  });

  it('end with the fault when the device halts', () => {
    const { device, driver } = started({ modes: [['640x480']], lazy: true });
    present(driver, 2);
    device.fault(L.FAULT_COMMAND, L.OP_EXEC);
    expect(() => present(driver, 1)).toThrow(GuestFaultError);
  });

  it('end with an error when they never come', () => {
    const { device, driver } = started({ modes: [['640x480'], ['640x480']], lazy: true });
    device.waitForInterrupt = () => 0;
    expect(() => present(driver, 3)).toThrow('the frames of display 0 did not come');
  });
});

describe('a mode list that changes', () => {
  const twoDisplays = { modes: [['640x480'], ['800x600']], lazy: true };

  it('makes the driver take the new preferred mode and draw in its size, on that display only', () => {
    const { device, driver } = started(twoDisplays);
    present(driver, 5);
    device.setModes(1, ['1024x768', '800x600']);
    present(driver, 3);
    driver.finish();
    expect([0, 1].map((port) => device.mode(port))).toEqual(['640x480', '1024x768']);
    const frames = device.presented.filter(({ port }) => port === 1);
    expect(frames.map(({ size }) => size)).toEqual([...Array(5).fill('800x600'), ...Array(3).fill('1024x768')]);
    expectScene(frames[5]?.commands ?? '', sceneOf(6, 1024, 768, 1).commands);
  });

  it('is taken only when nothing of the old size is in the device', () => {
    const { device, driver } = started(twoDisplays);
    present(driver, 5);
    device.setModes(0, ['320x200']);
    present(driver, 1);
    const before = device.presented.filter(({ port }) => port === 0);
    expect(before.map(({ size }) => size)).toEqual(Array(5).fill('640x480'));
  });

  it('is left alone when its preferred mode has the size in use, or there is none', () => {
    const { device, driver } = started(twoDisplays);
    device.setModes(0, ['640x480', '320x200']);
    device.setModes(1, []);
    device.accesses.length = 0;
    present(driver, 2);
    expect(device.accesses.filter((access) => access.startsWith('write 0x121c'))).toEqual([]);
  });

  it('is looked at again when it changes while the driver acknowledges it', () => {
    const { device, driver } = started(twoDisplays);
    device.setModes(0, ['320x200']);
    let changed = false;
    device.onAccess = (access) => {
      // Between the clearing of the status and the taking of the events.
      if (!access.startsWith('write 0x1014') || changed) return;
      changed = true;
      device.setModes(0, ['1024x768']);
    };
    present(driver, 4);
    expect(changed).toBe(true);
    expect(device.mode(0)).toBe('1024x768');
  });

  it('is looked at again when it changes while the driver reads it', () => {
    const { device, driver } = started(twoDisplays);
    device.setModes(0, ['320x200']);
    let changed = false;
    device.onAccess = (access) => {
      if (!access.startsWith('write 0x121c') || changed) return;
      changed = true;
      device.setModes(0, ['1024x768']);
    };
    present(driver, 3);
    driver.finish();
    expect(changed).toBe(true);
    expect(device.mode(0)).toBe('1024x768');
    expect(device.presented.filter(({ port }) => port === 0).at(-1)?.size).toBe('1024x768');
  });

  it('is looked at once', () => {
    const { device, driver } = started(twoDisplays);
    device.setModes(0, ['320x200']);
    present(driver, 1);
    expect(device.pageWord(0, L.DISPLAY_PENDING) & L.DISPLAY_EVENT_MODES).toBe(0);
    device.accesses.length = 0;
    present(driver, 5);
    expect(device.accesses.filter((access) => access.includes('read'))).toEqual([]);
  });
});
