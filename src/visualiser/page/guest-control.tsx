/**
 * Buttons that pause, continue and reset the run's guest; there only where the server lets this page do so (`--control`).
 */
import { useSignal } from '@preact/signals';
import { describeError } from '../../base/errors.js';
import type { App } from './app.js';
import { IconButton } from './icon.js';

const ACTIONS = [
  ['guest.pause', 'Pause', 'pause'],
  ['guest.continue', 'Continue', 'play'],
  ['guest.reset', 'Reset', 'reset'],
] as const;

export function GuestControl({ app }: { readonly app: App }) {
  const isBusy = useSignal(false);
  const fault = useSignal('');
  const run = async (method: string): Promise<void> => {
    isBusy.value = true;
    fault.value = await app.request(method).then(() => '', describeError);
    isBusy.value = false;
  };
  const allowed = ACTIONS.filter(([method]) => app.can(method));
  if (allowed.length === 0) return null;
  return (
    <fieldset class="group" aria-label="Guest">
      {allowed.map(([method, title, icon]) => (
        <IconButton key={method} icon={icon} title={`${title} the guest`} disabled={isBusy.value} onClick={() => void run(method)} />
      ))}
      <span class="fault" role="alert" title={fault.value}>
        {fault.value}
      </span>
    </fieldset>
  );
}
