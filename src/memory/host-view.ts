/**
 * Which region's memory is at a host address: look-ups take O(log n).
 *
 * Immutable, as flat-view.ts is. The bridge gives no two regions the same host address; where a list says so all the same, the
 * last that begins there is found.
 */
import type { BackedRegion } from './region.js';

export class HostView {
  private readonly regions: readonly BackedRegion[];

  constructor(regions: readonly BackedRegion[]) {
    this.regions = [...regions].sort((a, b) => a.hostAddress - b.hostAddress);
  }

  find(address: number): BackedRegion | null {
    let low = 0;
    let high = this.regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.regions[middle]?.hostAddress ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const region = this.regions[low - 1];
    return region && address < region.hostAddress + region.length ? region : null;
  }
}
