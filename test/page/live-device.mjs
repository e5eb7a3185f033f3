// SPDX-License-Identifier: Apache-2.0
//
// live-device.mjs - what `apple-gfx run [--dashboard]` runs, for live-rate.mjs to ask how many frames there were: a device, its guest, and the page.
//
//   node test/page/live-device.mjs HZ page|none     HZ: of the vertical sync, 0: as fast as it can
//
// Its parent sends it anything to be told how many frames were rendered and how often a machine moved until then, and the moment in milliseconds; it ends
// with its channel.
import { LiveDashboard } from '../../dist/src/cli/dashboard.js';
import { startSession } from '../../dist/src/cli/session.js';
import { TRACE_IDS } from '../../dist/src/trace/events.js';

const [hertz, page] = process.argv.slice(2);
const dashboard = page === 'page' ? await LiveDashboard.prepare({ dashboard: { host: '127.0.0.1', port: 0 }, control: false }, null) : null;
const mode = { width: 1440, height: 1080, rateHz: Number(hertz) || 60 };
const session = await startSession({ device: { vsync: hertz !== '0', traceDetail: dashboard !== null }, mode, frames: undefined });
dashboard?.begin(session.device, 'live-device');
await dashboard?.listen(session.machine);

let moves = 0;
const read = new Map();
const countMoves = () => {
  for (const { ring } of session.device.traceRings) {
    const { end } = ring;
    ring.visitSince(read.get(ring) ?? 0, end, (_, event) => (moves += event === TRACE_IDS.agfx_machine_moved));
    read.set(ring, end);
  }
};
setInterval(countMoves, 100).unref();
process.on('message', () => {
  countMoves();
  process.send({ frames: session.device.statistics.framesRendered, moves, milliseconds: performance.now() });
});
process.once('disconnect', async () => {
  await dashboard?.close('done');
  await session.finish();
});
process.send('ready');
