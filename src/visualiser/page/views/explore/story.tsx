/**
 * What was found, in words; and of a search that found nothing wrong, what that is worth.
 */
import { useSignal } from '@preact/signals';
import type { CaseView } from '../../../model/explore-protocol.js';
import { grouped } from './search.js';
import type { Session } from './session.js';
import { Text } from './text.js';

export function Story({ session }: { readonly session: Session }) {
  const { world, failure, words, command, run, cycleFrom } = session.shown.value as CaseView;
  return (
    <div class="explore-story">
      <h2 class={failure === null && cycleFrom === null ? 'explore-ok' : 'explore-bad'}>
        {world} {failure === null ? (cycleFrom === null ? 'passes' : 'goes on for ever') : `breaks “${failure.property}”`}
      </h2>
      {failure !== null && <p>{failure.message}</p>}
      <ul>
        {words.map((line) => (
          <li key={line}>
            <Text text={line} />
          </li>
        ))}
      </ul>
      {run.divergences.length > 0 && (
        <details>
          <summary>{run.divergences.length} departures from the text it was run from</summary>
          <ul>
            {run.divergences.map(({ at, text }, index) => (
              <li key={index}>
                behind step {at}: <Text text={text} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <Copy text={command} title="Copy the command that replays it in a terminal" />
    </div>
  );
}

function Copy({ text, title }: { readonly text: string; readonly title: string }) {
  const isDone = useSignal(false);
  return (
    <p class="explore-command">
      <code title={text}>{text}</code>
      <button
        type="button"
        class="button"
        title={title}
        onClick={() => {
          navigator.clipboard?.writeText(text).then(
            () => {
              isDone.value = true;
            },
            () => undefined,
          );
        }}
      >
        {isDone.value ? 'copied' : 'copy'}
      </button>
    </p>
  );
}

const VERDICTS = {
  proved: ['Proved', 'nothing can fail in this world'],
  bounded: ['No fault within a bound', 'what needs more can still fail'],
  sampled: ['No fault in a sample', 'a fault that is likely enough would have shown'],
  fault: ['A fault was found', ''],
} as const;

/** In place of an execution, when there is none. */
export function Verdict({ session }: { readonly session: Session }) {
  const status = session.status.value;
  const { verdict = null, phase = 'none' } = status ?? {};
  if (status === null || verdict === null || phase === 'searching') {
    return (
      <div class="explore-verdict">
        <h2>{phase === 'searching' ? 'Searching …' : 'Run a world in every order'}</h2>
        <p class="explore-muted">
          {phase === 'searching'
            ? 'Every order of steps that the strategy thinks of is tried, until a property breaks.'
            : 'Choose a world and a strategy. What breaks is shown step by step, beside the nearest execution that passes; steps can be moved, and the rest run anew.'}
        </p>
      </div>
    );
  }
  const [title, meaning] = VERDICTS[verdict];
  return (
    <div class="explore-verdict">
      <h2 class={verdict === 'proved' ? 'explore-ok' : verdict === 'fault' ? 'explore-bad' : 'explore-warn'}>{title}</h2>
      <p>
        <strong>{status.world}</strong>: {verdict === 'fault' ? status.faults.map(({ message }) => message).join('; ') : meaning}
      </p>
      <ul>
        {status.coverage.map((line) => (
          <li key={line}>
            <Text text={line} />
          </li>
        ))}
      </ul>
      <p class="explore-muted">
        {grouped(status.executions)} executions, {grouped(status.steps)} steps
        {status.states === null ? '' : `, ${grouped(status.states)} states`} in {status.seconds.toFixed(1)} s
      </p>
    </div>
  );
}
