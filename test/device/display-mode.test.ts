/**
 * The text of display modes: what is one, and what is said of what is not.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/base/errors.js';
import { checkMode, parseMode, parseModes } from '../../src/device/display-mode.js';

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return String(error);
  }
  return 'it was not refused';
};

const side = fc.integer({ min: 1, max: 16_384 });
const mode = fc.record({ width: side, height: side, rateHz: fc.integer({ min: 1, max: 65_535 }) });
const write = ({ width, height, rateHz }: { width: number; height: number; rateHz: number }): string => `${width}x${height}@${rateHz}`;

describe('a list of modes', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(mode, { minLength: 1, maxLength: 128 }), (modes) => {
        expect(parseModes(modes.map(write).join(','))).toEqual(modes);
        expect(parseMode(write(modes[0] ?? { width: 0, height: 0, rateHz: 0 }))).toEqual(modes[0]);
      }),
    );
  });

  it('is refused unless each entry is three numbers of the format, whatever it is', () => {
    const piece = fc.constantFrom('1', '20', 'x', '@', ',', ' ', '-', '+', '.', '0', '65536', 'é', '٣');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const text = pieces.join('');
        const format = /^[1-9]\d*x[1-9]\d*@[1-9]\d*$/;
        const numbers = text.split(/[x@,]/).map(Number);
        const right =
          text.split(',').every((entry) => format.test(entry.replaceAll(/\b0+/g, ''))) && numbers.every((each) => each <= 16_384);
        const refused = refusal(() => parseModes(text));
        if (right) expect(refused).toBe('it was not refused');
        else expect(refused).toContain('<width>x<height>@<Hz>');
      }),
      { numRuns: 5000 },
    );
  });

  it('has 1 to 128 of them', () => {
    const modes = (count: number): string => new Array(count).fill('1x1@1').join(',');
    expect(parseModes(modes(128))).toHaveLength(128);
    expect(refusal(() => parseModes(modes(129)))).toContain('there are 129 display modes, expected 1..128');
  });

  const format = 'the format is a comma-separated list of <width>x<height>@<Hz>, for example 1440x1080@60,1280x1024@60';
  it.each([
    ['', 'display mode 1 of 1, "": it is empty'],
    ['1x1@1,', 'display mode 2 of 2, "": it is empty'],
    ['1x1@1, 2x2@2', 'display mode 2 of 2, " 2x2@2": the width " 2" is not a whole decimal number'],
    ['1x1@1,2x2,3x3@3', 'display mode 2 of 3, "2x2": the rate is missing'],
    ['2x2@', 'display mode 1 of 1, "2x2@": the rate is missing'],
    ['x2@60', 'display mode 1 of 1, "x2@60": the width is missing'],
    ['2x@60', 'display mode 1 of 1, "2x@60": the height is missing'],
    ['2@60', 'display mode 1 of 1, "2@60": there is no x between width and height'],
    ['2X3@60', 'display mode 1 of 1, "2X3@60": there is no x between width and height'],
    ['2x3x4@60', 'display mode 1 of 1, "2x3x4@60": it has more than one x'],
    ['2x3@60@60', 'display mode 1 of 1, "2x3@60@60": it has more than one @'],
    ['0x10x3@60', 'display mode 1 of 1, "0x10x3@60": it has more than one x'],
    ['2x3@59.94', 'display mode 1 of 1, "2x3@59.94": the rate "59.94" is not a whole decimal number'],
    ['-2x3@60', 'display mode 1 of 1, "-2x3@60": the width "-2" is not a whole decimal number'],
    ['2x1e3@60', 'display mode 1 of 1, "2x1e3@60": the height "1e3" is not a whole decimal number'],
    ['0x3@60', 'display mode 1 of 1, "0x3@60": the width is 0, expected an integer in 1..65535'],
    ['2x65536@60', 'display mode 1 of 1, "2x65536@60": the height is 65536, expected an integer in 1..65535'],
    ['2x3@0', 'display mode 1 of 1, "2x3@0": the rate is 0 Hz, expected 1..65535'],
    ['2x3@65536', 'display mode 1 of 1, "2x3@65536": the rate is 65536 Hz, expected 1..65535'],
    ['16385x3@60', 'display mode 1 of 1, "16385x3@60": the width is 16385, but no surface is larger than 16384'],
    ['2x65535@60', 'display mode 1 of 1, "2x65535@60": the height is 65535, but no surface is larger than 16384'],
  ])('%j is refused with what is wrong and what the format is', (text, wrong) => {
    expect(refusal(() => parseModes(text))).toBe(`ArgumentError: ${wrong}; ${format}`);
  });

  it('that is long is quoted in part', () => {
    expect(refusal(() => parseModes('9'.repeat(1000)))).toContain(`"${'9'.repeat(40)}"…: there is no x`);
  });
});

describe('one mode', () => {
  it('needs its rate, and may have leading zeros', () => {
    expect(parseMode('0640x480@060')).toEqual({ width: 640, height: 480, rateHz: 60 });
    expect(refusal(() => parseMode('640x480'))).toBe(
      'ArgumentError: display mode "640x480": the rate is missing; the format is <width>x<height>@<Hz>, for example 1440x1080@60',
    );
  });

  it('that is given as numbers may have a rate between two', () => {
    expect(checkMode({ width: 640, height: 480, rateHz: 59.94 }).rateHz).toBe(59.94);
    for (const rateHz of [0.5, Number.NaN, 65_536, Number.POSITIVE_INFINITY]) {
      expect(refusal(() => checkMode({ width: 640, height: 480, rateHz }))).toContain(`a display mode: the rate is ${rateHz} Hz`);
    }
    expect(refusal(() => checkMode({ width: 1.5, height: 480, rateHz: 60 }))).toContain('the width is 1.5, expected an integer');
  });
});
