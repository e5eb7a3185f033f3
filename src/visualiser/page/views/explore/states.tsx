/**
 * The state of all processes and objects behind the step that is looked at, with what that step changed.
 *
 * Invariant: a value keeps its place whatever the step, so that eyes can rest on it.
 */
import type { CaseView, FieldInfo } from '../../../model/explore-protocol.js';
import { Text } from './text.js';
import { type Session, valuesAt } from './session.js';

interface Shown {
  readonly name: string;
  readonly value: string;
  /** What it was before; undefined: the step did not change it. */
  readonly before: string | undefined;
}

export function States({ session }: { readonly session: Session }) {
  const { run } = session.shown.value as CaseView;
  const steps = Math.min(session.at.value, run.steps.length);
  const { values, before } = valuesAt(run, steps);
  const owners = [...new Set(run.fields.map(({ owner }) => owner))];
  const fieldsOf = (owner: string): Shown[] =>
    run.fields.flatMap((field: FieldInfo, index) =>
      field.owner === owner ? [{ name: field.name, value: values[index] ?? '', before: before.get(index) }] : [],
    );
  return (
    <div class="explore-states">
      <h2>{steps === 0 ? 'At the beginning' : `Behind step ${steps}`}</h2>
      <ul class="explore-diff" aria-label="Changes">
        {[...before].map(([index, old]) => (
          <Change key={index} field={run.fields[index]} before={old} now={values[index] ?? ''} />
        ))}
      </ul>
      <table>
        <tbody>
          {run.processes.map((name, process) => (
            <Process key={name} name={name} process={process} fields={fieldsOf(name)} isMover={run.steps[steps - 1]?.process === process} />
          ))}
        </tbody>
      </table>
      {owners
        .filter((owner) => !run.processes.includes(owner) || fieldsOf(owner).some(({ name }) => !PROCESS_FIELDS.includes(name)))
        .map((owner) => (
          <Group key={owner} owner={owner} fields={fieldsOf(owner).filter(({ name }) => !PROCESS_FIELDS.includes(name))} />
        ))}
    </div>
  );
}

interface ChangeProps {
  readonly field: FieldInfo | undefined;
  readonly before: string;
  readonly now: string;
}

function Change({ field, before, now }: ChangeProps) {
  // What a process would do next stands beside it below.
  if (field === undefined || field.name === 'next') return null;
  return (
    <li>
      {field.owner} {field.name}: <Text text={`${before === '' ? 'nothing' : before} → ${now === '' ? 'nothing' : now}`} />
    </li>
  );
}

const PROCESS_FIELDS = ['stands', 'next', 'state'];

interface ProcessProps {
  readonly name: string;
  readonly process: number;
  readonly fields: readonly Shown[];
  /** It made the step. */
  readonly isMover: boolean;
}

function Process({ name, process, fields, isMover }: ProcessProps) {
  const field = (wanted: string): Shown | undefined => fields.find((each) => each.name === wanted);
  const [stands, next, state] = PROCESS_FIELDS.map(field);
  return (
    <tr class={isMover ? 'explore-mover' : ''}>
      <th scope="row" style={{ color: `var(--c${process % 8})` }}>
        {name}
      </th>
      <td>
        <Value shown={stands} /> <Value shown={next} />
        {state !== undefined && state.value !== stands?.value && (
          <div class="explore-muted">
            <Value shown={state} />
          </div>
        )}
      </td>
    </tr>
  );
}

function Group({ owner, fields }: { readonly owner: string; readonly fields: readonly Shown[] }) {
  return (
    <table>
      <caption>{owner}</caption>
      <tbody>
        {fields.map((shown) => (
          <tr key={shown.name}>
            <th scope="row">{shown.name}</th>
            <td>
              <Value shown={shown} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ shown }: { readonly shown: Shown | undefined }) {
  if (shown === undefined) return null;
  const { value, before, name } = shown;
  const tone = name === 'stands' ? ` explore-${value.replaceAll(' ', '-')}` : '';
  if (before === undefined)
    return (
      <span class={`explore-value${tone}`}>
        <Text text={value} />
      </span>
    );
  return (
    <span class={`explore-value explore-changed${tone}`} title={`before: ${before === '' ? 'nothing' : before}`}>
      <Text text={value === '' ? '—' : value} />
    </span>
  );
}
