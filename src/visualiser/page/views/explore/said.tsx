/**
 * What there is to say of a search, or of an execution.
 */
import type { CaseView, Said, Tone } from '../../../model/explore-protocol.js';

/** The colour of a tone. */
export const toned = (tone: Tone) => ({ color: `var(--${tone})` });

export function SaidText({ tone, title, lines }: Said) {
  return (
    <>
      <h2 style={toned(tone)}>{title}</h2>
      <List lines={lines} />
    </>
  );
}

function List({ lines }: Pick<Said, 'lines'>) {
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

export function Story({ said, departures, command }: CaseView) {
  return (
    <div class="explore-story">
      <SaidText {...said} />
      {departures.length > 0 && (
        <details>
          <summary>{departures.length} departures from the text it was run from</summary>
          <List lines={departures} />
        </details>
      )}
      <code title="The command that replays it in a terminal">{command}</code>
    </div>
  );
}
