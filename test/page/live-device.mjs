// SPDX-License-Identifier: Apache-2.0
//
// live-device.mjs - what `apple-gfx run [--dashboard]` runs, for live-rate.mjs to ask how many frames there were: a device, its guest, and the page.
//
//   node test/page/live-device.mjs on|off page|none
//
// Its parent sends it anything to be told the frames that were rendered until then, and the moment in milliseconds; it ends with its channel.
import { LiveDashboard } from '../../dist/src/cli/dashboard.js';
import { startSession } from '../../dist/src/cli/session.js';

const [vsync, page] = process.argv.slice(2);
const dashboard = page === 'page' ? await LiveDashboard.prepare({ dashboard: { host: '127.0.0.1', port: 0 }, control: false }, null) : null;
const mode = { width: 1440, height: 1080, rateHz: 60 };
const session = await startSession({ device: { vsync: vsync === 'on', traceDetail: dashboard !== null }, mode, frames: undefined });
dashboard?.begin(session.device, 'live-device');
await dashboard?.listen(session.machine);
process.on('message', () => process.send({ frames: session.device.statistics.framesRendered, milliseconds: performance.now() }));
process.once('disconnect', async () => {
  await dashboard?.close('done');
  await session.finish();
});
process.send('ready');
