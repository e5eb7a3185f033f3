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
import { Search } from './search.js';
import { Session } from './session.js';
import { States } from './states.js';
import { Story, Verdict } from './story.js';

export function ExploreView({ app }: { readonly app: App }) {
  const session = useMemo(() => new Session(app), [app]);
  useEffect(() => () => session.close(), [session]);
  useEffect(() => keys(app, session), [app, session]);
  const hasCase = session.shown.value !== null;
  return (
    <div class="explore">
      <section class="explore-left" aria-label="Search">
        <Chooser session={session} />
        <Search session={session} />
      </section>
      <section class="explore-middle" aria-label="Execution">
        <p class="explore-problem" role="alert">
          {session.problem.value}
        </p>
        {hasCase ? <Graph session={session} /> : <Verdict session={session} />}
      </section>
      <section class="explore-right" aria-label="State">
        {hasCase && <Story session={session} />}
        {hasCase && <States session={session} />}
      </section>
    </div>
  );
}

function keys(app: App, session: Session): () => void {
  const step = (places: number) => () => {
    if (session.by.peek() === null) session.select(session.at.peek() + places);
    else session.shift(places);
  };
  const end = app.keys({
    'ArrowRight ArrowDown': { text: 'next step; of a step that is moved: later', run: step(1) },
    'ArrowLeft ArrowUp': { text: 'step before; of a step that is moved: earlier', run: step(-1) },
    Home: { text: 'to the beginning', run: () => session.select(0) },
    End: { text: 'to the last step', run: () => session.select(session.shown.peek()?.run.steps.length ?? 0) },
    m: { text: 'move this step by the arrows (also Alt and an arrow)', run: () => session.shift(0) },
    Enter: { text: 'run from this step, moved or not', run: () => session.run() },
    Escape: { text: 'move nothing', run: () => session.select(session.at.peek()) },
    s: { text: 'start or stop the search', run: () => (session.isSearching ? session.stop() : session.start()) },
  });
  // The browser would go back and forth by these.
  const onKey = (event: KeyboardEvent): void => {
    const places = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || places === undefined || session.shown.peek() === null) return;
    event.preventDefault();
    session.shift(places);
  };
  addEventListener('keydown', onKey);
  return () => {
    removeEventListener('keydown', onKey);
    end();
  };
}
