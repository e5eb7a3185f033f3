/**
 * The name that somebody who mistyped one has probably meant.
 */

/** How many letters have to be put in, left out or changed to make one text of the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The nearest of some names, if one is near: at most a third of its letters are wrong, or it holds what was typed. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const plain = typed.slice(0, 64).toLowerCase();
  const ranked = names
    .map((name) => ({ name, far: name.toLowerCase().includes(plain) ? 0 : distance(plain, name.toLowerCase()) / name.length }))
    .sort((a, b) => a.far - b.far);
  const [best] = ranked;
  return best !== undefined && plain.length > 1 && best.far <= 0.34 ? best.name : undefined;
}
