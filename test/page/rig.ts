/**
 * A real headless Chromium for tests of the page: what npm brings is unpacked once, and driven by playwright.
 *
 * The browser, its fonts and the libraries that a system may lack come from @sparticuz/chromium, so a test needs nothing that `npm ci` doesn't bring, and
 * a page looks the same on every machine. They lie in node_modules/.cache, which goes when node_modules does.
 *
 * Invariant: a page that logs an error, or throws one, fails its test when its browser is closed, unless the test says that it was expected.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { DefectError } from '../../src/base/errors.js';

const packed = resolve(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', '..');
const version = (JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as { version: string }).version;
const folder = resolve(packed, '..', '..', '.cache', `apple-gfx-chromium-${version}`);

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;

/** Unpacks the browser, if it isn't yet; it appears as a whole. */
async function unpack(): Promise<void> {
  if (existsSync(folder)) return;
  const temporary = `${folder}.${process.pid}.tmp`;
  mkdirSync(temporary, { recursive: true });
  try {
    const take = (name: string): Promise<void> =>
      pipeline(
        createReadStream(join(packed, 'bin', `${name}.br`)),
        createBrotliDecompress(),
        createWriteStream(join(temporary, name), { mode: 0o755 }),
      );
    await Promise.all(['chromium', 'fonts.tar', 'al2023.tar'].map(take));
    for (const name of ['fonts.tar', 'al2023.tar']) {
      const { status, stderr } = spawnSync('tar', ['-xf', join(temporary, name), '-C', temporary], { encoding: 'utf8' });
      if (status !== 0) throw new DefectError(`tar can't unpack ${name}: ${stderr}`);
      rmSync(join(temporary, name));
    }
    writeFileSync(join(temporary, 'fonts.conf'), FONTS);
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Somebody else may have been faster.
    if (!existsSync(folder)) throw error;
  }
}

/** The system's libraries where it has them all, or those that came with the browser. */
function environment(): Record<string, string> {
  const { stdout } = spawnSync('ldd', [join(folder, 'chromium')], { encoding: 'utf8' });
  const lacks = stdout.includes('not found');
  return {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TZ: 'UTC',
    FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    ...(lacks && { LD_LIBRARY_PATH: join(folder, 'lib') }),
  };
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  /** What the system has, as the page is told. Default light. */
  readonly theme?: 'light' | 'dark';
  /** Another profile: what pages before remember it doesn't know. Default: that of the other pages. */
  readonly isStranger?: boolean;
}

/** RGBA pixels. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

export class Rig {
  private problems: string[] = [];
  /** That canvasPixels() reads a canvas is no fault of the page's. */
  private readonly expected: RegExp[] = [/willReadFrequently/];
  private context: BrowserContext | null = null;

  private constructor(readonly browser: Browser) {}

  /** Starts the browser: one for a test file. */
  static async start(): Promise<Rig> {
    await unpack();
    const browser = await chromium.launch({
      executablePath: join(folder, 'chromium'),
      chromiumSandbox: false,
      env: environment(),
      args: [
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--font-render-hinting=none',
        '--force-color-profile=srgb',
        '--no-zygote',
        '--mute-audio',
      ],
    });
    return new Rig(browser);
  }

  /** Opens a page. Errors that it logs or throws are kept for check(). */
  async open(url: string, { width = 1280, height = 800, theme = 'light', isStranger = false }: PageOptions = {}): Promise<Page> {
    const context = isStranger || this.context === null ? await this.browser.newContext() : this.context;
    if (!isStranger) this.context = context;
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.note(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.note(error.stack ?? error.message));
    await page.goto(url);
    return page;
  }

  /** From here on, errors that match are no faults. */
  expectProblem(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** Throws if a page had an error that was not expected; forgets them. */
  check(): void {
    const { problems } = this;
    this.problems = [];
    if (problems.length > 0) throw new DefectError(`the page had errors:\n${problems.join('\n')}`);
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.check();
  }

  private note(problem: string): void {
    if (!this.expected.some((pattern) => pattern.test(problem))) this.problems.push(problem);
  }
}

/** What a page, or a part of it, looks like. */
export async function pixelsOf(target: Page | Locator): Promise<Pixels> {
  const { width, height, data } = PNG.sync.read(await target.screenshot());
  return { width, height, data };
}

/** A pixel as #rrggbb. */
export function pixelAt({ width, data }: Pixels, x: number, y: number): string {
  const at = 4 * (y * width + x);
  return `#${data.subarray(at, at + 3).toString('hex')}`;
}

/** As much of a canvas as is asked here; tests are compiled without a browser's types. */
interface CanvasLike {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  };
}

/** The pixels of a canvas itself, RGBA, whatever size the page shows it in. */
export async function canvasPixels(canvas: Locator): Promise<Pixels> {
  // It runs in the page, so it can use nothing from here.
  const { width, height, text } = await canvas.evaluate((element) => {
    const { width, height, getContext } = element as unknown as CanvasLike;
    const { data } = getContext.call(element, '2d').getImageData(0, 0, width, height);
    let text = '';
    for (let at = 0; at < data.length; at += 32_768) text += String.fromCharCode(...data.subarray(at, at + 32_768));
    return { width, height, text: btoa(text) };
  });
  return { width, height, data: Buffer.from(text, 'base64') };
}

/** The text of what a selector finds, several parts with ` · ` between. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).allTextContents()).join(' · ');
}
