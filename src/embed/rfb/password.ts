/**
 * The VNC password: a challenge that the client encrypts with it (RFC 6143 7.2.2).
 *
 * It keeps out who doesn't know it, and no more: its eight bytes can be guessed by who listens, and nothing else of the connection is encrypted.
 */
import { createCipheriv, randomBytes, timingSafeEqual } from 'node:crypto';
import { CHALLENGE_BYTES, PASSWORD_BYTES } from './protocol.js';

/** A challenge that nobody has been given before. */
export function newChallenge(): Buffer {
  return randomBytes(CHALLENGE_BYTES);
}

/** Whether an answer to a challenge shows the password. */
export function isAnswer(challenge: Buffer, password: string, answer: Buffer): boolean {
  const key = Buffer.alloc(PASSWORD_BYTES);
  Buffer.from(password, 'utf8').copy(key);
  for (let index = 0; index < key.length; index++) key[index] = mirrored(key[index] ?? 0);
  // Three times the same key is plain DES, which OpenSSL no longer has by that name.
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  const expected = Buffer.concat([cipher.update(challenge), cipher.final()]);
  return answer.length === expected.length && timingSafeEqual(answer, expected);
}

/** The first VNC server took the bits of a key in the other order. */
function mirrored(byte: number): number {
  let result = 0;
  for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) result |= 0x80 >> bit;
  return result;
}
