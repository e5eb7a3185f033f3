// SPDX-License-Identifier: Apache-2.0
//
// live-rate.mjs - how smoothly the page shows a device that runs, and what its device loses by it.
//
//   node test/page/live-rate.mjs [seconds] [runs] [hertz] [view ...]     default 6 3 60 system machines
//
// Each run is a device of its own, at that vertical sync or with none (0), that draws with its page open in headless Chromium at 1280x800 ("none": without a page; "open": served,
// and nobody there). Rounds go through all views in turn, so that what else the machine does falls on all of them. Prints, for each view, the medians: the
// device's frames a second, their ratio to "none", how often its machines moved in a second, and pictures of the page a second. It is no test: it says how fast this machine is as much as how fast
// the page is, since a browser without a GPU draws on the cores that the device runs on.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { loadRig } from './load-rig.mjs';

const [seconds = 6, runs = 3, hertz = 60] = process.argv.slice(2, 5).map(Number);
const named = process.argv.slice(5);
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

/** Starts a device; `address`: its page's, if it has one; `counts()`: what it has done so far, and when that was. */
async function startDevice(withPage) {
  const args = [String(hertz), withPage ? 'page' : 'none'];
  const device = fork(new URL('live-device.mjs', import.meta.url), args, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let errors = '';
  device.stderr.on('data', (text) => (errors += text));
  await once(device, 'message');
  return {
    address: /http:\S+/.exec(errors)?.[0],
    async counts() {
      device.send('counts');
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
  const before = await device.counts();
  const pictures = page === null ? Number.NaN : await page.evaluate(countPictures, 1000 * seconds);
  if (page === null) await setTimeout(1000 * seconds);
  const after = await device.counts();
  await page?.close();
  await device.end();
  const passed = (after.milliseconds - before.milliseconds) / 1000;
  return { pictures, fps: (after.frames - before.frames) / passed, moves: (after.moves - before.moves) / passed };
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
const medianOf = (measured, name) => median(measured.map((each) => each[name]));
const without = medianOf(results.get('none'), 'fps');
for (const [view, measured] of results) {
  const fps = medianOf(measured, 'fps');
  const pictures = medianOf(measured, 'pictures');
  const parts = [`${fps.toFixed(1)} frames a second`, `${(fps / without).toFixed(3)} of without a page`];
  if (view !== 'none') parts.push(`${medianOf(measured, 'moves').toFixed(0)} moves a second`);
  if (!Number.isNaN(pictures)) parts.push(`${pictures.toFixed(1)} pictures of the page a second`);
  console.log(`${view.padEnd(10)} ${parts.join(', ')}`);
}
