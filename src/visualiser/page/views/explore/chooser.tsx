/**
 * What is to be run: world, revision, strategy and bounds, each with what it is.
 */
import type { Named } from '../../../model/explore-protocol.js';
import type { Session } from './session.js';

export function Chooser({ session }: { readonly session: Session }) {
  const worlds = session.worlds.value;
  const form = session.form.value;
  if (worlds === null) return <p class="explore-muted">…</p>;
  const world = worlds.worlds.find(({ name }) => name === form.world);
  const revisions = worlds.revisions.filter(({ name }) => world?.revisions.includes(name));
  const { isSearching } = session;
  const cannot = worlds.refusal !== null;
  const samples = worlds.strategies.find(({ name }) => name === form.strategy)?.samples ?? false;
  return (
    <form
      class="explore-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isSearching) session.stop();
        else session.start();
      }}
    >
      <Choice name="World" options={worlds.worlds} value={form.world} onChoose={(name) => session.choose({ world: name })} />
      <Choice
        name="Revision"
        options={revisions}
        value={form.revision}
        none="the same in every revision"
        onChoose={(name) => session.choose({ revision: name })}
      />
      <Choice name="Strategy" options={worlds.strategies} value={form.strategy} onChoose={(name) => session.choose({ strategy: name })} />
      <div class="explore-bounds">
        <Amount name="Seconds" value={form.seconds} most={worlds.limits.seconds} onChange={(seconds) => session.choose({ seconds })} />
        <Amount name="Seed" value={form.seed} most={2 ** 31 - 1} disabled={!samples} onChange={(seed) => session.choose({ seed })} />
        <label class="explore-check" title="Go on after a fault, and find the first of each property">
          <input
            type="checkbox"
            checked={form.keepGoing}
            onChange={(event) => session.choose({ keepGoing: event.currentTarget.checked })}
          />
          every property
        </label>
      </div>
      <button type="submit" class="button explore-start" disabled={cannot}>
        {isSearching ? 'Stop (s)' : 'Search (s)'}
      </button>
      {cannot && <p class="explore-muted">{worlds.refusal}</p>}
    </form>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly options: readonly Named[];
  readonly value: string;
  readonly none?: string;
  onChoose(name: string): void;
}

function Choice({ name, options, value, none = '', onChoose }: ChoiceProps) {
  const chosen = options.find((each) => each.name === value);
  return (
    <label class="explore-choice">
      <span>{name}</span>
      <select disabled={options.length === 0} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map((each) => (
          <option key={each.name} value={each.name} selected={each.name === value}>
            {each.name}
          </option>
        ))}
        {options.length === 0 && <option value={value}>—</option>}
      </select>
      <span class="explore-summary">{options.length === 0 ? none : chosen?.summary}</span>
    </label>
  );
}

interface AmountProps {
  readonly name: string;
  readonly value: number;
  readonly most: number;
  readonly disabled?: boolean;
  onChange(value: number): void;
}

function Amount({ name, value, most, disabled = false, onChange }: AmountProps) {
  return (
    <label class="explore-amount">
      <span>{name}</span>
      <input
        type="number"
        min={1}
        max={most}
        value={value}
        disabled={disabled}
        onChange={(event) => {
          const typed = Math.round(Number(event.currentTarget.value));
          onChange(Math.max(1, Math.min(most, Number.isNaN(typed) ? 1 : typed)));
        }}
      />
    </label>
  );
}
