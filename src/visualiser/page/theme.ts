/**
 * Light or dark: what the system has, or what was chosen here, which is remembered.
 *
 * Invariant: the colours themselves are in shell.css, by the attribute that is set here.
 */
import { type Signal, effect, signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const KEY = 'apple-gfx theme';

/** What is remembered; a browser may refuse to remember anything. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it holds until the page is closed.
  }
}

export function createTheme(): { readonly theme: Signal<Theme>; toggle(): void } {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const systemTheme = (): Theme => (system.matches ? 'dark' : 'light');
  const kept = remembered(KEY);
  const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : systemTheme());
  let isChosen = theme.peek() === kept;
  system.addEventListener('change', () => {
    if (!isChosen) theme.value = systemTheme();
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
  return {
    theme,
    toggle() {
      isChosen = true;
      theme.value = theme.peek() === 'dark' ? 'light' : 'dark';
      remember(KEY, theme.peek());
    },
  };
}
