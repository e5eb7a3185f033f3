/**
 * What goes over the page's WebSocket beside the recording's chunks: the JSON messages of both sides, and their bounds.
 *
 * Binary messages, from the server only, are pieces of one recording (src/trace/recording/format.ts) in their order, from its header on, without the
 * file's MAGIC. Text messages are JSON. The page speaks first, with `hello`, and gets nothing until it has said the right token.
 *
 * Invariant: the server sends a piece only while the page has given more credit than it was sent, so a page that stalls costs nothing.
 */

/** What a page may send, by `type`. */
export type PageMessage =
  | { readonly type: 'hello'; readonly token: string }
  /** It has dealt with so many bytes of pieces, and can take as many more. */
  | { readonly type: 'credit'; readonly bytes: number }
  /** Whether it shows the displays' pictures now: else it gets a few a second, as thumbnails. Not, until it says so. */
  | { readonly type: 'watch'; readonly pictures: boolean }
  | { readonly type: 'request'; readonly id: number; readonly method: string; readonly params: unknown };

/** What a server may send, by `type`. */
export type ServerMessage =
  | Welcome
  | { readonly type: 'response'; readonly id: number; readonly result: unknown }
  | { readonly type: 'response'; readonly id: number; readonly error: string }
  /** To who has requested `subscribe` with that topic. `missed`: how many before were dropped, since the page took none. */
  | { readonly type: 'event'; readonly topic: string; readonly value: unknown; readonly missed?: number }
  /** All of a file has been sent, or of a run that has ended. `missing`: what is wrong with a file that was cut short or is damaged, in words. */
  | { readonly type: 'complete'; readonly missing: string | null };

export interface Welcome {
  readonly type: 'welcome';
  /** Whether methods may be called that change something. */
  readonly isControl: boolean;
  /** A run that goes on, or a file. */
  readonly isLive: boolean;
  /** What is shown: the command, or the file's name. */
  readonly title: string;
  /** Methods that this page may call. */
  readonly methods: readonly string[];
}

/** Close codes of the server's. */
export const WRONG_TOKEN = 4401;
export const BAD_MESSAGE = 4400;
export const TOO_MANY = 4429;
/** The run has ended, or its file is not shown any more. */
export const ENDED = 4410;

/** Bytes of pieces that a page may be sent before it has given credit. */
export const FIRST_CREDIT = 4 * 2 ** 20;
