/**
 * A viewer: who is connected, what it wants, and the updates that it is sent.
 *
 * Invariant: it is sent one update at a time, and only when it has asked for one; the picture is looked at again once all of it has left.
 * How bytes travel is the connection's affair (connection.ts).
 */
import type { Cursor } from '../../device/effects.js';
import type { Surface } from '../../runtime/surface.js';
import { ByteFeeder } from './byte-feeder.js';
import { cursorShape } from './cursor.js';
import { isAnswer, newChallenge } from './password.js';
import { type ShownCursor, ViewerPicture } from './picture.js';
import { colourMap, NATIVE_FORMAT, PixelConverter, type PixelFormat } from './pixel-format.js';
import { Encoding, intersection, type Rectangle, rectangleHeader, RfbError, ServerMessage } from './protocol.js';
import { rawBytes, writeRaw } from './raw.js';
import { session, type SessionEvents } from './session.js';
import { ZlibStream } from './zlib-stream.js';
import { zrleBytes, ZrleWriter } from './zrle.js';

/** What viewers look at. */
export interface Screen {
  readonly name: string;
  /** null: there is no picture yet. */
  readonly surface: Surface | null;
  /** The guest's cursor, null if it is not to be seen. */
  readonly shownCursor: ShownCursor | null;
}

/** How a viewer is reached. */
export interface Connection {
  /** Who it is, for people. */
  readonly peer: string;
  /** Sends bytes; resolves when they have left and their memory may be used again. Rejects if the connection has ended. */
  send(pieces: readonly Buffer[]): Promise<void>;
  /** Ends it. */
  end(): void;
}

export interface ViewerOptions {
  readonly screen: Screen;
  readonly connection: Connection;
  /** null: everybody is let in. */
  readonly password: string | null;
  /** Told when the viewer was let in, that it gave a wrong password, and why it was sent away. */
  readonly onAdmitted: () => void;
  readonly onWrongPassword: () => void;
  readonly onRefused: (reason: string) => void;
}

/** What a viewer sees before the guest has set a mode. */
const FIRST_WIDTH = 640;
const FIRST_HEIGHT = 480;

export class Viewer implements SessionEvents {
  private readonly feeder: ByteFeeder;
  private converter = new PixelConverter(NATIVE_FORMAT);
  private zrle: ZrleWriter | null = null;
  private readonly zlib = new ZlibStream();
  private encodings: ReadonlySet<number> = new Set();
  private usesZrle = false;
  private picture: ViewerPicture;
  /** What it has asked for and not been sent. */
  private wanted: Rectangle | null = null;
  private isSending = false;
  private isIn = false;
  private needsColourMap = false;
  /** The cursor that it was told of, if it draws it itself; undefined: none yet. */
  private told: { readonly image: Cursor | null; readonly x: number; readonly y: number } | undefined;

  constructor(private readonly options: ViewerOptions) {
    const { surface } = options.screen;
    this.picture = new ViewerPicture(surface, surface?.width ?? FIRST_WIDTH, surface?.height ?? FIRST_HEIGHT);
    this.feeder = new ByteFeeder(session(this));
  }

  /** Takes bytes of the viewer's; one that breaks the protocol is sent away. */
  receive(bytes: Buffer): void {
    try {
      this.feeder.feed(bytes);
    } catch (error) {
      if (!(error instanceof RfbError)) throw error;
      this.options.onRefused(error.message);
      this.options.connection.end();
    }
  }

  /** The connection has ended. */
  close(): void {
    this.wanted = null;
    this.zlib.close();
  }

  /** Something may have changed. */
  update(): void {
    if (this.isSending || this.wanted === null || !this.isIn) return;
    const { wanted } = this;
    const headers: Buffer[] = [];
    if (this.needsColourMap) headers.push(Buffer.from([ServerMessage.setColourMap, 0, 0, 0, 1, 0]), colourMap());
    this.needsColourMap = false;
    const special = this.specialRectangles();
    this.picture.refresh(this.drawsCursor ? null : this.options.screen.shownCursor);
    const whole = { x: 0, y: 0, width: this.picture.width, height: this.picture.height };
    const part = special.resized ? whole : intersection(wanted, whole);
    const rectangles = part === null ? [] : this.picture.take(part);
    const count = special.rectangles.length + rectangles.length;
    if (count === 0) {
      if (headers.length > 0) this.options.connection.send(headers).catch(() => undefined);
      return;
    }
    this.wanted = null;
    const header = Buffer.alloc(4);
    header.writeUInt8(ServerMessage.update, 0);
    header.writeUInt16BE(count, 2);
    this.isSending = true;
    this.encode(rectangles)
      .then((pieces) => this.options.connection.send([...headers, header, ...special.rectangles, ...pieces]))
      .then(
        () => {
          this.isSending = false;
          this.update();
        },
        // The connection has ended, and whoever has it says so.
        () => undefined,
      );
  }

  send(bytes: Buffer): void {
    this.options.connection.send([bytes]).catch(() => undefined);
  }

