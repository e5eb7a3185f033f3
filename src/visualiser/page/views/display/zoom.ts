/**
 * How large the picture is shown: all of it, or so many device pixels for one of its own, as the address has it.
 */
export const ZOOMS: readonly string[] = ['fit', '0.25', '0.5', '1', '2', '4', '8'];

/** The next larger or smaller than a scale. */
export function zoomBeside(scale: number, by: 1 | -1): string {
  const sizes = by > 0 ? ZOOMS : ZOOMS.toReversed();
  return sizes.find((each) => by * Number(each) > by * scale) ?? `${scale}`;
}
