/**
 * Scenarios of the IOSurface mapper: a guest that maps and unmaps surfaces of one page, each a page of its own.
 *
 * Invariant: each entry of the ring must succeed, or the scenario fails. A batch is one access, however many entries it hands over.
 */
import * as L from '../../../dist/src/guest/layout.js';
import { Vcpu } from '../../../dist/src/runtime/vcpu.js';
import { begin } from './native.mjs';

const PAGE = 0x4000;
/** Where things lie in guest RAM. */
const RING = 0;
const TABLE = 0x20_0000;
const SURFACES = 0x30_0000;
/** Entries of a batch that is measured beside many others. */
const BATCH = 512;

/** Adds up what several pieces of work took. */
function sum(parts) {
  const total = { operations: 0, nanoseconds: 0, processorNs: 0, voluntary: 0, involuntary: 0, systemCalls: 0 };
  for (const part of parts) for (const name of Object.keys(total)) total[name] += part[name];
  return total;
}

class SurfaceGuest {
  produced = 0;

  constructor(device) {
    this.vcpu = new Vcpu(device.attachment);
    const { ram } = this.vcpu;
    this.words = new Uint32Array(ram.buffer, ram.byteOffset, ram.byteLength / 4);
    this.vcpu.writeIosfc64(L.IOSFC_RING_CAPACITY, BigInt(L.IOSFC_RING_MAX));
    this.vcpu.writeIosfc64(L.IOSFC_RING_BASE, BigInt(this.vcpu.ramBase + RING));
    this.vcpu.writeIosfc64(L.IOSFC_TABLE, BigInt(this.vcpu.ramBase + TABLE));
  }

  /** Surfaces `first` to `first + count` in one batch; what handing it over took. */
  request(opcode, first, count) {
    for (let index = 0; index < count; index++) {
      const gpa = this.vcpu.ramBase + SURFACES + (first + index) * PAGE;
      this.words.set([opcode, first + index, gpa, 0, PAGE, 0, 0, 0], this.entryAt(index));
    }
    const end = begin();
    this.vcpu.writeIosfc64(L.IOSFC_PRODUCER, BigInt(this.produced + count));
    const took = end(count);
    for (let index = 0; index < count; index++) {
      if (this.words[this.entryAt(index) + 7] !== L.IOSFC_OK) throw new Error(`entry ${index} of ${count} failed`);
    }
    this.produced += count;
    return took;
  }

  map(first, count) {
    return this.request(L.IOSFC_OP_MAP, first, count);
  }

  unmap(first, count) {
    return this.request(L.IOSFC_OP_UNMAP, first, count);
  }

  entryAt(index) {
    return (RING + ((this.produced + index) % L.IOSFC_RING_MAX) * L.IOSFC_ENTRY_SIZE) / 4;
  }
}

/** `count` maps with `alive` others there, in batches. */
function mapBeside(guest, alive, count) {
  const parts = [];
  for (let made = 0; made < count; made += BATCH) {
    const batch = Math.min(BATCH, count - made);
    parts.push(guest.map(alive, batch));
    guest.unmap(alive, batch);
  }
  return sum(parts);
}

/** Scenarios by name: what they do with a guest and a number of operations. */
const SCENARIOS = {
  surfaces(guest, count, alive) {
    guest.map(0, alive);
    const took = mapBeside(guest, alive, count);
    guest.unmap(0, alive);
    return took;
  },
  'unmap-batch'(guest, count) {
    guest.map(0, count);
    return guest.unmap(0, count);
  },
  'unmap-single'(guest, count) {
    guest.map(0, count);
    return sum(Array.from({ length: count }, (_, surface) => guest.unmap(surface, 1)));
  },
};

/** The scenario of that name, or undefined: a function of the device and numbers of operations, which it does one after the other. */
export function mapperScenario(name) {
  const [, kind, alive] = /^(surfaces|unmap-batch|unmap-single)(?:-(\d+))?$/.exec(name) ?? [];
  if (kind === undefined) return undefined;
  return (device, ...counts) => {
    const guest = new SurfaceGuest(device);
    const results = counts.map((count) => SCENARIOS[kind](guest, count, Number(alive)));
    guest.vcpu.detach();
    return results.at(-1);
  };
}
