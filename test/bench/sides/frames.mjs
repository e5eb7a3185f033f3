/**
 * Scenarios of frames, each in a process of its own; prints what was measured as one line of JSON.
 *
 * `node test/bench/sides/frames.mjs copy WxH PICTURE COUNT`: how long a frame takes from when its encode is done (PVG's record is there) until it is
 * visible in the surface (its sequence is even again), and one memcpy of such a frame between the same two memories; a list of each, in
 * milliseconds, and which part of the tiles changed. PICTURE: `scene` as the demonstration guest draws it, `whole`: every pixel changes, `corner`: the last pixel of each
 * whole tile does, `same`: none does. `node test/bench/sides/frames.mjs sustained WxH@Hz SECONDS`: what a device shows of a guest that draws at every
 * vsync, and the CPU time of all threads for it.
 *
 * Invariant: frames are drawn by a guest through PVG, and taken by the production code. In `copy` that is on the calling thread, by a behaviour
 * and a surface beside the device's own, so that the two ways take turns, two frames each, and nothing else runs meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BqlBehaviour } from '../../../dist/actors/bql/behaviour.js';
import { ThreadPort } from '../../../dist/actors/device-port.js';
import { Message } from '../../../dist/actors/messages.js';
import { MAX_REGION_SLOTS } from '../../../dist/src/base/limits.js';
import { cellsView, loadBridge } from '../../../dist/src/bridge/native.js';
import { PvgStatus, Upcall } from '../../../dist/src/bridge/pvg.js';
import { startSession } from '../../../dist/src/cli/session.js';
import { GuestDriver } from '../../../dist/src/guest/driver.js';
import { sceneOf } from '../../../dist/src/guest/scene.js';
import { createDevice, parseMode, REVISIONS, Surface } from '../../../dist/src/index.js';
import { Mailboxes } from '../../../dist/src/runtime/mailbox.js';
import { RegionReferences } from '../../../dist/src/memory/references.js';
import { Tracer } from '../../../dist/src/trace/tracer.js';

const GFX = 0;
const TILE = 64;
/** How often it looks whether the GPU is done with a frame. */
const LOOK_MS = 2;
/** Until a frame that was asked for is in its texture, and the machine is quiet. */
const SETTLE_MS = 10;
const WARM = 8;

/** A guest's machine whose accesses this thread carries into PVG itself. */
function machineOf(device) {
  const bridge = loadBridge();
  const { attachment, interrupts } = device;
  const value = new Uint32Array(2);
  let seen = interrupts.sequence;
  return {
    ram: device.ram(),
    ramBase: attachment.ramBase,
    pageShift: attachment.pageShift,
    hasIosfc: false,
    read(offset) {
      bridge.pvg_mmio_read(attachment.device, GFX, offset, value);
      return value[0];
    },
    write: (offset, word) => void bridge.pvg_mmio_write(attachment.device, GFX, offset, word),
    waitForInterrupt(timeoutMs) {
      const before = seen;
      seen = interrupts.wait(before, timeoutMs);
      return seen === before ? 0 : 1;
    },
  };
}

const fill = (x, y, width, height, colour) => ({ kind: 'fill', x, y, width, height, colour });
const cursor = { x: 0, y: 0 };
/** A whole picture: each pixel differs from the frame before if `step` differs. */
const colourOf = (step) => 0xff00_0000 + (step % 2 === 0 ? 0x12_3456 : 0xed_cba9);

const PICTURES = {
  scene: (frame, { width, height }) => sceneOf(frame, width, height),
  whole: (frame, { width, height }) => ({ cursor, commands: [fill(0, 0, width, height, colourOf(frame))] }),
  same: (_frame, { width, height }) => ({ cursor, commands: [fill(0, 0, width, height, colourOf(0))] }),
  corner: (frame, { width, height }) => {
    const commands = [fill(0, 0, width, height, colourOf(0))];
    for (let y = TILE - 1; y < height; y += TILE) {
      for (let x = TILE - 1; x < width; x += TILE) commands.push(fill(x, y, 1, 1, colourOf(frame)));
    }
    return { cursor, commands };
  },
};

