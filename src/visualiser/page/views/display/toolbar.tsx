/**
 * Above the picture: which display, how large, which frame.
 */
import type { App } from '../../app.js';
import { IconButton } from '../../icon.js';
import { ZOOMS } from './zoom.js';

interface ToolbarProps {
  readonly app: App;
  readonly displays: number;
  readonly display: number;
  readonly zoom: string;
  /** How many frames there are, and the one that is shown; -1: none. */
  readonly count: number;
  readonly index: number;
  onStep(by: number): void;
  onZoom(zoom: string): void;
}

export function Toolbar({ app, displays, display, zoom, count, index, onStep, onZoom }: ToolbarProps) {
  return (
    <div class="display-tools">
      {displays > 1 && (
        <fieldset class="group" aria-label="Display">
          {Array.from({ length: displays }, (_, number) => (
            <button
              key={number}
              type="button"
              class="button"
              aria-pressed={number === display}
              onClick={() => app.setParams({ display: `${number}` })}
            >
              Display {number}
            </button>
          ))}
        </fieldset>
      )}
      <label class="group">
        Size
        <select class="button" value={zoom} onChange={({ currentTarget: { value } }) => onZoom(value)}>
          {ZOOMS.map((each) => (
            <option key={each} value={each}>
              {each === 'fit' ? 'Fit' : `${100 * Number(each)} %`}
            </option>
          ))}
        </select>
      </label>
      <fieldset class="group display-frames" aria-label="Frames">
        <IconButton icon="back" title="One frame back" shortcut="," disabled={index <= 0} onClick={() => onStep(-1)} />
        <input
          type="range"
          class="display-slider"
          aria-label="Frame"
          max={Math.max(0, count - 1)}
          value={index}
          onInput={({ currentTarget: { value } }) => onStep(Number(value) - index)}
        />
        <IconButton icon="on" title="One frame on" shortcut="." disabled={index >= count - 1} onClick={() => onStep(1)} />
        <output class="display-count">{count > 0 && `${index + 1} of ${count}`}</output>
      </fieldset>
    </div>
  );
}
