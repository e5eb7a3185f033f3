/**
 * Whose and which access a message is of: told by what it carries as its value, and by the mailbox of whoever is answered.
 */

/** Handle of the first processor's reply mailbox; the others' follow. */
export const FIRST_REPLIES = 10;

const TAG_BITS = 4;

/** What an access carries as its value, so that PVG's side can tell whose and which it is. */
export function tagOf(vcpu: number, index: number): number {
  return ((vcpu + 1) << TAG_BITS) | (index + 1);
}

/** Whose and which access has such words; vCPU -1: none of a guest's. */
export function identify(words: readonly number[]): { readonly vcpu: number; readonly index: number } {
  const tag = words[4] ?? 0;
  return { vcpu: (tag >> TAG_BITS) - 1, index: (tag & ((1 << TAG_BITS) - 1)) - 1 };
}
