/**
 * A viewer's zlib stream: what is put in comes out at once, compressed with what went before.
 */
import { constants, createDeflate } from 'node:zlib';

/** Fast rather than small: most viewers are on the same machine or network. */
const LEVEL = 2;

export class ZlibStream {
  private readonly deflate = createDeflate({ level: LEVEL });
  private pieces: Buffer[] = [];

  constructor() {
    this.deflate.on('data', (piece: Buffer) => this.pieces.push(piece));
  }

  /** Compresses bytes, up to the end of a flush. One call at a time; `bytes` must not change until it is over. */
  compress(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const { deflate } = this;
      deflate.once('error', reject);
      deflate.write(bytes);
      deflate.flush(constants.Z_SYNC_FLUSH, () => {
        deflate.off('error', reject);
        const pieces = this.pieces;
        this.pieces = [];
        resolve(Buffer.concat(pieces));
      });
    });
  }

  close(): void {
    this.deflate.destroy();
  }
}
