/**
 * Warnings in words, each with why it matters and the way to the moment when it happened last.
 *
 * Invariant: the worst come first, and within that a warning keeps its place once it is there.
 */
import { momentText } from '../../../model/system-text.js';
import type { SystemView } from '../../../model/system-types.js';
import type { WarningView } from '../../../model/system-warnings.js';
import { type Thresholds, WHY, warningText } from '../../../model/system-words.js';
import type { App } from '../../app.js';

const MARKS = { bad: '×', warn: '!', note: 'i' } as const;

interface WarningsProps {
  readonly app: App;
  readonly view: SystemView;
  readonly thresholds: Thresholds;
  /** Whether all that has come was read. */
  readonly isRead: boolean;
}

export function Warnings({ app, view, thresholds, isRead }: WarningsProps) {
  const { warnings } = view;
  return (
    <section class="sys-warnings" aria-label="Warnings">
      <header class="sys-warnings-head">
        <h2>Warnings</h2>
        <span class="muted">{isRead ? `${warnings.length}` : 'reading …'}</span>
        <Threshold app={app} name="bql" text="BQL held over" value={thresholds.bqlHeld} />
        <Threshold app={app} name="bh" text="bottom half waits over" value={thresholds.bottomHalfWaited} />
      </header>
      <ul class="sys-list">
        {warnings.map((warning) => (
          <Warning key={warning.key} app={app} warning={warning} thresholds={thresholds} start={view.start} />
        ))}
      </ul>
      {warnings.length === 0 && <p class="sys-none">None: nothing was held, waited or lost longer than it may.</p>}
    </section>
  );
}

interface WarningProps {
  readonly app: App;
  readonly warning: WarningView;
  readonly thresholds: Thresholds;
  readonly start: number;
}

function Warning({ app, warning, thresholds, start }: WarningProps) {
  const { kind, last, now, severity } = warning;
  const text = warningText(warning, thresholds);
  const [first = '', ...more] = text.split('\n');
  const look = (): void => {
    app.time.value = last;
  };
  const lookCloser = (): void => {
    look();
    app.go('timeline');
  };
  return (
    <li class={`sys-warning ${severity}`} data-warning={kind} data-now={Number.isNaN(now) ? undefined : 'yes'}>
      <span class="sys-mark-text" role="img" aria-label={severity}>
        {MARKS[severity]}
      </span>
      <span class="sys-words" title={more.length === 0 ? WHY[kind] : text}>
        {first}
        <span class="sys-why"> {WHY[kind]}</span>
      </span>
      {Number.isNaN(last) ? (
        <span />
      ) : (
        <button type="button" class="button sys-moment" title="Look at that moment" onClick={look}>
          {momentText(last, start)}
        </button>
      )}
      {Number.isNaN(last) ? (
        <span />
      ) : (
        <button type="button" class="button sys-moment" title="Look at that moment in the timeline" onClick={lookCloser}>
          timeline
        </button>
      )}
    </li>
  );
}

/** A threshold in milliseconds, which stands in the address. */
function Threshold({
  app,
  name,
  text,
  value,
}: {
  readonly app: App;
  readonly name: string;
  readonly text: string;
  readonly value: number;
}) {
  return (
    <label class="sys-threshold">
      {text}
      <input
        type="number"
        min={0.1}
        max={10_000}
        step={0.1}
        value={value / 1e6}
        onChange={(event) => app.setParams({ [name]: event.currentTarget.value })}
      />
      ms
    </label>
  );
}
