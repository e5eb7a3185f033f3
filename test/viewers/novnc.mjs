/**
 * noVNC in Chromium without a window, through the server's WebSocket: its canvas is read over Chromium's debugging protocol until it shows the
 * picture. noVNC can't be told where the cursor is, so the server paints it.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { wordsOf } from './gvnccapture.mjs';
import { difference } from './picture.mjs';
import { find, MissingError, start } from './process.mjs';

const PATIENCE_MS = 30_000;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

const page = (port) => `<!doctype html><meta charset="utf-8"><title>a known frame</title><div id="screen"></div>
<script type="module">
  import RFB from './core/rfb.js';
  const rfb = new RFB(document.getElementById('screen'), 'ws://127.0.0.1:${port}', { shared: true });
  rfb.viewOnly = true;
  rfb.addEventListener('disconnect', ({ detail }) => { document.title = 'disconnected ' + (detail.clean ? 'cleanly' : 'badly'); });
</script>`;

/** The canvas as a text: size, and its bytes by base 64; in a worker's absence in pieces that a call can take. */
const READ = `(() => {
  const canvas = document.querySelector('canvas');
  if (canvas === null || canvas.width === 0) return document.title;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return JSON.stringify({ width: canvas.width, height: canvas.height, data: btoa(text) });
})()`;

export async function novnc({ webSocketPort, folder, reference }) {
  const chromium = find([process.env.CHROMIUM ?? 'chromium', 'chromium-browser', 'google-chrome'], 'chromium');
  const files = process.env.NOVNC ?? '/usr/share/novnc';
  if (!existsSync(join(files, 'core/rfb.js')))
    throw new MissingError(`there is no noVNC in ${files} (Debian's package novnc, or NOVNC=FOLDER)`);
  const server = await servePage(files, page(webSocketPort));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--remote-debugging-port=0',
  ];
  const browser = start(chromium, [...flags, `--user-data-dir=${join(folder, 'chromium')}`, 'about:blank'], { HOME: folder });
  try {
    const address = await until(
      () => /DevTools listening on (ws:\S+)/.exec(browser.said)?.[1],
      () => `Chromium did not start: ${browser.said}`,
    );
    const tab = await openTab(address, `http://127.0.0.1:${server.address().port}/`);
    let seen = null;
    await until(
      async () => {
        const text = await tab.evaluate(READ);
        if (!text.startsWith('{')) return undefined;
        const { width, height, data } = JSON.parse(text);
        seen = { width, height, pixels: wordsOf(Buffer.from(data, 'base64')) };
        return difference(seen, reference.withCursor) ?? true;
      },
      () => null,
      (found) => found === true,
    );
    tab.close();
    if (seen === null) throw new Error('noVNC has shown nothing');
    return seen;
  } finally {
    await browser.stop();
    server.close();
  }
}

/** Looks until something is found; what `otherwise` gives is thrown, if it is not null. */
async function until(look, otherwise, isEnough = (found) => found !== undefined) {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(100)) {
    const found = await look();
    if (isEnough(found)) return found;
  }
  const text = otherwise();
  if (text !== null) throw new Error(text);
}

async function servePage(folder, text) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    try {
      const body = path === '/' ? text : await readFile(join(folder, path));
      response.writeHead(200, { 'content-type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** A page, through Chromium's debugging protocol. */
async function openTab(address, url) {
  const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 2 ** 28 });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map();
  let last = 0;
  socket.on('message', (data) => {
    const { id, result, error } = JSON.parse(data.toString());
    waiting.get(id)?.(error === undefined ? result : Promise.reject(new Error(error.message)));
    waiting.delete(id);
  });
  const call = (method, params = {}, sessionId = undefined) => {
    const id = ++last;
    socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  const { targetId } = await call('Target.createTarget', { url });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  return {
    evaluate: async (expression) => {
      const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, returnByValue: true }, sessionId);
      if (exceptionDetails !== undefined) throw new Error(`the page: ${exceptionDetails.text}`);
      return result.value;
    },
    close: () => socket.close(),
  };
}
