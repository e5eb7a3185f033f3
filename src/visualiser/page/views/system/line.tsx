/**
 * A text, and what belongs to it at the end of the line.
 *
 * Invariant: of a text that is too long the whole is in its title.
 */

interface LineProps {
  readonly text: string;
  readonly end: string;
  readonly kind?: string;
}

export const Line = ({ text, end, kind = '' }: LineProps) => (
  <div class={`sys-line ${kind}`}>
    <span title={text}>{text}</span>
    <span>{end}</span>
  </div>
);
