/**
 * What a page has sent, checked.
 */
import type { PageMessage } from './protocol.js';

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The message in a text; a text that says what is wrong with it if it is none. */
export function parseMessage(text: string): PageMessage | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'a message is no JSON';
  }
  if (typeof value !== 'object' || value === null) return 'a message is no object';
  const { type, token, bytes, pictures, id, method, params } = value as Readonly<Record<string, unknown>>;
  switch (type) {
    case 'hello':
      return typeof token === 'string' ? { type, token } : 'hello: expected a token';
    case 'credit':
      return isCount(bytes) ? { type, bytes } : 'credit: expected a count of bytes';
    case 'watch':
      return typeof pictures === 'boolean' ? { type, pictures } : 'watch: expected pictures to be true or false';
    case 'request':
      if (!isCount(id) || typeof method !== 'string') return 'request: expected id and method';
      return { type, id, method, params: params ?? {} };
    default:
      return `a message of type ${JSON.stringify(type)?.slice(0, 40)}: expected hello, credit, watch or request`;
  }
}
