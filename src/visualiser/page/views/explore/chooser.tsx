/**
 * What is to be run: world, revision, strategy and bounds, each with what it is.
 */
import type { Named, SearchRequest, Worlds } from '../../../model/explore-protocol.js';
import type { Session } from './session.js';

export function Chooser({ session }: { readonly session: Session }) {
  const worlds = session.worlds.value;
  const form = session.form.value;
  if (worlds === null || form === null) return null;
  const choose = (change: Partial<SearchRequest>): void => {
    session.form.value = { ...form, ...change };
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        session.search();
      }}
    >
      {choicesOf(worlds, form).map(([name, key, options]) => (
        <label key={key}>
          {name}
          <select
            class="button"
            disabled={options.length === 0}
            value={form[key]}
            onChange={({ currentTarget }) => choose({ [key]: currentTarget.value })}
          >
            {options.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </select>
          <p>{options.find((each) => each.name === form[key])?.summary ?? 'the same in every revision'}</p>
        </label>
      ))}
      <div class="explore-line">
        {NUMBERS.map(([name, key, least]) => (
          <label key={key}>
            {name}
            <input
              type="number"
              class="button"
              min={least}
              value={form[key]}
              onInput={({ currentTarget }) => choose({ [key]: Number(currentTarget.value) })}
            />
          </label>
        ))}
        <label title="Go on after a fault, and find the first of each property">
          <input type="checkbox" checked={form.keepGoing} onChange={({ currentTarget }) => choose({ keepGoing: currentTarget.checked })} />
          every property
        </label>
      </div>
      <button type="submit" class="button" disabled={worlds.refusal !== null}>
        {session.isSearching() ? 'Stop (s)' : 'Search (s)'}
      </button>
      <p>{worlds.refusal}</p>
    </form>
  );
}

const NUMBERS = [
  ['Seconds', 'seconds', 1],
  ['Seed', 'seed', 0],
] as const;

function choicesOf({ worlds, revisions, strategies }: Worlds, { world }: SearchRequest) {
  const differs = worlds.find(({ name }) => name === world)?.differs ?? true;
  return [
    ['World', 'world', worlds],
    ['Revision', 'revision', differs ? revisions : []],
    ['Strategy', 'strategy', strategies],
  ] as const satisfies readonly (readonly [string, keyof SearchRequest, readonly Named[]])[];
}
