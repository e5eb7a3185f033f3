/**
 * A canvas that is drawn anew when what it shows has changed.
 *
 * Invariant: it is drawn once a picture of the page, however much has changed.
 */
import { effect, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Has `draw` called when a signal has changed, or the canvas's size. Neither of the two may be others later. */
export function useCanvas(
  signals: readonly ReadonlySignal<unknown>[],
  draw: (canvas: HTMLCanvasElement) => void,
): RefObject<HTMLCanvasElement | null> {
  const reference = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const { current: canvas } = reference;
    if (canvas === null) return;
    let isWaiting = false;
    const request = (): void => {
      if (!isWaiting)
        requestAnimationFrame(() => {
          isWaiting = false;
          draw(canvas);
        });
      isWaiting = true;
    };
    const observer = new ResizeObserver(request);
    observer.observe(canvas);
    const stop = effect(() => {
      for (const each of signals) each.value;
      request();
    });
    return () => {
      observer.disconnect();
      stop();
    };
  }, []);
  return reference;
}
