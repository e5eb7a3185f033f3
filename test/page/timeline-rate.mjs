// SPDX-License-Identifier: Apache-2.0
//
// timeline-rate.mjs - how smoothly the Timeline moves: makes a recording of a million spans, shows it in headless Chromium at 1280x800, and pans it.
//
//   node test/page/timeline-rate.mjs [spans] [seconds]     default 1000000 3
//
// Prints, for each scale, pictures a second while each picture shows another place, and how long the longest took to come. It is no test: it says how fast
// this machine is as much as how fast the page is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRACE_IDS, RING_FIELDS, TRACE_NAMES } from '../../dist/src/trace/events.js';
import { encodeEnd, encodeHeader, encodeThread, EventsWriter } from '../../dist/src/trace/recording/encoder.js';
import { MAGIC } from '../../dist/src/trace/recording/format.js';
import { serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { openFileSource } from '../../dist/src/visualiser/server/file-source.js';
import { loadRig } from './load-rig.mjs';

const [spans = 1_000_000, seconds = 3] = process.argv.slice(2).map(Number);
/** What one access becomes, as spans-*.ts count it. */
const SPANS_PER_ACCESS = 15;
const KINDS = { access: 0x100, jobDone: 0x101, job: 0x110, reply: 0x130 };

/** A recording of accesses, one after the other, of some 60 microseconds each. */
function recording() {
  const fields = TRACE_NAMES.map((name) => RING_FIELDS[name]);
  const counts = fields.map((each) => each.length);
  const header = {
    format: 1,
    producer: 'timeline-rate',
    revision: 'hardened',
    variant: 'mmio',
    displays: 1,
    seed: null,
    schedule: null,
    epochNanoseconds: 0,
    events: TRACE_NAMES.map((name, index) => ({ name, fields: fields[index] })),
    kinds: Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [kind, name])),
    machines: [
      { name: 'lock', events: [], states: ['free', 'running', 'waiting'], definition: null },
      { name: 'mmioJob', events: [], states: ['queued', 'running', 'completed'], definition: null },
    ],
    mailboxes: { 1: 'bql', 2: 'background-queue' },
    counters: [],
  };
  const chunks = [MAGIC, encodeHeader(header)];
  for (const [index, actor] of ['bql', 'background-queue'].entries())
    chunks.push(encodeThread({ index, actor, name: actor, number: index }));
  const writers = [new EventsWriter(0, counts), new EventsWriter(1, counts)];
  let time = 1e9;
  const on = (thread, after, name, ...args) => {
    time += after;
    writers[thread].add(time, TRACE_IDS[name], args);
  };
  const accesses = Math.ceil(spans / SPANS_PER_ACCESS);
  for (let id = 1; id <= accesses; id++) {
    on(0, 5000 + (id % 97) * 100, 'agfx_batch_taken', 1);
    on(0, 300, 'agfx_message_taken', KINDS.access, id, 0, 0x1000);
    on(0, 900, 'agfx_machine_moved', 0, 0, 0, 1);
    on(0, 500, 'agfx_bql_taken', KINDS.access, id, 0);
    on(0, 900, 'agfx_machine_started', 1, id, 0);
    on(0, 900, 'agfx_job_submitted', id, 0);
    on(0, 900, 'agfx_message_posted', KINDS.job, id, 2);
    on(0, 900, 'agfx_bql_wait_began', id, 1);
    on(0, 200, 'agfx_machine_moved', 0, 0, 0, 2);
    on(0, 900, 'agfx_batch_ended');
    on(1, 9000, 'agfx_batch_taken', 1);
    on(1, 900, 'agfx_message_taken', KINDS.job, id, 0, 0);
    on(1, 900, 'agfx_job_began', id);
    on(1, 3000 + (id % 31) * 500, 'agfx_job_ended', id, id % 1000 === 0 ? 0 : 1);
    on(1, 900, 'agfx_message_posted', KINDS.jobDone, id, 1);
    on(1, 900, 'agfx_batch_ended');
    on(0, 9000, 'agfx_batch_taken', 1);
    on(0, 300, 'agfx_message_taken', KINDS.jobDone, id, 0, 0);
    on(0, 900, 'agfx_bql_wait_ended', id, 1);
    on(0, 200, 'agfx_machine_moved', 0, 0, 0, 1);
    on(0, 900, 'agfx_job_completed', id, 1);
    on(0, 300, 'apple_gfx_write', 0x1000, id, 0);
    on(0, 900, 'agfx_machine_moved', 1, id, 0, 2);
    on(0, 900, 'agfx_message_posted', KINDS.reply, id, 99);
    on(0, 200, 'agfx_machine_moved', 0, 0, 0, 0);
    on(0, 900, 'agfx_bql_released');
    on(0, 900, 'agfx_batch_ended');
    if (id % 500 === 0 || id === accesses) for (const writer of writers) chunks.push(writer.take(0));
  }
  chunks.push(encodeEnd({ nanoseconds: time, reason: 'done', statistics: {} }));
  return Buffer.concat(chunks);
}

/** Pans for so many seconds, a bit with each picture of the page; runs in the page. */
async function pan(milliseconds) {
  const canvas = document.querySelector('.tl-canvas');
  const press = (type, x) =>
    canvas.dispatchEvent(
      new PointerEvent(type, { pointerId: 1, clientX: canvas.getBoundingClientRect().left + x, clientY: 500, bubbles: true }),
    );
  const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
  canvas.setPointerCapture = () => {};
  await next();
  const start = performance.now();
  let [pictures, longest, last, x, by] = [0, 0, start, 600, 7];
  press('pointerdown', x);
  while (performance.now() - start < milliseconds) {
    x += by;
    if (x > 1000 || x < 200) by = -by;
    press('pointermove', x);
    await next();
    pictures++;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  press('pointerup', x);
  return { rate: (1000 * pictures) / (last - start), longest };
}

const folder = mkdtempSync(join(tmpdir(), 'timeline-rate-'));
const file = join(folder, 'rate.agfx');
const bytes = recording();
writeFileSync(file, bytes);
const Rig = await loadRig();
const rig = await Rig.start();
const source = await openFileSource(file);
const dashboard = await serveDashboard({ source });
try {
  const page = await rig.open(dashboard.url);
  await page.locator('.status', { hasText: 'file' }).waitFor();
  await page.evaluate("location.hash = '#/timeline'");
  const began = performance.now();
  await page.locator('.tl-canvas[data-complete="true"]').waitFor({ timeout: 120_000 });
  const count = await page.locator('.tl-canvas').getAttribute('data-spans');
  console.log(
    `${count} spans of ${(bytes.length / 2 ** 20).toFixed(1)} MiB, shown after ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
  const length = spans * 5000;
  for (const [name, share] of [
    ['all of it', 0.9],
    ['a tenth', 0.1],
    ['a thousandth', 0.001],
    ['some twenty accesses', 25 / (spans / SPANS_PER_ACCESS)],
  ]) {
    await page.evaluate(
      `location.hash = '#/timeline?from=${Math.round(length * (0.5 - share / 2))}&to=${Math.round(length * (0.5 + share / 2))}'`,
    );
    await page.waitForTimeout(500);
    const { rate, longest } = await page.evaluate(pan, 1000 * seconds);
    console.log(`${name}: ${rate.toFixed(1)} pictures a second, the longest after ${longest.toFixed(0)} ms`);
  }
} finally {
  await rig.browser.close();
  await dashboard.close();
  await source.close();
  rmSync(folder, { recursive: true });
}
