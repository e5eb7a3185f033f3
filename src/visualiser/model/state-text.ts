/**
 * XState's state values in words.
 *
 * Invariant: whatever the value is, the text is of one line and of a bounded depth.
 */

/** Names from the outside in, joined by dots, regions beside each other by points: `rendering.single · ready`. */
export function stateText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth > 8) return '?';
  const entries = Object.entries(value);
  const [name, inner] = entries[0] ?? ['', ''];
  if (entries.length === 1) return inner === '' ? name : `${name}.${stateText(inner, depth + 1)}`;
  return entries.map(([, region]) => stateText(region, depth + 1)).join(' · ');
}
