/**
 * The page's icons, drawn here, since no font has them everywhere.
 *
 * Invariant: they say nothing to who can't see them: what they stand in has a text or a label.
 */
const PATHS = {
  back: 'M10.5 3v10L4 8z',
  on: 'M5.5 3v10L12 8z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  play: 'M4 2.5v11L13 8z',
  reset: 'M8 2.5a5.5 5.5 0 1 0 5.5 5.5h-2A3.5 3.5 0 1 1 8 4.5V7l4-3.5L8 0z',
  moon: 'M6.2 1.8a6.3 6.3 0 1 0 8 8A5.2 5.2 0 0 1 6.2 1.8z',
  sun: 'M8 4.8a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4zM7.3 0h1.4v3H7.3zM7.3 13h1.4v3H7.3zM0 7.3h3v1.4H0zM13 7.3h3v1.4h-3zM2 3l1-1 2 2-1 1zM11 12l1-1 2 2-1 1zM13 2l1 1-2 2-1-1zM4 11l1 1-2 2-1-1z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon-picture" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
