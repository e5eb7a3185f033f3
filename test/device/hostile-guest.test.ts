/**
 * A hostile guest against the whole device: what native/soft is fuzzed with in C, through every actor. Seeded.
 */
import { describe, expect, it } from 'vitest';
import { createDevice, Vcpu } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

const ACCESSES = 20_000;
const OPCODES = [
  L.OP_SHARED_STATE,
  L.OP_ONLINE_ACK,
  L.OP_CURSOR_GLYPH,
  L.OP_CURSOR_SHOW,
  L.OP_DELETE_TASK,
  L.OP_UNMAP,
  L.OP_DEFINE_FIFO,
  L.OP_FREE_FIFO,
  L.OP_DEFINE_TASK,
  L.OP_MAP,
  0x7777,
];
const AWKWARD = [0, 1, 3, 4, 0x40, 0xfff, 0x1000, 0x4000, 0xffff, 0x1_0000, 0x10_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_c000, 0xffff_ffff];

/** mulberry32. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('a hostile guest', () => {
  it.each([
    ['mmio', 1],
    ['pci', 2],
  ] as const)('can do a %s device no lasting harm (seed %i)', async (variant, seed) => {
    const random = generator(seed);
    const modes = [
      { width: 64, height: 48, rateHz: 1000 },
      { width: 33, height: 21, rateHz: 60 },
    ];
    const device = await createDevice({ variant, modes, vsync: seed === 2, ramBytes: 16 * 2 ** 20, refuseEvery: 5 });
    try {
      const vcpu = new Vcpu(device.attachment);
      const guest = new RawGuest(device);
      const gpas = [device.attachment.ramBase, device.windowBase, 0, device.attachment.ramBase + 16 * 2 ** 20];
      const word = (): number => {
        const kind = random(4);
        if (kind === 0) return random(2 ** 32);
        if (kind === 1) return (gpas[random(gpas.length)] ?? 0) + random(16) * 0x4000;
        return kind === 2 ? random(9) : (AWKWARD[random(AWKWARD.length)] ?? 0);
      };
      for (let index = 0; index < ACCESSES; index++) {
        const choice = random(10);
        const offset = 4 * (random(3) === 0 ? random(L.GFX_WINDOW_LENGTH / 4) : 0x400 + random(0xa0));
        if (choice < 3) guest.control(OPCODES[random(OPCODES.length)] ?? 0, random(3), ...Array.from({ length: random(14) }, word));
        if (choice < 6) vcpu.read32(offset);
        else if (choice < 9) vcpu.write32(offset, word());
        else if (random(2) === 0) vcpu.write64(8 * random(2 ** 16), BigInt(word()) * BigInt(word()));
        else vcpu.write32(L.REG_MAIN_KICK, 1);
        // A device that halted, or never got a ring, is brought up again, or it would ignore the rest.
        if (index % 50 === 0) await guest.start();
        if (index % 2_000 === 1_999) await device.reset();
      }
      expect(device.lifeCycle).toBe('running');

      await device.reset();
      await guest.start();
      expect(await guest.fault()).toBe(0);
      // An encode may be refused, so the guest presents until a frame is shown.
      let stamp = 0;
      await until(async () => {
        await guest.presentColour(0xff_65_43_21, ++stamp);
        await until(() => guest.stamp(1) === stamp);
        return device.surface?.snapshot()?.pixels[0] === 0xff_65_43_21;
      });
    } finally {
      await device.close();
    }
  });
});
