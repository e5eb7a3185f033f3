// SPDX-License-Identifier: Apache-2.0
//
// charts.mjs - lays the charts of the device's machines out: dist/charts/machines.json, by ELK, so that neither a run nor a page has to.
//
// Invariant: the file holds all machines, in the order of their numbers. It appears under its name by a rename, and stays as it is where no machine
// has changed, since ELK takes a second or two.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Whose changes change layouts. */
const MAKERS = ['chart/elk-layout.js', 'chart/label.js', 'chart/model.js', 'chart/from-machine.js'];

/** Lays out what a dist folder's modules say. Throws if a module is missing or wrong. */
export async function layOutCharts(dist) {
  const { layOutAnew, machineCharts } = await import(pathToFileURL(join(dist, 'src', 'cli', 'machine-charts.js')).href);
  const charts = machineCharts();
  const path = join(dist, 'charts', 'machines.json');
  const changed = Math.max(...MAKERS.map((name) => statSync(join(dist, 'src', 'visualiser', name)).mtimeMs));
  if (existsSync(path) && statSync(path).mtimeMs > changed) {
    const known = JSON.parse(readFileSync(path, 'utf8')).map(({ layout: _, ...chart }) => chart);
    if (JSON.stringify(known) === JSON.stringify(charts)) return;
  }
  mkdirSync(join(dist, 'charts'), { recursive: true });
  writeFileSync(`${path}.${process.pid}.tmp`, JSON.stringify(await layOutAnew(charts)));
  renameSync(`${path}.${process.pid}.tmp`, path);
}
