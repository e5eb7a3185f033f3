/**
 * Warnings in words, each with why it matters and the way to the moment when it happened last.
 *
 * Invariant: the worst come first, and within that a warning keeps its place once it is there.
 */
import { momentText } from '../../../model/system-text.js';
import type { SystemView } from '../../../model/system-types.js';
import type { Thresholds, WarningView } from '../../../model/system-warnings.js';
import type { App } from '../../app.js';
import { NumberField } from '../../number-field.js';

const MARKS = { bad: '×', warn: '!', note: 'i' } as const;

interface WarningsProps {
  readonly app: App;
  readonly view: SystemView;
  readonly thresholds: Thresholds;
  /** Whether all that has come was read. */
  readonly isRead: boolean;
}

export function Warnings({ app, view: { start, warnings }, thresholds, isRead }: WarningsProps) {
  return (
    <section class="sys-box sys-warnings" aria-label="Warnings">
      <header>
        <strong>Warnings</strong>
        <span>{isRead ? warnings.length : 'reading …'}</span>
        <Threshold app={app} name="bql" text="BQL held over" nanoseconds={thresholds.bqlHeld} />
        <Threshold app={app} name="bh" text="bottom half waits over" nanoseconds={thresholds.bottomHalfStarved} />
      </header>
      <ul>
        {warnings.map((warning) => (
          <Warning key={warning.key} app={app} warning={warning} start={start} />
        ))}
      </ul>
      {warnings.length === 0 && <p>None: nothing was held, waited or lost longer than it may.</p>}
    </section>
  );
}

interface WarningProps {
  readonly app: App;
  readonly warning: WarningView;
  readonly start: number;
}

function Warning({ app, warning: { kind, last, now, severity, text, why }, start }: WarningProps) {
  const look = (view: string): void => {
    app.time.value = last;
    if (view !== '') app.go(view);
  };
  return (
    <li data-warning={kind} data-now={now === null ? undefined : 'yes'}>
      <span class={`sys-mark ${severity}`} role="img" aria-label={severity}>
        {MARKS[severity]}
      </span>
      <span class="sys-words" title={text}>
        {text} <small>{why}</small>
      </span>
      <button type="button" class="button" title="Look at that moment" onClick={() => look('')}>
        {momentText(last, start)}
      </button>
      <button type="button" class="button" title="Look at that moment in the timeline" onClick={() => look('timeline')}>
        timeline
      </button>
    </li>
  );
}

interface ThresholdProps {
  readonly app: App;
  /** Its parameter in the address, in milliseconds. */
  readonly name: string;
  readonly text: string;
  readonly nanoseconds: number;
}

const Threshold = ({ app, name, text, nanoseconds }: ThresholdProps) => (
  <NumberField
    class="sys-threshold"
    label={text}
    unit="ms"
    shown={String(nanoseconds / 1e6)}
    range={{ min: 0.1, max: 10_000, step: 0.1 }}
    onDone={(value) => app.setParams({ [name]: value })}
  />
);
