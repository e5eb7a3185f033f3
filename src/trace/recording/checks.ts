/**
 * Whether the chunks of a recording are as the format says, in their order: asked of what a file, or somebody else, says, before anybody believes it.
 *
 * Invariant: chunks that have passed, in their order, can be decoded and taken by a TraceStore without a fault, and mean what their types say. One that
 * doesn't pass is a RecordingError that says what was wrong, what was expected and where, and counts as if it were not there. What is left to others:
 * charts of machines (src/visualiser/chart), and whether a frame's pixels can be unpacked.
 */
import { RecordingError } from '../../base/errors.js';
import { MAX_RECORDED_THREADS } from '../../base/limits.js';
import { CheckedReader } from './checked-reader.js';
import { type Chunk, ChunkKind, type RecordingHeader } from './format.js';
import { checkCursor, checkEnd, checkHeader, checkNote, checkThread } from './json-checks.js';

/** The most rectangles of a frame: a tile of 64 · 64 pixels each, of 16384 · 16384. */
const MAX_RECTANGLES = 65_536;
const MAX_SIDE = 16_384;
const MAX_DISPLAYS = 64;

export class RecordingChecks {
  private header: RecordingHeader | null = null;
  private readonly threads = new Set<number>();

  /** `checkMachines` throws for a header whose machines have definitions that are none. */
  constructor(private readonly checkMachines: (machines: RecordingHeader['machines']) => void = () => undefined) {}

  /** Gives the chunk back if it is right, and throws RecordingError if it isn't. */
  pass(chunk: Chunk): Chunk {
    const { kind, payload } = chunk;
    if (kind === ChunkKind.header) this.passHeader(payload);
    else if (this.header === null) throw new RecordingError(`it begins with a chunk of kind ${kind}, expected its header`);
    else this.passBehind(this.header, chunk);
    return chunk;
  }

  private passHeader(payload: Uint8Array): void {
    const header = checkHeader(payload);
    if (this.header !== null) throw new RecordingError('it has two headers');
    this.checkMachines(header.machines);
    this.header = header;
  }

  private passBehind({ events, counters }: RecordingHeader, { kind, payload }: Chunk): void {
    switch (kind) {
      case ChunkKind.thread: {
        const { index } = checkThread(payload);
        if (this.threads.has(index)) throw new RecordingError(`it has two threads of index ${index}`);
        this.threads.add(index);
        return;
      }
      case ChunkKind.events:
        return this.passEvents(events, new CheckedReader(payload, 'an events chunk'));
      case ChunkKind.frame:
        return passFrame(new CheckedReader(payload, 'a frame chunk'));
      case ChunkKind.cursor:
        return checkCursor(payload);
      case ChunkKind.samples:
        return passSamples(counters.length, new CheckedReader(payload, 'a samples chunk'));
      case ChunkKind.note:
        return checkNote(payload);
      case ChunkKind.end:
        return checkEnd(payload);
    }
  }

  private passEvents(events: RecordingHeader['events'], reader: CheckedReader): void {
    const thread = reader.below(MAX_RECORDED_THREADS, 'thread');
    if (!this.threads.has(thread)) throw reader.wrong(`is of thread ${thread}, which was not announced`);
    reader.leb();
    const count = reader.leb();
    passTime(reader);
    for (let index = 0; index < count; index++) {
      const event = reader.below(events.length, 'event');
      reader.leb();
      for (let k = events[event]?.fields.length ?? 0; k > 0; k--) reader.number();
    }
    if (reader.left > 0) throw reader.wrong(`has ${reader.left} bytes behind its last event`);
  }
}

function passTime(reader: CheckedReader): void {
  const time = reader.float();
  if (!(time >= 0 && time <= Number.MAX_SAFE_INTEGER)) throw reader.wrong(`is of ${time} ns`);
}

function passSamples(counters: number, reader: CheckedReader): void {
  passTime(reader);
  for (let count = reader.below(counters + 1, 'a count of samples of'); count > 0; count--) reader.number();
}

function passFrame(reader: CheckedReader): void {
  reader.below(MAX_DISPLAYS, 'display');
  passTime(reader);
  reader.leb();
  const width = reader.below(MAX_SIDE + 1, 'width');
  const height = reader.below(MAX_SIDE + 1, 'height');
  reader.below(2, 'a flag of');
  for (let count = reader.below(MAX_RECTANGLES, 'a count of rectangles of'); count > 0; count--) {
    const rectangle = { x: reader.leb(), y: reader.leb(), width: reader.leb(), height: reader.leb() };
    if (rectangle.x + rectangle.width > width || rectangle.y + rectangle.height > height)
      throw reader.wrong(`has rectangle ${JSON.stringify(rectangle)}, expected it inside of ${width}x${height}`);
  }
}
