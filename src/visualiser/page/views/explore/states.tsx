/**
 * The state of all processes and objects behind the step that is looked at, with what that step changed.
 *
 * Invariant: a value keeps its place whatever the step, so that eyes can rest on it.
 */
import type { RunView } from '../../../model/explore-protocol.js';
import { colored } from './lanes.js';

export function States({ run, at }: { readonly run: RunView; readonly at: number }) {
  const step = Math.min(at, run.made);
  const now = valuesAt(run, step);
  const before = valuesAt(run, step - 1);
  return (
    <div class="explore-states">
      <h2>{step === 0 ? 'At the beginning' : `Behind step ${step}`}</h2>
      <ul aria-label="Changes">
        {run.fields.map(
          (name, field) =>
            name &&
            now[field] !== before[field] && (
              <li key={field}>
                {name}: {before[field] || 'nothing'} › {now[field] || 'nothing'}
              </li>
            ),
        )}
      </ul>
      {run.state.map(([title, rows], group) => (
        <table key={title}>
          <caption>{title}</caption>
          <tbody>
            {rows.map(([name, fields], process) => (
              <tr key={name}>
                <th
                  scope="row"
                  style={group === 0 ? colored(process) : {}}
                  class={group === 0 && run.steps[step - 1]?.process === process ? 'explore-mover' : ''}
                >
                  {name}
                </th>
                <td>
                  {fields.map((field) => (
                    <span key={field} class={now[field] === before[field] ? '' : 'explore-changed'} data-value={now[field]}>
                      {now[field]}
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}

/** Values of a run's fields after so many steps. */
function valuesAt({ first, changes }: RunView, steps: number): readonly string[] {
  const values = [...first];
  for (const changed of changes.slice(0, Math.max(0, steps))) for (const [field, value] of changed) values[field] = value;
  return values;
}
