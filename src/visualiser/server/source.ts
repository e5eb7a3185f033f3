/**
 * What a dashboard shows: a run that goes on, or a file, as pieces of one recording that are read by their numbers.
 *
 * Whoever watches has a position and reads from there, when it can take more. So nothing is kept for a viewer, however slow: what the source lets go
 * meanwhile it has missed, and is told how much. Pictures are not among the pieces of a live run: the latest one is asked for, as what
 * changed since the one that a viewer has.
 *
 * Invariant: pieces are chunks (src/trace/recording/format.ts), without the file's MAGIC. A file's may be cut anywhere, a live run's are whole. Numbers
 * of pieces only grow, and a piece doesn't change. What a piece needs of header and threads is in the preamble when it can be read.
 */

/** A picture for a viewer: one frame chunk. */
export interface SourceFrame {
  readonly chunk: Uint8Array;
  /** What to ask with for what changes from here on. */
  readonly sequence: number;
}

export interface StreamSource {
  /** A run that goes on; false: a file. */
  readonly isLive: boolean;
  /** What is shown, for people: the command, or the file's name. */
  readonly title: string;
  /**
   * What has to be known before any piece: the header, then threads as they come. It only grows, and is bounded. Of a file it is empty: all is in
   * its pieces.
   */
  readonly preamble: readonly Uint8Array[];
  /** Number of the oldest piece that is kept; `end` if there is none. Where a late viewer begins. */
  readonly first: number;
  /** Number of the next piece to come. */
  readonly end: number;
  /** Whether all has come: of a file from the start, of a run once it has ended. */
  readonly isComplete: boolean;
  /** Of a file that was cut short or is damaged: in words, what is wrong with it, when that is known; nothing comes behind it. Null: nothing is. */
  readonly missing?: string | null;
  /** The piece of that number in first..end-1; null if it is not kept (any more). Rejects if it can't be read. */
  read(number: number): Uint8Array | null | Promise<Uint8Array | null>;
  /** The time in it that it is now, in its nanoseconds; left out where nothing is ever skipped. */
  readonly now?: number;
  /** How many displays have pictures of their own, outside of the pieces; 0 of a file. */
  readonly displays: number;
  /**
   * The picture of a display as it is now, as what changed since `sequence`; the whole picture if that is -1 or not known any more; null if nothing did.
   * It may be asked for by several viewers at once, which had best not cost as many times.
   */
  frame(display: number, sequence: number): SourceFrame | null | Promise<SourceFrame | null>;
  /** Has a listener called when there is more, pieces or a picture, until what it returns is called. It may be called once for much. */
  onChange(listener: () => void): () => void;
  /** Told when the first viewer comes (true), and when the last one has gone (false): pictures need not be made for nobody. */
  watched?(isWatched: boolean): void;
}
