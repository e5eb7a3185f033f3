/**
 * How the demonstration guest ends when it can't go on: the device halted, or it does not do what the driver needs.
 *
 * A device that was closed under the guest is neither: that is base/errors' DeviceClosedError, which the machine throws.
 */
import { AppleGfxError } from '../base/errors.js';

/** The device halted with a fault. */
export class GuestFaultError extends AppleGfxError {
  constructor(readonly fault: number) {
    super('ERR_GUEST_FAULT', `the device halted with fault ${fault >>> 16} at opcode 0x${(fault & 0xffff).toString(16)}`);
  }
}

/** The device, or the RAM that the driver was to go on from, is not what this driver needs; the message says what was wrong. */
export class GuestDriverError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_GUEST_DRIVER', message);
  }
}
