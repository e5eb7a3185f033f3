/**
 * What goes over a QMP socket: answers, errors and events; the greeting is greeting.ts (QEMU's docs/interop/qmp-spec).
 *
 * Invariant: everything that is sent is one line of ASCII.
 */
import { AppleGfxError } from '../../base/errors.js';

/** QMP has more classes, for what there isn't here. */
export type QmpErrorClass = 'GenericError' | 'CommandNotFound';

/** A command is answered with an error: its class and description. */
export class QmpError extends AppleGfxError {
  constructor(
    readonly errorClass: QmpErrorClass,
    message: string,
  ) {
    super('ERR_QMP', message);
  }
}

/** Why a machine ends, by QEMU's names. */
export type ShutdownCause = 'none' | 'host-error' | 'host-qmp-quit' | 'host-signal' | 'guest-shutdown';

/** What happened, and by QEMU's names what there is to say about it. */
export type QmpEvent =
  | { readonly event: 'STOP' | 'RESUME' }
  | { readonly event: 'RESET'; readonly data: { readonly guest: false; readonly reason: 'host-qmp-system-reset' } }
  | { readonly event: 'SHUTDOWN'; readonly data: { readonly guest: boolean; readonly reason: ShutdownCause } };

/** Microseconds since the epoch, as an event has them. */
export function timed(event: QmpEvent, microseconds: number): object {
  return { timestamp: { seconds: Math.floor(microseconds / 1e6), microseconds: Math.floor(microseconds % 1e6) }, ...event };
}

/** A line for the socket. */
export function encode(message: object): string {
  const escaped = JSON.stringify(message).replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${escaped}\r\n`;
}
