/**
 * Step forward and back, move, run from here; and what came of it, in words.
 *
 * Invariant: the line of words is always there, so that rows stay where they are.
 */
import type { CaseView } from '../../../model/explore-protocol.js';
import { IconButton } from '../../icon.js';
import { toned } from './said.js';
import type { Session } from './session.js';

const MOVES = [
  ['Earlier (-)', -1, 'Have this step made earlier, and run what comes of it'],
  ['Later (+)', 1, 'Have this step made later, and run what comes of it'],
  ['Run from here (r)', 0, 'Run 200 executions that begin so and go on at random'],
] as const;

interface ToolbarProps {
  readonly session: Session;
  readonly shown: CaseView;
}

export function Toolbar({ session, shown: { run, move, said } }: ToolbarProps) {
  const at = session.at.value;
  return (
    <div class="explore-tools">
      <div class="explore-line">
        <IconButton icon="back" title="Step before" shortcut="←" disabled={at === 0} onClick={() => session.select(at - 1)} />
        <output>
          {at > run.made ? 'next' : at} / {run.made}
        </output>
        <IconButton icon="on" title="Next step" shortcut="→" disabled={at === run.steps.length} onClick={() => session.select(at + 1)} />
        {MOVES.map(([text, places, title]) => (
          <button key={text} type="button" class="button" title={title} disabled={at === 0} onClick={() => session.move(places)}>
            {text}
          </button>
        ))}
      </div>
      <p role="status" style={move ? toned(move.tone) : {}}>
        {move?.text ?? said.lines[0]}
      </p>
    </div>
  );
}
