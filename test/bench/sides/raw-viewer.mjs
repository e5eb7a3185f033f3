/**
 * What one viewer on this machine gets of a display whose every pixel changes at every vsync: `node test/bench/sides/raw-viewer.mjs WxH@Hz SECONDS`
 * prints a line of JSON.
 *
 * A process of its own (raw-server.mjs) has device, guest and server; this one is the viewer, which takes raw pixels of 32 bits, and asks for the next
 * update when it has all of the last. Invariant: an update counts only if it is the whole picture, in one colour wherever one looks (each piece that
 * arrives), and in another one than the update before. With `--port N` it looks at what somebody else serves, in which any colours count.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SERVER = fileURLToPath(new URL('./raw-server.mjs', import.meta.url));
const READ_BYTES = 2 ** 20;
const HEAD_BYTES = 4096;
const WARM_UPDATES = 30;
const { positionals, values } = parseArgs({ allowPositionals: true, options: { port: { type: 'string' } } });
const [, width, height] = /^(\d+)x(\d+)@(\d+)$/.exec(positionals[0] ?? '').map(Number);
const seconds = Number(positionals[1]);

/** Feeds a sequence that yields how many bytes it needs (it gets them), or { pixels }: how many bytes it lets pass, of which it gets a look at each piece. */
class Feeder {
  #head = Buffer.alloc(HEAD_BYTES);
  #have = 0;
  #wanted;

  constructor(sequence) {
    this.sequence = sequence;
    this.#wanted = sequence.next().value;
  }

  feed(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const wanted = this.#wanted;
      const length = wanted.pixels ?? wanted;
      const count = Math.min(length - this.#have, bytes.length - at);
      if (wanted.pixels === undefined) bytes.copy(this.#head, this.#have, at, at + count);
      else wanted.look(bytes.subarray(at, at + count), this.#have);
      at += count;
      this.#have += count;
      if (this.#have < length) return;
      this.#have = 0;
      this.#wanted = this.sequence.next(this.#head.subarray(0, wanted.pixels === undefined ? length : 0)).value;
    }
  }
}

/** The protocol; `onUpdate(colour, isWhole)` after each update: one colour that it has, and whether it is all of the picture and all in that colour. */
function* viewer(send, onUpdate) {
  yield 12;
  send('RFB 003.008\n');
  yield (yield 1)[0];
  send([1]);
  yield 4;
  send([1]);
  yield (yield 24).readUInt32BE(20);
  // This machine's order of bytes and 8 bits a colour, blue lowest; raw and nothing else.
  send([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
  send([2, 0, 0, 1, 0, 0, 0, 0]);
  for (let incremental = 0; ; incremental = 1) {
    send([3, incremental, 0, 0, 0, 0, width >> 8, width & 0xff, height >> 8, height & 0xff]);
    const head = yield 4;
    if (head[0] !== 0) throw new Error(`the server sends message ${head[0]}`);
    let missing = 4 * width * height;
    let colour = null;
    let isWhole = true;
    const look = (bytes, have) => {
      const at = -have & 3;
      if (bytes.length < at + 4) return;
      const pixel = bytes.readUInt32LE(at) & 0xff_ffff;
      colour ??= pixel;
      isWhole &&= colour === pixel;
    };
    for (let rectangles = head.readUInt16BE(2); rectangles > 0; rectangles--) {
      const rectangle = yield 12;
      if (rectangle.readInt32BE(8) !== 0) throw new Error(`the server sends encoding ${rectangle.readInt32BE(8)}`);
      const pixels = 4 * rectangle.readUInt16BE(4) * rectangle.readUInt16BE(6);
      missing -= pixels;
      if (pixels > 0) yield { pixels, look };
    }
    onUpdate(colour, missing === 0, isWhole);
  }
}

/** What a server of ours says of itself; nothing of one of somebody else. */
async function startServer() {
  if (values.port !== undefined) return { port: Number(values.port), look: async () => null, stop: () => undefined };
  const child = fork(SERVER, [positionals[0]]);
  const [{ port }] = await once(child, 'message');
  const look = async () => {
    child.send('look');
    return (await once(child, 'message'))[0];
  };
  return { port, look, stop: () => child.send('stop') };
}

const server = await startServer();
const found = { updates: 0, others: 0, longestGapMs: 0 };
let begin = null;
let last = null;
let warm = 0;
let end = () => undefined;
const ended = new Promise((resolve) => {
  end = resolve;
});
const onUpdate = (colour, isWhole, isOneColour) => {
  const now = performance.now();
  if (begin === null) {
    if (++warm < WARM_UPDATES) return;
    begin = { now, cpu: process.cpuUsage(), server: server.look() };
  } else if (isWhole && (values.port !== undefined || (isOneColour && colour !== last.colour))) {
    found.updates++;
    found.longestGapMs = Math.max(found.longestGapMs, now - last.now);
  } else found.others++;
  last = { now, colour };
  if (now - begin.now >= 1000 * seconds) end(now);
};
const send = (bytes) => void socket.write(Buffer.from(bytes));
const buffer = Buffer.alloc(READ_BYTES);
let feeder = null;
const callback = (count) => {
  feeder ??= new Feeder(viewer(send, onUpdate));
  feeder.feed(buffer.subarray(0, count));
  return true;
};
const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
const now = await ended;
const { user, system } = process.cpuUsage(begin.cpu);
const [before, after] = [await begin.server, await server.look()];
socket.destroy();
server.stop();
const took = (now - begin.now) / 1000;
const perUpdate = (microseconds) => microseconds / 1000 / found.updates;
console.log(
  JSON.stringify({
    updatesPerSecond: found.updates / took,
    ...found,
    viewerMsPerUpdate: perUpdate(user + system),
    ...(before && {
      serverMsPerUpdate: perUpdate(after.cpu - before.cpu),
      threadMsPerUpdate: perUpdate(after.thread - before.thread),
      framesPerSecond: (after.frames - before.frames) / took,
      dropped: after.dropped - before.dropped,
    }),
  }),
);
