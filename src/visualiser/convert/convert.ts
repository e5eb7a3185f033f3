/**
 * A recording in the formats of other tools.
 *
 * Invariant: what is given back is the file, piece by piece, whatever the recording says; a piece is made when it is asked for. It runs in a page as well:
 * how pictures are inflated is handed in.
 */
import { unreachable } from '../../base/errors.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { SpanModel } from '../model/spans.js';
import { ChromeWriter } from './chrome.js';
import { PerfettoWriter } from './perfetto.js';
import { writeQemuLog } from './qemu-log.js';
import { ShivizWriter } from './shiviz.js';
import { writeSimpletrace } from './simpletrace.js';
import { type Inflate, Thumbnails } from './thumbnails.js';

/** In the order in which they are told of. */
export const TRACE_FORMATS_OUT = ['perfetto', 'chrome', 'shiviz', 'qemu-log', 'simpletrace'] as const;
export type TraceFormat = (typeof TRACE_FORMATS_OUT)[number];

/** Events of a thread that are converted at most; of more, the older are missing, which LossReport says. */
export const CONVERTED_EVENTS = 32_000_000;
const CONVERTED_SPANS = 64_000_000;

/** Converts a recording. `onDamaged` is told at the end how many frames could not be read, if there are any. */
export function* convertTrace(
  store: TraceStore,
  format: TraceFormat,
  { inflate, onDamaged }: { readonly inflate: Inflate; readonly onDamaged: (frames: number) => void },
): Generator<Uint8Array> {
  switch (format) {
    case 'qemu-log':
      return yield* writeQemuLog(store);
    case 'simpletrace':
      return yield* writeSimpletrace(store);
    case 'shiviz':
      return yield* new ShivizWriter(store).write();
    case 'perfetto':
    case 'chrome': {
      const model = new SpanModel({ spans: CONVERTED_SPANS, arrows: CONVERTED_SPANS });
      model.update(store);
      const thumbnails = new Thumbnails(inflate);
      const source = { store, model };
      yield* format === 'perfetto' ? new PerfettoWriter(source, thumbnails).write() : new ChromeWriter(source, thumbnails).write();
      if (thumbnails.damaged > 0) onDamaged(thumbnails.damaged);
      return;
    }
    default:
      unreachable(format);
  }
}
