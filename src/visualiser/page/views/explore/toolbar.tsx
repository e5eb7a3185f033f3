/**
 * Step forward and back, move, run from here; what came of it, in words.
 *
 * Invariant: the line of words is always there, so that rows stay where they are.
 */
import { grouped } from './search.js';
import { Icon, Text } from './text.js';
import type { Outcome, Session } from './session.js';

export function Toolbar({ session }: { readonly session: Session }) {
  const shown = session.shown.value;
  const { run } = shown ?? {};
  const at = session.at.value;
  const by = session.by.value;
  const last = run?.steps.length ?? 0;
  const place = at > last ? 'next' : `${at}`;
  return (
    <div class="explore-tools">
      <div class="explore-buttons">
        <Tool icon="M2 1v8M9 1L4 5l5 4z" title="Beginning (Home)" run={() => session.select(0)} isOff={at === 0} />
        <Tool icon="M8 1L3 5l5 4z" title="Step before (←)" run={() => session.select(at - 1)} isOff={at === 0} />
        <output class="explore-place">
          {place} / {last}
        </output>
        <Tool icon="M2 1l5 4-5 4z" title="Next step (→)" run={() => session.select(at + 1)} isOff={at >= session.steps.value.length} />
        <Tool icon="M8 1v8M1 1l5 4-5 4z" title="Last step (End)" run={() => session.select(last)} isOff={at === last} />
        <span class="explore-gap" />
        <Tool
          icon="M5 9V1M2 4l3-3 3 3"
          text="earlier"
          title="Move this step earlier (m, then ←)"
          run={() => session.shift(-1)}
          isOff={at === 0}
        />
        <Tool
          icon="M5 1v8M2 6l3 3 3-3"
          text="later"
          title="Move this step later (m, then →)"
          run={() => session.shift(1)}
          isOff={at === 0}
        />
        <Tool
          text="Run from here"
          title="Run from this step, moved or not (Enter)"
          run={() => session.run()}
          isOff={at === 0}
          isOn={by !== null}
        />
      </div>
      <p class="explore-said" role="status">
        {by !== null ? (
          movingText(by)
        ) : session.outcome.value !== null ? (
          <Came outcome={session.outcome.value} />
        ) : (
          <Text text={shown?.failure?.message ?? shown?.words[0] ?? ''} />
        )}
      </p>
    </div>
  );
}

interface ToolProps {
  readonly text?: string;
  readonly icon?: string;
  readonly title: string;
  readonly isOff: boolean;
  readonly isOn?: boolean;
  run(): void;
}

function Tool({ text = '', icon, title, isOff, isOn = false, run }: ToolProps) {
  return (
    <button type="button" class="button" title={title} disabled={isOff} aria-pressed={isOn} aria-label={title} onClick={run}>
      {icon !== undefined && <Icon path={icon} />} {text}
    </button>
  );
}

function movingText(by: number): string {
  if (by === 0) return 'move it by the arrows; Enter runs from there, Escape leaves it';
  const places = `${Math.abs(by)} ${Math.abs(by) === 1 ? 'place' : 'places'}`;
  return `${places} ${by < 0 ? 'earlier' : 'later'}; Enter runs from there, Escape leaves it`;
}

const TONES: Readonly<Record<Outcome['outcome'], 'ok' | 'bad' | 'warn'>> = {
  same: 'bad',
  other: 'bad',
  fails: 'bad',
  passes: 'ok',
  nothing: 'warn',
};

function Came({ outcome: { outcome, said, beyond } }: { readonly outcome: Outcome }) {
  const broken = beyond?.broken.map(({ property, executions }) => `${grouped(executions)} break "${property}"`).join(', ');
  return (
    <>
      <strong class={`explore-${TONES[outcome]}`}>{said}</strong>
      {beyond && `; of ${grouped(beyond.executions)} that begin so and go on at random, ${broken === '' ? 'none fails' : broken}`}
    </>
  );
}
