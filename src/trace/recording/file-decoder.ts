/**
 * Finds the chunks of a file, which begins with MAGIC.
 */
import { RecordingError } from '../../base/errors.js';
import { ChunkDecoder } from './decoder.js';
import { type Chunk, MAGIC } from './format.js';

const VERSION_AT = MAGIC.length - 1;

export class FileDecoder extends ChunkDecoder {
  private head = new Uint8Array(0);

  override get pending(): number {
    return super.pending + (this.head.length < MAGIC.length ? this.head.length : 0);
  }

  override *push(bytes: Uint8Array): Generator<Chunk> {
    const lacking = MAGIC.length - this.head.length;
    if (lacking === 0) return yield* super.push(bytes);
    this.head = Uint8Array.of(...this.head, ...bytes.subarray(0, lacking));
    const wrong = this.head.findIndex((byte, index) => byte !== MAGIC[index]);
    if (wrong === VERSION_AT)
      throw new RecordingError(`it has version ${this.head[VERSION_AT]}, expected ${MAGIC[VERSION_AT]}: a newer apple-gfx made it`);
    if (wrong >= 0) throw new RecordingError('it is none: it does not begin with AGFXREC');
    if (this.head.length < MAGIC.length) return;
    this.taken = MAGIC.length;
    yield* super.push(bytes.subarray(lacking));
  }
}
