// SPDX-License-Identifier: Apache-2.0
//
// live-rate.mjs - how smoothly the page shows a device that runs, and what its device loses by it.
//
//   node test/page/live-rate.mjs [seconds] [runs] [on|off] [view ...]     default 6 3 on none system machines
//
// Each run is a device of its own, vertical sync on or off, that draws with its page open in headless Chromium at 1280x800 ("none": without a page; "open": served,
// and nobody there). Rounds go through all views in turn, so that what else the machine does falls on all of them. Prints, for each view, the medians: pictures
// of the page a second, the device's frames a second, and their ratio to "none". It is no test: it says how fast this machine is as much as how fast
// the page is, since a browser without a GPU draws on the cores that the device runs on.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { loadRig } from './load-rig.mjs';

const [seconds = 6, runs = 3] = process.argv.slice(2, 4).map(Number);
const [vsync = 'on', ...named] = process.argv.slice(4);
const views = named.length > 0 ? ['none', ...named] : ['none', 'system', 'machines'];
const SETTLE_SECONDS = 2;

/** Counts the pictures that the page makes in so many milliseconds; runs in the page. */
function countPictures(milliseconds) {
  return new Promise((resolve) => {
    const start = performance.now();
    let pictures = 0;
    const next = () => {
      pictures++;
      const passed = performance.now() - start;
      if (passed >= milliseconds) resolve((1000 * pictures) / passed);
      else requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
}

/** Starts a device; `address`: its page's, if it has one; `frames()`: how many it has rendered, and when that was. */
async function startDevice(withPage) {
  const args = [vsync, withPage ? 'page' : 'none'];
  const device = fork(new URL('live-device.mjs', import.meta.url), args, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let errors = '';
  device.stderr.on('data', (text) => (errors += text));
  await once(device, 'message');
  return {
    address: /http:\S+/.exec(errors)?.[0],
    async frames() {
      device.send('frames');
      const [told] = await once(device, 'message');
      return told;
    },
    async end() {
      device.disconnect();
      await once(device, 'exit');
    },
  };
}

/** Both rates are counted in the same seconds, once the page has come to rest. */
async function measure(rig, view) {
  const device = await startDevice(view !== 'none');
  const page = view === 'none' || view === 'open' ? null : await rig.open(device.address.replace('#', `#/${view}?`));
  await page?.emulateMedia({ reducedMotion: 'no-preference' });
  await setTimeout(1000 * SETTLE_SECONDS);
  const before = await device.frames();
  const pictures = page === null ? Number.NaN : await page.evaluate(countPictures, 1000 * seconds);
  if (page === null) await setTimeout(1000 * seconds);
  const after = await device.frames();
  await page?.close();
  await device.end();
  return { pictures, fps: (1000 * (after.frames - before.frames)) / (after.milliseconds - before.milliseconds) };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const Rig = await loadRig();
const rig = await Rig.start();
const results = new Map(views.map((view) => [view, []]));
try {
  for (let run = 0; run < runs; run++) {
    for (const view of views) results.get(view).push(await measure(rig, view));
    process.stderr.write(`${run + 1} of ${runs} rounds\n`);
  }
} finally {
  await rig.browser.close();
}
const without = median(results.get('none').map(({ fps }) => fps));
for (const [view, measured] of results) {
  const fps = median(measured.map((each) => each.fps));
  const pictures = median(measured.map((each) => each.pictures));
  const shown = Number.isNaN(pictures) ? '' : `, ${pictures.toFixed(1)} pictures of the page a second`;
  console.log(`${view.padEnd(10)} ${fps.toFixed(1)} frames a second, ${(fps / without).toFixed(3)} of without a page${shown}`);
}
