/**
 * Who may talk to the dashboard: the token, the `Host` and the `Origin` that a browser says, and what it is told not to do.
 *
 * A page of anybody's can make the browser of who looks at it talk to this machine. It can't do so with our Origin, which the browser says; by a
 * name of its own that it has made point here (DNS rebinding) it has our Origin, but then Host is that name. And it doesn't know the token.
 *
 * Invariant: pure; nothing here answers or closes anything.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** A token that nobody guesses. */
export const makeToken = (): string => randomBytes(24).toString('base64url');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether it is the token, in a time that doesn't say how much of it was right. */
export function isToken(token: string, said: string): boolean {
  return timingSafeEqual(digest(token), digest(said));
}

/** The name in `HOST:PORT`; null if it is none. */
function nameOf(authority: string): string | null {
  const [, name = null] = /^(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/.exec(authority) ?? [];
  return name === null ? null : name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

/** Whether a request with that `Host` may be meant for us: by an address, as localhost, or by the name that we were told to listen on. */
export function isOurHost(host: string | undefined, listensOn: string): boolean {
  const name = nameOf(host ?? '');
  return name !== null && (isIP(name) !== 0 || name === 'localhost' || name === listensOn.toLowerCase());
}

/** Whether a request may come from that `Origin`: what is no page's, the page that the same server has sent, or one that was allowed. */
export function isOurOrigin(origin: string | undefined, host: string | undefined, allowed: readonly string[] = []): boolean {
  return origin === undefined || origin === `http://${host}` || allowed.includes(origin);
}

/** Headers of every answer. `host` was found to be ours. */
export function safetyHeaders(host: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    `connect-src 'self' ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  };
}
