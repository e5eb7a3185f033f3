/**
 * What a vCPU on any thread needs of a device.
 *
 * Structured-cloneable; handles and shared memory only.
 */
import { Message } from '../actors/messages.js';
import type { Wiring } from '../actors/wiring.js';
import { PvgWindow } from './bridge/pvg.js';
import type { CheckedOptions } from './device/options.js';
import type { VcpuAttachment } from './runtime/vcpu.js';

/** For `new Vcpu()`. */
export function attachmentOf(wiring: Wiring, made: { readonly options: CheckedOptions; readonly ramHandle: number }): VcpuAttachment {
  const { options, ramHandle } = made;
  const bytesOf = (window: number): number =>
    wiring.regions.find((region) => region.kind === 'mmio' && region.window === window)?.length ?? 0;
  return {
    group: wiring.group,
    device: wiring.device,
    bqlMailbox: wiring.mailboxes.bql,
    kinds: { access: Message.access, enterPvg: Message.enterPvg, accessReturned: Message.accessReturned },
    board: wiring.board,
    iosfc: options.variant === 'mmio',
    ram: ramHandle,
    ramBase: options.ramBase,
    ramBytes: options.ramBytes,
    pageShift: options.variant === 'mmio' ? 14 : 12,
    interrupts: wiring.interrupts,
    traceSwitches: wiring.traceSwitches,
    traceDetail: wiring.traceDetail,
    pollMicroseconds: options.pollMicroseconds,
    windowBytes: [bytesOf(PvgWindow.gfx), bytesOf(PvgWindow.iosfc)],
    counters: wiring.counters,
  };
}
