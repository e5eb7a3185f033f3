/**
 * Above the picture: which display, how large, which frame.
 */
import type { RecordedFrame } from '../../../../trace/recording/format.js';
import type { App } from '../../app.js';
import { Icon } from '../../icon.js';
import { ZOOMS, type Zoom } from './zoom.js';

interface ToolbarProps {
  readonly app: App;
  readonly displays: number;
  readonly display: number;
  readonly zoom: Zoom;
  readonly scale: number;
  readonly frames: readonly RecordedFrame[];
  readonly index: number;
  onStep(by: number): void;
  onZoom(zoom: Zoom): void;
}

export function Toolbar({ app, displays, display, zoom, scale, frames, index, onStep, onZoom }: ToolbarProps) {
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
              onClick={() => app.setParams({ display: number === 0 ? null : String(number) })}
            >
              Display {number}
            </button>
          ))}
        </fieldset>
      )}
      <label class="group">
        Size
        <select
          class="button"
          value={String(zoom)}
          onChange={({ currentTarget: { value } }) => onZoom(value === 'fit' ? 'fit' : Number(value))}
        >
          {ZOOMS.map((each) => (
            <option key={each} value={String(each)}>
              {each === 'fit' ? 'Fit' : each === 1 ? '1:1' : `${100 * each} %`}
            </option>
          ))}
        </select>
        <output class="display-scale">{(100 * scale).toFixed(0)} %</output>
      </label>
      <fieldset class="group display-frames" aria-label="Frames">
        <button
          type="button"
          class="button icon"
          title="One frame back (,)"
          aria-label="One frame back"
          disabled={index <= 0}
          onClick={() => onStep(-1)}
        >
          <Icon name="back" />
        </button>
        <input
          type="range"
          class="display-slider"
          aria-label="Frame"
          min={0}
          max={Math.max(0, frames.length - 1)}
          value={Math.max(0, index)}
          onInput={({ currentTarget: { value } }) => onStep(Number(value) - index)}
        />
        <button
          type="button"
          class="button icon"
          title="One frame on (.)"
          aria-label="One frame on"
          disabled={index >= frames.length - 1}
          onClick={() => onStep(1)}
        >
          <Icon name="on" />
        </button>
        <output class="display-count">{frames.length === 0 ? '–' : `${index + 1} of ${frames.length}`}</output>
      </fieldset>
    </div>
  );
}
