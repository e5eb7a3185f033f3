/**
 * Slow motion: the recorded moves one by one, at a pace that one can follow.
 *
 * Invariant: the moment that all views show is the only thing that is changed. On a run that goes on, following stops with the first step, and whoever
 * follows again catches up; at the end it waits for more.
 */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MachineChoice, MachinesModel } from '../../../model/machines.js';
import type { App } from '../../app.js';
import { IconButton } from '../../icon.js';

/** Moves a second that can be chosen. */
const PACES = [1, 2, 5, 20, 100];

interface SlowMotionProps {
  readonly app: App;
  readonly model: MachinesModel;
  /** Whose moves. */
  choice(): MachineChoice;
}

export function SlowMotion({ app, model, choice }: SlowMotionProps) {
  const isPlaying = useSignal(false);
  const pace = useSignal(2);
  /** Shows the next move, or the last one undone. */
  const step = (by: 1 | -1): void => {
    const { store, time } = app;
    const move = model.timeOfMove(by, choice());
    // Behind the last move that was read is where time stands still at first.
    if (move !== null) time.value = by > 0 ? move : move - 1;
    else time.value ??= store.now;
  };
  const play = (): void => {
    isPlaying.value = !isPlaying.value;
    // From the beginning, if the end is shown.
    if (isPlaying.value && !app.isLive && model.timeOfMove(1, choice()) === null) app.time.value = app.store.start - 1;
  };
  useSignalEffect(() => {
    if (!isPlaying.value) return;
    const timer = setInterval(() => step(1), 1000 / pace.value);
    return () => clearInterval(timer);
  });
  useEffect(
    () =>
      app.keys({
        ',': { text: 'one move back', run: () => step(-1) },
        '.': { text: 'one move on', run: () => step(1) },
        Space: { text: 'slow motion, or stop it', run: play },
      }),
    [app],
  );
  return (
    <fieldset class="group" aria-label="Slow motion">
      <IconButton icon="back" title="One move back" shortcut="," onClick={() => step(-1)} />
      <button type="button" class="button" title="One move after the other (Space)" aria-pressed={isPlaying.value} onClick={play}>
        Slow
      </button>
      <IconButton icon="on" title="One move on" shortcut="." onClick={() => step(1)} />
      <select
        class="button"
        aria-label="Moves a second"
        value={pace.value}
        onChange={({ currentTarget }) => {
          pace.value = Number(currentTarget.value);
        }}
      >
        {PACES.map((each) => (
          <option key={each} value={each}>{`${each}/s`}</option>
        ))}
      </select>
    </fieldset>
  );
}