  describe(): { readonly width: number; readonly height: number; readonly name: string } {
    const { width, height } = this.picture;
    return { width, height, name: this.options.screen.name };
  }

  challenge(): Buffer | null {
    return this.options.password === null ? null : newChallenge();
  }

  isAnswer(challenge: Buffer, answer: Buffer): boolean {
    const isRight = isAnswer(challenge, this.options.password ?? '', answer);
    if (!isRight) this.options.onWrongPassword();
    return isRight;
  }

  admitted(): void {
    this.isIn = true;
    this.options.onAdmitted();
  }

  formatChosen(format: PixelFormat): void {
    this.converter = new PixelConverter(format);
    this.zrle = null;
    this.needsColourMap = !format.trueColour;
    // The shape that it has is in the old format.
    this.told = undefined;
  }

  encodingsChosen(encodings: readonly number[]): void {
    this.encodings = new Set(encodings);
    this.usesZrle = encodings.find((encoding) => encoding === Encoding.raw || encoding === Encoding.zrle) === Encoding.zrle;
    this.told = undefined;
  }

  updateRequested(incremental: boolean, part: Rectangle): void {
    if (!incremental) this.picture.forget(part);
    this.wanted = this.wanted === null ? part : hull(this.wanted, part);
    this.update();
  }

  /** Whether it draws the cursor itself, which it can only if it is told where it is. */
  private get drawsCursor(): boolean {
    const { encodings } = this;
    return encodings.has(Encoding.pointerPosition) && (encodings.has(Encoding.cursor) || encodings.has(Encoding.cursorWithAlpha));
  }

  /** What is to be said besides pixels: another size, the cursor. */
  private specialRectangles(): { readonly rectangles: Buffer[]; readonly resized: boolean } {
    const { encodings, picture } = this;
    const { surface } = this.options.screen;
    const rectangles: Buffer[] = [];
    let resized = false;
    if (surface !== picture.surface && surface !== null) {
      const canResize = encodings.has(Encoding.desktopSize);
      resized = canResize && (surface.width !== picture.width || surface.height !== picture.height);
      const { width, height } = resized ? surface : picture;
      this.picture = new ViewerPicture(surface, width, height);
      if (resized) rectangles.push(rectangleHeader({ x: 0, y: 0, width, height }, Encoding.desktopSize));
    }
    if (this.drawsCursor) rectangles.push(...this.cursorRectangles());
    return { rectangles, resized };
  }

  private cursorRectangles(): Buffer[] {
    const { shownCursor } = this.options.screen;
    const { told } = this;
    const image = shownCursor?.image ?? null;
    const { x, y } = shownCursor ?? told ?? { x: 0, y: 0 };
    const rectangles: Buffer[] = [];
    if (told === undefined || told.image !== image) {
      rectangles.push(cursorShape(image, this.converter, this.encodings.has(Encoding.cursorWithAlpha)));
    }
    if (shownCursor !== null && (told === undefined || told.x !== x || told.y !== y)) {
      rectangles.push(rectangleHeader({ x: Math.max(x, 0), y: Math.max(y, 0), width: 0, height: 0 }, Encoding.pointerPosition));
    }
    this.told = { image, x, y };
    return rectangles;
  }

  /** All in the format and encoding that the viewer has now, since it may choose others meanwhile. */
  private async encode(rectangles: readonly Rectangle[]): Promise<Buffer[]> {
    const { converter, usesZrle } = this;
    if (!usesZrle) return rectangles.flatMap((rectangle) => this.raw(rectangle, converter));
    this.zrle ??= new ZrleWriter(converter);
    const { zrle } = this;
    const pieces: Buffer[] = [];
    for (const rectangle of rectangles) pieces.push(...(await this.compress(rectangle, zrle)));
    return pieces;
  }

  private raw(rectangle: Rectangle, converter: PixelConverter): Buffer[] {
    const { picture } = this;
    const header = rectangleHeader(rectangle, Encoding.raw);
    if (converter.isNative && rectangle.width === picture.width) {
      // Whole rows are sent from where they are.
      const from = picture.pixels.byteOffset + 4 * rectangle.y * picture.width;
      return [header, Buffer.from(picture.pixels.buffer, from, 4 * rectangle.width * rectangle.height)];
    }
    const bytes = Buffer.allocUnsafe(rawBytes(rectangle, converter));
    writeRaw(picture, rectangle, converter, bytes, 0);
    return [header, bytes];
  }

  private async compress(rectangle: Rectangle, zrle: ZrleWriter): Promise<Buffer[]> {
    const bytes = Buffer.allocUnsafe(zrleBytes(rectangle, zrle.compactBytes));
    const compressed = await this.zlib.compress(bytes.subarray(0, zrle.write(this.picture, rectangle, bytes)));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(compressed.length);
    return [rectangleHeader(rectangle, Encoding.zrle), length, compressed];
  }
}

/** The smallest rectangle that holds two. */
function hull(a: Rectangle, b: Rectangle): Rectangle {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}
