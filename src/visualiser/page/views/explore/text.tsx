/**
 * Texts of worlds, with arrows drawn: not every system's fonts have them.
 */
import type { JSX } from 'preact';

const ARROW = /[→⇒]/;

/** A text as it is read. */
export function Text({ text }: { readonly text: string }): JSX.Element {
  const pieces = text.split(ARROW);
  return (
    <>
      {pieces.map((piece, place) => (
        <>
          {place > 0 && <Icon path="M0 5h8M5 2l3 3-3 3" label="to" />}
          {piece}
        </>
      ))}
    </>
  );
}

interface IconProps {
  /** In a square of 10 units. */
  readonly path: string;
  readonly label?: string;
}

/** A small drawing as high as the text. */
export function Icon({ path, label = '' }: IconProps): JSX.Element {
  return (
    <svg class="explore-icon" viewBox="0 0 10 10" role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
