// The demonstration guest on a thread of its own, as a VMM's: its registers and interrupts go over vfio-user, its RAM by a descriptor.
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { loadBridge, ramView } from '../../../dist/src/bridge/native.js';
import { iosfcWindow } from '../../../dist/src/guest/machine.js';
import { runGuest } from '../../../dist/src/guest/program.js';

const bridge = loadBridge();
const { path, ram, bytes, program, moves } = workerData;
const VECTORS = 2;
const wake = bridge.pvg_event_create();
const events = Array.from({ length: VECTORS }, () => bridge.pvg_event_create());
const room = new Uint8Array(2 ** 21);
const descriptors = new Int32Array(17);
let socket = bridge.pvg_socket_connect(path);
let id = 0;

/** Sends a message and returns the answer's payload. */
function ask(command, payload, fds = []) {
  const message = new Uint8Array(16 + payload.length);
  const view = new DataView(message.buffer);
  view.setUint16(0, ++id & 0xffff, true);
  view.setUint16(2, command, true);
  view.setUint32(4, message.length, true);
  message.set(payload, 16);
  for (let sent = 0; sent < message.length; ) {
    const first = sent === 0 && fds.length > 0 ? Int32Array.from(fds) : null;
    const count = bridge.pvg_socket_send(socket, wake, message.subarray(sent), message.length - sent, first, first?.length ?? 0, 10_000);
    if (count < 0) throw new TypeError(bridge.pvg_last_error());
    sent += count;
  }
  let got = 0;
  while (got < 16 || got < new DataView(room.buffer).getUint32(4, true)) {
    const count = bridge.pvg_socket_receive(socket, wake, room.subarray(got), room.length - got, descriptors, 100, -1);
    if (count <= 0) throw new TypeError(`the server has gone: ${bridge.pvg_last_error()}`);
    got += count;
  }
  const answer = new DataView(room.buffer);
  if (answer.getUint32(12, true) !== 0) throw new TypeError(`command ${command} failed with ${answer.getUint32(12, true)}`);
  return new DataView(room.buffer, 16, got - 16);
}

function words(...values) {
  const payload = new Uint8Array(values.reduce((sum, value) => sum + (typeof value === 'bigint' ? 8 : 4), 0));
  const view = new DataView(payload.buffer);
  let at = 0;
  for (const value of values) {
    if (typeof value === 'bigint') view.setBigUint64(at, value, true);
    else view.setUint32(at, value, true);
    at += typeof value === 'bigint' ? 8 : 4;
  }
  return payload;
}

/** What QEMU does when it makes the device and its guest has switched MSI on. */
function open() {
  ask(1, words(0));
  ask(2, words(32, 3, 0n, 0n, BigInt(bytes)), [bridge.pvg_ram_fd(ram)]);
  ask(8, words(20, 0x24, 1, 0, VECTORS), events);
}

/** Goes to a state of migration. */
function go(state) {
  ask(16, words(16, 2 | (1 << 17), state, 0));
}

function readState() {
  const pieces = [];
  for (;;) {
    const answer = ask(17, words(1_048_584, 1_048_576));
    const size = answer.getUint32(4, true);
    pieces.push(new Uint8Array(answer.buffer, answer.byteOffset + 8, size).slice());
    if (size < 1_048_576) return Buffer.concat(pieces);
  }
}

function writeState(state) {
  for (let at = 0; at < state.length; at += 500_000) {
    const piece = state.subarray(at, at + 500_000);
    const payload = new Uint8Array(8 + piece.length);
    payload.set(words(8, piece.length));
    payload.set(piece, 8);
    ask(18, payload);
  }
}

/** Pages that the device says it could have written since it was last asked. */
function dirtyPages() {
  const answer = ask(16, words(32, 8 | (1 << 16), 0n, BigInt(bytes), 4096n));
  return new Uint8Array(answer.buffer, answer.byteOffset + 32, bytes / 4096 / 8).slice();
}

/** Pages that are not as they were. */
function changedPages(before) {
  const changed = [];
  for (let at = 0; at < bytes; at += 4096) {
    if (Buffer.compare(machine.ram.subarray(at, at + 4096), before.subarray(at, at + 4096)) !== 0) changed.push(at / 4096);
  }
  return changed;
}

function waitForInterrupt(timeoutMs) {
  const until = performance.now() + timeoutMs;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    let raised = 0;
    for (const [vector, event] of events.entries()) {
      try {
        readSync(event, new Uint8Array(8));
        raised |= 1 << vector;
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error;
      }
    }
    if (raised !== 0 || performance.now() > until) return raised;
    Atomics.wait(sleeper, 0, 0, 0.2);
  }
}

const machine = {
  ram: ramView(bridge, ram, 0, bytes),
  ramBase: 0,
  pageShift: 12,
  ...iosfcWindow(null),
  read: (offset) => ask(9, words(BigInt(offset), 0, 4)).getUint32(16, true),
  write: (offset, value) => void ask(10, words(BigInt(offset), 0, 4, value >>> 0)),
  waitForInterrupt,
};

open();
// As a VMM does when its machine starts: the device keeps what the client before has left.
ask(13, words());
if (workerData.log) {
  const before = machine.ram.fill(0x55).slice();
  ask(16, words(24, 6 | (1 << 17), 4096n, 0, 0));
  dirtyPages();
  runGuest(machine, { ...program, shouldStop: () => false });
  go(1);
  parentPort.postMessage({ changed: changedPages(before), dirty: dirtyPages(), again: dirtyPages() });
  go(2);
  ask(16, words(8, 7 | (1 << 17)));
  ask(13, words());
}
parentPort.postMessage({ socket });
let result = runGuest(machine, { ...program, shouldStop: () => false });
for (const to of moves ?? []) {
  go(3);
  const state = readState();
  if (to === 'here') go(2);
  else {
    bridge.pvg_descriptor_close(socket);
    socket = bridge.pvg_socket_connect(to);
    open();
    go(4);
    writeState(state);
    go(2);
  }
  result = runGuest(machine, { ...program, resume: true, shouldStop: () => false });
}
parentPort.postMessage(result);
bridge.pvg_descriptor_close(socket);
for (const event of [wake, ...events]) bridge.pvg_descriptor_close(event);
