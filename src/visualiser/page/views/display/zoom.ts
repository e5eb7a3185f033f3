/**
 * How large the picture is shown: all of it, or so many device pixels for one of its own.
 */
export type Zoom = 'fit' | number;

export const ZOOMS: readonly Zoom[] = ['fit', 0.25, 0.5, 1, 2, 4, 8, 16];

/** From the address; what is none is `fit`. */
export function zoomOf(text: string | undefined): Zoom {
  const value = Number(text);
  return ZOOMS.includes(value) ? value : 'fit';
}
