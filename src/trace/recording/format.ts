/**
 * What a recording is made of: the chunks of a file, and of the stream that a page is sent, which are the same bytes.
 *
 * A file is MAGIC and then chunks; a stream is chunks, each whole. A chunk is a byte that says its kind, three zeros, the length of its
 * payload as a 32-bit number (little-endian), and the payload:
 *
 *   header   JSON, RecordingHeader. The first chunk, once.
 *   thread   JSON, RecordedThread. Before the first events of that thread.
 *   events   thread's index, entries that were lost before these, count, time of the first (float64); then each: event, nanoseconds since the
 *            one before, and as many arguments as the header says that the event has
 *   frame    display, nanoseconds (float64), present, width, height, 1 if it covers the picture, count of rectangles, their x, y, width and
 *            height; then the rectangles' pixels (0xAARRGGBB words, little-endian, row by row, one rectangle after the other), as raw deflate
 *   cursor   JSON, RecordedCursor
 *   samples  nanoseconds (float64), count, then the values of the header's counters
 *   note     JSON, RecordedNote
 *   end      JSON, RecordingEnd. The last chunk of a recording that was ended in order.
 *
 * Numbers without a type are unsigned LEB128; arguments and samples are `number` of bytes.ts. Chunks of a kind that a reader doesn't know it
 * passes over. Times are nanoseconds of CLOCK_MONOTONIC, and never go backwards within a thread.
 *
 * Invariant: nothing here reads or writes; encoder.ts writes, decoder.ts and trace-store.ts read.
 */

/** The first bytes of a file: `AGFXREC` and the version. */
export const MAGIC = Uint8Array.of(0x41, 0x47, 0x46, 0x58, 0x52, 0x45, 0x43, 1);
/** Bytes before a chunk's payload. */
export const CHUNK_HEAD = 8;

/** Kinds of chunks. */
export const ChunkKind = { header: 1, thread: 2, events: 3, frame: 4, cursor: 5, samples: 6, note: 7, end: 8 } as const;

/** A chunk as it lies in a file. */
export interface Chunk {
  /** One of ChunkKind, or what a newer version knows. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** An event, and what its arguments are called, in their order. Those called `kind`, `machine`, `state`, `event` and `mailbox` are numbers of the header's lists. */
export interface RecordedEvent {
  readonly name: string;
  readonly fields: readonly string[];
}

/** A state machine that moves of are recorded: `agfx_machine_moved` has numbers of machine, event and state, which are places in these lists. */
export interface RecordedMachine {
  readonly name: string;
  readonly events: readonly string[];
  /** XState's state values: a text, or an object of them by region. */
  readonly states: readonly unknown[];
  /** Its chart (src/visualiser/chart), null if none was put in. */
  readonly definition: unknown;
}

/** What holds for all of a recording. */
export interface RecordingHeader {
  readonly format: 1;
  /** Program and version that recorded it. */
  readonly producer: string;
  readonly revision: string;
  readonly variant: string;
  readonly displays: number;
  /** What chance was seeded with; null if there was none. */
  readonly seed: string | null;
  /** The schedule that was executed, as the explorer writes it; null for a run on real threads. */
  readonly schedule: string | null;
  /** Nanoseconds to add to a time to have it since the epoch. */
  readonly epochNanoseconds: number;
  readonly events: readonly RecordedEvent[];
  /** Names of the kinds of messages, by number. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly machines: readonly RecordedMachine[];
  /** Which actor takes from the mailbox, by the number of the mailbox. */
  readonly mailboxes: Readonly<Record<string, string>>;
  /** Names of what samples count, in their order. */
  readonly counters: readonly string[];
}

/** A thread: of an actor, with events of its own, or of PVG's, which others' events name. */
export interface RecordedThread {
  readonly index: number;
  /** Whose it is: `bql`, `render-queue`, `background-queue`, `supervisor`, `pvg` … */
  readonly actor: string;
  /** For people. */
  readonly name: string;
  /** As the system numbers it; of PVG's, as PVG does. */
  readonly number: number;
}

/** A display's cursor from a moment on; what is not said stays as it was. */
export interface RecordedCursor {
  readonly display: number;
  readonly nanoseconds: number;
  readonly x: number;
  readonly y: number;
  readonly shown: boolean;
  /** Its image, if it is another: 0xAARRGGBB words, straight alpha. */
  readonly image?: {
    readonly width: number;
    readonly height: number;
    readonly hotX: number;
    readonly hotY: number;
    readonly pixels: readonly number[];
  };
}

/** Something that is no event of a thread's. */
export interface RecordedNote {
  readonly nanoseconds: number;
  readonly kind: 'guestError' | 'deadlock' | 'lifeCycle' | 'skipped' | 'warning' | 'trace';
  readonly text: string;
}

/** How a recording ended. */
export interface RecordingEnd {
  readonly nanoseconds: number;
  readonly reason: string;
  /** Counts of the whole run, by name. */
  readonly statistics: Readonly<Record<string, number>>;
}

/** Counters of the device that are sampled: mailboxes' depths, and what has happened so far. */
export interface RecordedSample {
  readonly nanoseconds: number;
  /** By the header's counters. */
  readonly values: readonly number[];
}

/** A rectangle of pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A picture of a display, or where it changed since the one before. */
export interface RecordedFrame {
  readonly display: number;
  readonly nanoseconds: number;
  /** Number of the guest's present. */
  readonly present: number;
  /** The display's picture. */
  readonly width: number;
  readonly height: number;
  /** True: all of the picture is in it, so that nothing from before is needed. */
  readonly isWhole: boolean;
  readonly rectangles: readonly Rectangle[];
  /** Raw deflate of the rectangles' pixels. */
  readonly deflated: Uint8Array;
}
