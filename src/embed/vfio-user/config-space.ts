/**
 * The device's PCI configuration space: what is there, and which bits of it may be written.
 *
 * Offsets and bits are the PCI and PCI Express specifications'. What it does not do: act on what is written; the VMM decodes the BARs, and switches
 * interrupts by SET_IRQS.
 */
import type { PciDescription } from '../../device/pci.js';

/** Bytes of the whole space, as a PCI Express device has it. */
export const CONFIG_BYTES = 4096;

const COMMAND = 0x04;
const STATUS = 0x06;
const CLASS = 0x08;
const CACHE_LINE = 0x0c;
const BAR0 = 0x10;
const SUBSYSTEM = 0x2c;
const ROM = 0x30;
const CAPABILITIES = 0x34;
const INTERRUPT_LINE = 0x3c;
const PCIE = 0x40;
const MSI = 0x80;

/** I/O, memory and bus mastering; parity and system errors; interrupt disable. There is no I/O space, but guests set the bit. */
const COMMAND_BITS = 0x0547;
/** The device has a list of capabilities. */
const STATUS_CAPABILITIES = 0x10;
const CAPABILITY_PCIE = 0x10;
const CAPABILITY_MSI = 0x05;
/** Version 2, an endpoint. */
const PCIE_FLAGS = 0x0002;
/** Errors are reported by role. */
const PCIE_DEVICE_CAPABILITIES = 1 << 15;
/** Error reporting, relaxed ordering, payload, extended tags, no snoop, read request. */
const PCIE_DEVICE_CONTROL_BITS = 0x7fff;
/** Snooping, relaxed ordering, and read requests of 512 bytes: what a function has after a reset. */
const PCIE_DEVICE_CONTROL = 0x2810;
/** 2.5 GT/s, one lane. */
const PCIE_LINK = 0x11;
const MSI_64_BIT = 1 << 7;
const MSI_ENABLE = 1;
/** How many of the vectors are enabled, as a logarithm. */
const MSI_ENABLED_VECTORS = 7 << 4;
const ROM_ENABLE = 1;

/** Vectors of the MSI capability: a power of two, of which there are at most 32. */
export function msiVectors({ msi }: PciDescription): number {
  return 2 ** Math.min(5, Math.ceil(Math.log2(Math.max(1, msi.vectors))));
}

export class ConfigSpace {
  private readonly bytes = new Uint8Array(CONFIG_BYTES);
  /** Bits that a write changes. */
  private readonly masks = new Uint8Array(CONFIG_BYTES);
  private readonly initial: Uint8Array;

  constructor(pci: PciDescription) {
    const view = new DataView(this.bytes.buffer);
    const masks = new DataView(this.masks.buffer);
    view.setUint32(0, (pci.device << 16) | pci.vendor, true);
    masks.setUint16(COMMAND, COMMAND_BITS, true);
    view.setUint16(STATUS, STATUS_CAPABILITIES, true);
    view.setUint32(CLASS, pci.classCode << 16, true);
    masks.setUint8(CACHE_LINE, 0xff);
    // A memory BAR of 32 bits: the address bits below its size stay 0, by which its size is found.
    masks.setUint32(BAR0, -pci.bar0Bytes, true);
    view.setUint32(SUBSYSTEM, (pci.device << 16) | pci.vendor, true);
    // An expansion ROM's addresses have 11 bits less at least, whatever its size.
    if (pci.romBytes > 0) masks.setUint32(ROM, -Math.max(pci.romBytes, 2048) | ROM_ENABLE, true);
    view.setUint8(CAPABILITIES, PCIE);
    masks.setUint8(INTERRUPT_LINE, 0xff);
    this.describePcie(view, masks);
    this.describeMsi(view, masks, pci);
    this.initial = this.bytes.slice();
  }

  /** Copies what is at an offset; ones where nothing is. */
  read(offset: number, target: Uint8Array): void {
    target.fill(0xff);
    if (offset < CONFIG_BYTES) target.set(this.bytes.subarray(offset, Math.min(offset + target.length, CONFIG_BYTES)));
  }

  /** Changes those bits that may be written. */
  write(offset: number, source: Uint8Array): void {
    for (const [index, value] of source.entries()) {
      const at = offset + index;
      const mask = this.masks[at] ?? 0;
      if (mask !== 0) this.bytes[at] = ((this.bytes[at] ?? 0) & ~mask) | (value & mask);
    }
  }

  /** As after power on. */
  reset(): void {
    this.bytes.set(this.initial);
  }

  private describePcie(view: DataView, masks: DataView): void {
    view.setUint8(PCIE, CAPABILITY_PCIE);
    view.setUint8(PCIE + 1, MSI);
    view.setUint16(PCIE + 2, PCIE_FLAGS, true);
    view.setUint32(PCIE + 4, PCIE_DEVICE_CAPABILITIES, true);
    view.setUint16(PCIE + 8, PCIE_DEVICE_CONTROL, true);
    masks.setUint16(PCIE + 8, PCIE_DEVICE_CONTROL_BITS, true);
    view.setUint32(PCIE + 12, PCIE_LINK, true);
    view.setUint16(PCIE + 18, PCIE_LINK, true);
  }

  private describeMsi(view: DataView, masks: DataView, pci: PciDescription): void {
    view.setUint8(MSI, CAPABILITY_MSI);
    view.setUint16(MSI + 2, MSI_64_BIT | (Math.log2(msiVectors(pci)) << 1), true);
    masks.setUint16(MSI + 2, MSI_ENABLE | MSI_ENABLED_VECTORS, true);
    // An address is a multiple of 4.
    masks.setUint32(MSI + 4, 0xffff_fffc, true);
    masks.setUint32(MSI + 8, 0xffff_ffff, true);
    masks.setUint16(MSI + 12, 0xffff, true);
  }
}
