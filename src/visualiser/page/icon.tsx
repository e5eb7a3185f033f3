/**
 * The page's icons, drawn here, since no font has them everywhere, and buttons that have nothing else.
 *
 * Invariant: a picture says nothing to who can't see it: what it stands in has a text or a label.
 */
const PATHS = {
  back: 'M10.5 3v10L4 8z',
  on: 'M5.5 3v10L12 8z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  play: 'M4 2.5v11L13 8z',
  reset: 'M8 2.5a5.5 5.5 0 1 0 5.5 5.5h-2A3.5 3.5 0 1 1 8 4.5V7l4-3.5L8 0z',
  theme: 'M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1M8 3a5 5 0 0 1 0 10',
} as const;

interface IconButtonProps {
  readonly icon: keyof typeof PATHS;
  readonly title: string;
  /** The key that does the same. */
  readonly shortcut?: string;
  readonly disabled?: boolean;
  onClick(): void;
}

export function IconButton({ icon, title, shortcut, disabled, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      class="button icon"
      title={shortcut === undefined ? title : `${title} (${shortcut})`}
      aria-label={title}
      disabled={disabled}
      onClick={onClick}
    >
      <svg class="icon-picture" viewBox="0 0 16 16" aria-hidden="true">
        <path d={PATHS[icon]} />
      </svg>
    </button>
  );
}
