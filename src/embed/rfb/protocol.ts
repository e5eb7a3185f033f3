/**
 * The remote framebuffer protocol's numbers (RFC 6143), and the extensions that this server speaks.
 *
 * What is not here: what to do about a message (session.ts), and how pixels are coded (encodings).
 */

/** Minor versions that there are; a client that says another one is told the next lower of these, as RFC 6143 7.1.1 wants. */
export const VERSIONS = [3, 7, 8] as const;
export type RfbVersion = (typeof VERSIONS)[number];

/** What the server says first: the highest version that it speaks. */
export const GREETING = 'RFB 003.008\n';
export const GREETING_BYTES = GREETING.length;

/** How a client shows who it is. */
export const Security = { invalid: 0, none: 1, vncPassword: 2 } as const;

/** Messages from a client. */
export const ClientMessage = {
  setPixelFormat: 0,
  setEncodings: 2,
  updateRequest: 3,
  keyEvent: 4,
  pointerEvent: 5,
  clientCutText: 6,
} as const;

/** Messages from the server. */
export const ServerMessage = { update: 0, setColourMap: 1 } as const;

/** Encodings of a rectangle; those below 0 say something else than pixels. */
export const Encoding = {
  raw: 0,
  zrle: 16,
  desktopSize: -223,
  pointerPosition: -232,
  cursor: -239,
  extendedDesktopSize: -308,
  cursorWithAlpha: -314,
} as const;

/** Bytes of a rectangle's header. */
export const RECTANGLE_BYTES = 12;
/** Bytes of a pixel format. */
export const PIXEL_FORMAT_BYTES = 16;
/** Bytes of the challenge that a password is asked for with. */
export const CHALLENGE_BYTES = 16;
/** A password's length that counts; what is longer is cut, as every server and client does. */
export const PASSWORD_BYTES = 8;

/** A part of the picture. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What two rectangles have in common; null if nothing. */
export function intersection(a: Rectangle, b: Rectangle): Rectangle | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The header of a rectangle. */
export function rectangleHeader({ x, y, width, height }: Rectangle, encoding: number): Buffer {
  const header = Buffer.alloc(RECTANGLE_BYTES);
  header.writeUInt16BE(x, 0);
  header.writeUInt16BE(y, 2);
  header.writeUInt16BE(width, 4);
  header.writeUInt16BE(height, 6);
  header.writeInt32BE(encoding, 8);
  return header;
}

/** A client broke the protocol; the message says how, and the connection ends. */
export class RfbError extends Error {
  override readonly name = 'RfbError';
}