/** A behaviour with a port, beside the device's own, and when the surface was last written. */
function makeTaker(device, { width, height }) {
  const bridge = loadBridge();
  const { wiring } = device.internals;
  let surface = null;
  const report = (each) => {
    if (each.report === 'surface') surface = new Surface(each.width, each.height, each.memory);
  };
  const mailboxes = new Mailboxes(bridge);
  const port = new ThreadPort({ bridge, mailboxes, wiring, tracer: new Tracer([], () => undefined), report });
  const made = [];
  const create = port.createSurface.bind(port);
  port.createSurface = (...args) => {
    made.push(create(...args));
    return made[0];
  };
  const references = new RegionReferences(cellsView(bridge, wiring.map, MAX_REGION_SLOTS));
  const behaviour = new BqlBehaviour({ revision: REVISIONS.hardened, regions: [], references, displays: 1, port });
  behaviour.display(0).frames.setMode(width, height);
  const [written] = port.surfaces;
  const visible = { at: 0 };
  const end = written.endWrite.bind(written);
  written.endWrite = (present) => {
    end(present);
    visible.at = performance.now();
  };
  /** As a thread does, which sends what it posted when it takes again. */
  const step = () => {
    while (behaviour.step());
    mailboxes.flush();
  };
  return { bridge, behaviour, step, surface, visible, texture: made[0].texture };
}

const record = (kind, words) => ({ kind, id: 0, words: [...words, 0, 0, 0, 0, 0, 0].slice(0, 6), thread: 0, reserved: 0 });

/**
 * Until the frame has been encoded into the texture that will be shown. The device's own surface gets it as well, so there are two encodes of each
 * frame, carried out in order, of which the first to end is counted: so the texture itself is asked too, by a copy that has no room for its tiles.
 */
async function encoded({ bridge, texture, surface }, device, frame) {
  const counts = new BigUint64Array(2);
  const { bytes, tiles } = surface;
  do {
    await sleep(LOOK_MS);
    bridge.pvg_display_present_counts(device, 0, counts);
  } while (Number(counts[1]) < frame || bridge.pvg_texture_show(texture, bytes, bytes.length, tiles, 0, 0) === PvgStatus.refused);
  await sleep(SETTLE_MS);
}

async function copy({ width, height }, draw, count) {
  const device = await createDevice({
    headless: true,
    vsync: false,
    modes: [{ width, height, rateHz: 60 }],
    ramBytes: 64 * 2 ** 20,
  });
  const driver = GuestDriver.start(machineOf(device), { size: { width, height } });
  const taker = makeTaker(device, { width, height });
  const { bridge, behaviour, step, surface, visible, texture } = taker;
  const results = { ours: [], reference: [] };
  let changed = 0;
  for (let frame = 1; frame <= WARM + 2 * count; frame++) {
    driver.present(draw);
    driver.finish();
    await sleep(1);
    behaviour.receive(record(Upcall.newFrame, [0]));
    step();
    await encoded(taker, device.attachment.device, frame);
    const { sequence } = surface;
    const completed = record(Upcall.frameCompleted, [0, frame, 0, frame]);
    if (frame % 4 < 2) {
      // Somebody waits for it, since nobody looks at the device's own surface.
      behaviour.receive(record(Message.updateRequested, [0, 1]));
      step();
      const began = performance.now();
      behaviour.receive(completed);
      step();
      const took = visible.at - began;
      if (surface.sequence !== sequence + 2) throw new Error(`frame ${frame} was not shown`);
      if (frame > WARM) results.ours.push(took);
      if (frame > WARM) changed += surface.tiles.filter((tile) => tile === sequence + 2).length / surface.tiles.length;
    } else {
      const began = performance.now();
      const status = bridge.pvg_texture_copy(texture, surface.bytes, surface.bytes.length);
      const took = performance.now() - began;
      if (status !== 0) throw new Error(`frame ${frame} was not copied: ${status}`);
      if (frame > WARM) results.reference.push(took);
      behaviour.receive(completed);
      step();
    }
  }
  await device.close();
  return { ...results, changed: changed / results.ours.length };
}

async function sustained(mode, seconds) {
  const session = await startSession({ device: { vsync: true }, mode, frames: undefined });
  const failed = session.ended.then(() => Promise.reject(new Error('the guest stopped')));
  failed.catch(() => undefined);
  while (session.device.statistics.framesRendered < 30) await Promise.race([sleep(5), failed]);
  const { shown } = session.device.display;
  const look = () => ({ ...session.device.statistics, shownSeconds: shown.seconds, cpu: process.cpuUsage() });
  const before = look();
  await Promise.race([sleep(seconds * 1000), failed]);
  const after = look();
  session.stop();
  await session.finish();
  const frames = after.framesRendered - before.framesRendered;
  const cpu = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
  return {
    framesPerSecond: frames / (after.shownSeconds - before.shownSeconds),
    frames,
    dropped: after.framesDropped - before.framesDropped,
    cpuMsPerFrame: cpu / 1000 / frames,
  };
}

const [scenario, size, ...rest] = process.argv.slice(2);
const mode = parseMode(size.includes('@') ? size : `${size}@60`);
const result = scenario === 'copy' ? await copy(mode, PICTURES[rest[0]], Number(rest[1])) : await sustained(mode, Number(rest[0]));
console.log(JSON.stringify(result));
