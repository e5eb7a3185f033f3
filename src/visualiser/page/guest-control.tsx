/**
 * Buttons that pause, continue and reset the run's guest; there only where the server lets this page do so (`--control`).
 */
import { useSignal } from '@preact/signals';
import type { App } from './app.js';
import { Icon } from './icon.js';

const ACTIONS = [
  ['guest.pause', 'Pause', 'pause'],
  ['guest.continue', 'Continue', 'play'],
  ['guest.reset', 'Reset', 'reset'],
] as const;

export function GuestControl({ app }: { readonly app: App }) {
  const running = useSignal<string | null>(null);
  const fault = useSignal('');
  const run = async (method: string): Promise<void> => {
    running.value = method;
    fault.value = '';
    try {
      await app.request(method);
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
    running.value = null;
  };
  const allowed = ACTIONS.filter(([method]) => app.can(method));
  if (allowed.length === 0) return null;
  return (
    <fieldset class="group" aria-label="Guest">
      {allowed.map(([method, title, sign]) => (
        <button
          key={method}
          type="button"
          class="button icon"
          title={`${title} the guest`}
          aria-label={`${title} the guest`}
          disabled={running.value !== null}
          onClick={() => void run(method)}
        >
          <Icon name={sign} />
        </button>
      ))}
      {fault.value !== '' && (
        <span class="fault" role="alert" title={fault.value}>
          {fault.value}
        </span>
      )}
    </fieldset>
  );
}
