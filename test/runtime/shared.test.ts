import { describe, expect, it } from 'vitest';
import { InterruptLines } from '../../src/runtime/shared.js';

describe('MSI', () => {
  it('is off until the guest enables it', () => {
    const lines = new InterruptLines();
    expect([lines.msiEnabled, lines.msiVectors]).toEqual([false, 0]);
  });

  it.each([
    [undefined, 64],
    [1, 1],
    [32, 32],
    [64, 64],
    [65, 64],
    [0, 1],
    [-1, 1],
    [2 ** 40, 64],
  ])('enabled with %s vectors has %i', (vectors, enabled) => {
    const lines = new InterruptLines();
    lines.setMsiEnabled(true, vectors);
    expect([lines.msiEnabled, lines.msiVectors]).toEqual([true, enabled]);
    lines.setMsiEnabled(false, vectors);
    expect([lines.msiEnabled, lines.msiVectors]).toEqual([false, 0]);
  });

  it('is seen through the shared memory, and leaves the counts of interrupts alone', () => {
    const lines = new InterruptLines();
    const elsewhere = new InterruptLines(lines.memory);
    lines.raise(0);
    elsewhere.setMsiEnabled(true, 4);
    expect(lines.msiVectors).toBe(4);
    expect([lines.count(0), lines.count(1), lines.sequence]).toEqual([1, 0, 1]);
  });
});
