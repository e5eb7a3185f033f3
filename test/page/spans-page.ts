/**
 * Opens a recording in a browser for tests of Timeline and Sequence, and finds things on it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { type FileSource, openFileSource } from '../../dist/src/visualiser/server/file-source.js';
import { type PageOptions, Rig } from './rig.js';

export class SpansPages {
  private readonly folder = mkdtempSync(join(tmpdir(), 'spans-'));
  private rig: Rig | null = null;
  private dashboard: Dashboard | null = null;
  private source: FileSource | null = null;

  async start(): Promise<void> {
    this.rig = await Rig.start();
  }

  /** Opens the page on a recording, at a place of it. */
  async open(bytes: Buffer, hash: string, options: PageOptions = {}): Promise<Page> {
    const path = join(this.folder, 'run.agfxrec');
    writeFileSync(path, bytes);
    this.source = await openFileSource(path);
    this.dashboard = await serveDashboard({ source: this.source });
    const page = await (this.rig as Rig).open(this.dashboard.url, options);
    await page.locator('.status', { hasText: 'done' }).waitFor();
    await page.evaluate(`location.hash = '${hash}'`);
    return page;
  }

  /** After a test: its page goes, and its errors are told. */
  async closePages(): Promise<void> {
    for (const context of this.rig?.browser.contexts() ?? []) for (const page of context.pages()) await page.close();
    await this.dashboard?.close();
    await this.source?.close();
    this.rig?.check();
  }

  async stop(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.rig?.close();
  }
}

/** A colour of the page's theme, as #rrggbb. */
export const themeColour = (page: Page, name: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--${name}').trim()`) as Promise<string>;
