/**
 * Slow motion: the recorded moves one by one, at a pace that one can follow.
 *
 * Invariant: the moment that all views show is the only thing that is changed. On a run that goes on, following stops with the first step, and whoever
 * follows again catches up; a player that has come to the end waits for more.
 */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { MachineChoice, MachinesModel } from '../../../model/machines.js';
import type { App } from '../../app.js';

/** Moves a second that can be chosen. */
export const PACES = [0.5, 1, 2, 5, 20, 100] as const;

export class Player {
  readonly isPlaying = signal(false);
  readonly pace: Signal<number> = signal(2);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly app: App,
    private readonly model: MachinesModel,
    private readonly choice: ReadonlySignal<MachineChoice>,
  ) {}

  /** Shows the next move, or the last one undone; false if there is none. */
  step(by: 1 | -1): boolean {
    const { store, time } = this.app;
    const choice = this.choice.peek();
    // Behind the last move that was read is where time stands still at first.
    if (time.peek() === null && by > 0) time.value = store.now;
    const move = by > 0 ? this.model.nextMove(store, choice) : this.model.lastMove(store, choice);
    if (move === null) return false;
    time.value = by > 0 ? move : move - 1;
    return true;
  }

  /** Plays from the beginning if the end is shown. */
  play(): void {
    if (this.isPlaying.peek()) return this.pause();
    this.isPlaying.value = true;
    const { app, model } = this;
    if (!app.isLive && model.nextMove(app.store, this.choice.peek()) === null) app.time.value = app.store.start - 1;
    this.goOn();
  }

  pause(): void {
    clearTimeout(this.timer);
    this.isPlaying.value = false;
  }

  private goOn(): void {
    this.step(1);
    this.timer = setTimeout(() => this.goOn(), 1000 / this.pace.peek());
  }
}
