/**
 * Pieces of a line with what they mean, as text of a given width, with or without colours.
 *
 * Invariant: without colours there is no escape sequence in it, whatever the text says.
 */

export type Tone = 'plain' | 'strong' | 'dim' | 'busy' | 'waiting' | 'warn' | 'bad';
export type Piece = readonly [tone: Tone, text: string];

/** Select graphic rendition; colours of the terminal's own palette, which fit its background. */
const CODES: Readonly<Record<Tone, string>> = { plain: '', strong: '1', dim: '2', busy: '34', waiting: '33', warn: '33', bad: '31' };

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** One line, cut at the width. */
export function paint(pieces: readonly Piece[], width: number, colours: boolean): string {
  let left = width;
  let line = '';
  for (const [tone, text] of pieces) {
    const shown = [...text.replace(CONTROLS, ' ')].slice(0, left).join('');
    left -= [...shown].length;
    const code = CODES[tone];
    line += colours && code !== '' && shown !== '' ? `\u001b[${code}m${shown}\u001b[0m` : shown;
  }
  return colours ? line : line.trimEnd();
}
