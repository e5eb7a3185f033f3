/**
 * The Explore view: runs a world, and shows what was found: step by step, beside the nearest execution that passes.
 *
 * Invariant: everything can be done by keys, and nothing changes its place while a search goes on.
 */
import { useEffect, useMemo } from 'preact/hooks';
import type { App } from '../../app.js';
import { Chooser } from './chooser.js';
import './explore.css';
import { Graph } from './graph.js';
import { SaidText, Story } from './said.js';
import { Search } from './search.js';
import { openSession } from './session.js';
import { States } from './states.js';
import { Toolbar } from './toolbar.js';

export function ExploreView({ app }: { readonly app: App }) {
  const session = useMemo(() => openSession(app), [app]);
  const { select, move, search } = session;
  useEffect(() => session.close, [session]);
  useEffect(
    () =>
      app.keys({
        'ArrowRight ArrowDown': { text: 'next step', run: () => select(session.at.peek() + 1) },
        'ArrowLeft ArrowUp': { text: 'step before', run: () => select(session.at.peek() - 1) },
        Home: { text: 'to the beginning', run: () => select(0) },
        End: { text: 'to the last step', run: () => select(session.shown.peek()?.run.made ?? 0) },
        '-': { text: 'have this step made earlier', run: () => move(-1) },
        '+ =': { text: 'have this step made later', run: () => move(1) },
        r: { text: 'run from here at random', run: () => move(0) },
        s: { text: 'start or stop the search', run: search },
      }),
    [app, session],
  );
  const shown = session.shown.value;
  const at = session.at.value;
  const said = session.status.value?.said;
  return (
    <div class="explore">
      <section aria-label="Search">
        <Chooser session={session} />
        <Search session={session} />
      </section>
      <section aria-label="Execution">
        <p role="alert">{session.problem.value}</p>
        {shown !== null ? (
          <>
            <Toolbar session={session} shown={shown} />
            <Graph shown={shown} at={at} select={select} />
          </>
        ) : (
          <div class="explore-verdict">{said && <SaidText {...said} />}</div>
        )}
      </section>
      <section aria-label="State">
        {shown !== null && (
          <>
            <Story {...shown} />
            <States run={shown.run} at={at} />
          </>
        )}
      </section>
    </div>
  );
}
