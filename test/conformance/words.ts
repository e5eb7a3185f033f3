/**
 * Memory as little-endian 32-bit words, as guests see it.
 */

export function pokeWords(bytes: Uint8Array, offset: number, words: readonly number[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  words.forEach((word, index) => {
    view.setUint32(offset + 4 * index, word >>> 0, true);
  });
}

export function peekWord(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
