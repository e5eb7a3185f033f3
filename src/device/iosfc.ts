/**
 * The IOSurface mapper's map and unmap (device.md 4.5).
 *
 * Invariant: every upcall is answered at once. No memory is mapped here: PVG gets a host address in guest RAM, and what keeps that RAM
 * alive is counted as the revision says. Only `checked` knows which mappings there are, so only it refuses an unmap of none.
 */
import type { PvgRecord } from '../bridge/records.js';
import type { AddressSpace } from '../memory/address-space.js';
import type { BackedRegion } from '../memory/region.js';
import type { Revision } from '../revisions/revision.js';
import type { DevicePort } from './effects.js';

interface Mapping {
  readonly region: BackedRegion;
  count: number;
}

export class Iosfc {
  /** `checked`: by host address. Owned by the actor that serves the mapper. */
  private readonly mappings = new Map<number, Mapping>();
  /** `perRegion`: regions with mappings, in the order of their first. */
  private readonly regions: Mapping[] = [];
  private alive = 0;

  constructor(
    private readonly space: AddressSpace,
    private readonly port: DevicePort,
    private readonly references: Revision['iosfcReferences'],
  ) {}

  /** Mappings alive; of revisions that don't count them, 0. */
  get count(): number {
    return this.alive;
  }

  map(upcall: PvgRecord): void {
    const [gpa = 0, length = 0, readOnly = 0, e = 0, f = 0] = upcall.words;
    const found = this.space.lookup(gpa, length, readOnly === 0);
    const address = found ? found.region.hostAddress + found.offset : 0;
    if (found) this.keep(found.region, address);
    this.port.trace('apple_gfx_iosfc_map_memory', {
      gpa,
      length,
      readOnly,
      va: upcall.id,
      e,
      f,
      address,
      ...this.tracedSuccess(found !== null),
    });
    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: found !== null, value: address });
  }

  unmap(upcall: PvgRecord): void {
    const address = upcall.words[0] ?? 0;
    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: this.undo(address), value: 0 });
  }

  /** The merged revision's line doesn't say whether it succeeded. */
  private tracedSuccess(ok: boolean): { readonly ok?: number } {
    return this.references === 'none' || this.references === 'perRegion' ? { ok: ok ? 1 : 0 } : {};
  }

  private keep(region: BackedRegion, address: number): void {
    switch (this.references) {
      case 'none':
        return;
      case 'perRegion':
        return this.countRegion(region);
      case 'perMapping':
        this.alive++;
        return this.space.acquire(region);
      case 'checked': {
        this.alive++;
        this.space.acquire(region);
        const mapping = this.mappings.get(address);
        if (mapping) mapping.count++;
        else this.mappings.set(address, { region, count: 1 });
      }
    }
  }

  private countRegion(region: BackedRegion): void {
    this.alive++;
    const known = this.regions.find((each) => each.region === region);
    if (known) {
      known.count++;
      return;
    }
    this.space.acquire(region);
    const { id, hostAddress, length } = region;
    this.port.trace('apple_gfx_iosfc_map_memory_new_region', {
      index: this.regions.length,
      region: id,
      start: hostAddress,
      end: hostAddress + length,
    });
    this.regions.push({ region, count: 1 });
  }

  /** Undoes one mapping; the upcall's answer. */
  private undo(address: number): boolean {
    switch (this.references) {
      case 'none':
        return true;
      case 'perRegion':
        return this.uncountRegion(address);
      case 'perMapping':
        return this.releaseAnyOf(address);
      case 'checked':
        return this.forget(address);
    }
  }

  private uncountRegion(address: number): true {
    const index = this.regions.findIndex(({ region }) => address >= region.hostAddress && address < region.hostAddress + region.length);
    const known = this.regions[index];
    if (!known) {
      this.log(address);
      return true;
    }
    const { region } = known;
    this.port.trace('apple_gfx_iosfc_unmap_memory_region', { address, index, count: known.count, region: region.id });
    this.alive--;
    known.count--;
    if (known.count === 0) {
      this.regions.splice(index, 1);
      this.space.release(region);
    }
    return true;
  }

  private releaseAnyOf(address: number): boolean {
    const region = this.space.findHostAddress(address);
    if (!region || !this.space.tryRelease(region)) return false;
    this.alive--;
    this.port.trace('apple_gfx_iosfc_unmap_memory_region', { address, region: region.id });
    return true;
  }

  private forget(address: number): boolean {
    const mapping = this.mappings.get(address);
    if (!mapping) {
      this.log(address);
      return false;
    }
    this.alive--;
    mapping.count--;
    if (mapping.count === 0) this.mappings.delete(address);
    this.port.trace('apple_gfx_iosfc_unmap_memory_region', { address, region: mapping.region.id });
    this.space.release(mapping.region);
    return true;
  }

  private log(address: number): void {
    this.port.perform({ do: 'logGuestError', text: `iosfc unmap of 0x${address.toString(16)}: nothing is mapped there` });
  }
}
