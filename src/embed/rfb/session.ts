/**
 * What a viewer says, and what it is answered before it sees a picture: the protocol as one sequence.
 *
 * Invariant: it does no I/O and keeps no bytes. It yields how many bytes it needs next, at most MAX_PIECE, and is given just those; what is wrong
 * with them is an RfbError. What the viewer wants is told to its `SessionEvents`.
 */
import { type PixelFormat, encodePixelFormat, NATIVE_FORMAT, parsePixelFormat } from './pixel-format.js';
import {
  CHALLENGE_BYTES,
  ClientMessage,
  GREETING,
  GREETING_BYTES,
  PIXEL_FORMAT_BYTES,
  type Rectangle,
  RfbError,
  type RfbVersion,
  Security,
  VERSIONS,
} from './protocol.js';

/** Texts that a viewer's clipboard holds are of no use here, and are thrown away in pieces of this many bytes. */
const MAX_PIECE = 64 * 1024;
const MAX_ENCODINGS = 1024;

/** What a session needs, and what it tells. */
export interface SessionEvents {
  /** Sends bytes to the viewer. */
  send(bytes: Buffer): void;
  /** The picture's size and name, when the viewer is let in. */
  describe(): { readonly width: number; readonly height: number; readonly name: string };
  /** A challenge for the password; null: there is none, and everybody is let in. */
  challenge(): Buffer | null;
  isAnswer(challenge: Buffer, answer: Buffer): boolean;
  /** The viewer is in. */
  admitted(): void;
  formatChosen(format: PixelFormat): void;
  /** What the viewer understands, what it likes best first. */
  encodingsChosen(encodings: readonly number[]): void;
  /** It wants a part of the picture: as it is now, or what has changed of it once something has. */
  updateRequested(incremental: boolean, part: Rectangle): void;
}

/** The whole of a connection. */
export function* session(events: SessionEvents): Generator<number, never, Buffer> {
  events.send(Buffer.from(GREETING, 'latin1'));
  const version = parseVersion(yield GREETING_BYTES);
  yield* authenticate(events, version);
  // Whether it wants others to be sent away: nobody is, so that a viewer can't take the picture from another one.
  yield 1;
  events.send(serverInit(events.describe()));
  events.admitted();
  for (;;) yield* message(events);
}

function parseVersion(bytes: Buffer): RfbVersion {
  const text = bytes.toString('latin1');
  const [, major, minor] = /^RFB (\d{3})\.(\d{3})\n$/.exec(text) ?? [];
  if (major === undefined) throw new RfbError(`it greets with ${JSON.stringify(text)}, expected a version of RFB`);
  if (Number(major) < 3) throw new RfbError(`it speaks RFB ${Number(major)}.${Number(minor)}, expected 3.3 or later`);
  if (Number(major) > 3) return 8;
  return VERSIONS.findLast((version) => version <= Number(minor)) ?? 3;
}

function* authenticate(events: SessionEvents, version: RfbVersion): Generator<number, void, Buffer> {
  const challenge = events.challenge();
  const type = challenge === null ? Security.none : Security.vncPassword;
  if (version === 3) {
    // The oldest version leaves the viewer no choice.
    events.send(uint32(type));
  } else {
    events.send(Buffer.from([1, type]));
    const [chosen = 0] = yield 1;
    if (chosen !== type) throw refused(events, version, `it chose security type ${chosen}, which was not offered`);
  }
  if (challenge !== null) {
    events.send(challenge);
    const answer = yield CHALLENGE_BYTES;
    if (!events.isAnswer(challenge, answer)) throw refused(events, version, 'the password is wrong');
  }
  if (version === 8 || challenge !== null) events.send(uint32(0));
}

function refused(events: SessionEvents, version: RfbVersion, text: string): RfbError {
  const reason = Buffer.from(text, 'utf8');
  events.send(version === 8 ? Buffer.concat([uint32(1), uint32(reason.length), reason]) : uint32(1));
  return new RfbError(text);
}

function serverInit({ width, height, name }: { readonly width: number; readonly height: number; readonly name: string }): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16BE(width, 0);
  size.writeUInt16BE(height, 2);
  const text = Buffer.from(name, 'utf8');
  return Buffer.concat([size, encodePixelFormat(NATIVE_FORMAT), uint32(text.length), text]);
}

function* message(events: SessionEvents): Generator<number, void, Buffer> {
  const [type = 0] = yield 1;
  switch (type) {
    case ClientMessage.setPixelFormat: {
      const bytes = yield 3 + PIXEL_FORMAT_BYTES;
      return events.formatChosen(parsePixelFormat(bytes.subarray(3)));
    }
    case ClientMessage.setEncodings: {
      const count = (yield 3).readUInt16BE(1);
      if (count > MAX_ENCODINGS) throw new RfbError(`it names ${count} encodings, expected at most ${MAX_ENCODINGS}`);
      const bytes = count === 0 ? Buffer.alloc(0) : yield 4 * count;
      return events.encodingsChosen(Array.from({ length: count }, (_, index) => bytes.readInt32BE(4 * index)));
    }
    case ClientMessage.updateRequest: {
      const bytes = yield 9;
      const [x, y, width, height] = [1, 3, 5, 7].map((at) => bytes.readUInt16BE(at)) as [number, number, number, number];
      return events.updateRequested(bytes.readUInt8(0) !== 0, { x, y, width, height });
    }
    // The device has neither keyboard nor pointer.
    case ClientMessage.keyEvent:
      yield 7;
      return;
    case ClientMessage.pointerEvent:
      yield 5;
      return;
    case ClientMessage.clientCutText: {
      for (let left = (yield 7).readUInt32BE(3); left > 0; left -= Math.min(left, MAX_PIECE)) yield Math.min(left, MAX_PIECE);
      return;
    }
    default:
      throw new RfbError(`it sent a message of type ${type}, which is none`);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
