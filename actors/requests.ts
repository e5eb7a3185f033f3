/**
 * What callers on the supervisor's thread wait for: answers by token, and updates by display.
 *
 * Invariant: every promise given out is settled once, by an answer or by rejectAll().
 */

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Halves of a value. */
export interface Answer {
  readonly value: number;
  readonly high: number;
}

export class Requests {
  private readonly answers = new Map<number, Waiter<Answer>>();
  private readonly updates = new Map<number, Waiter<void>[]>();
  private nextToken = 1;

  /** A new request: its token and its promise. */
  open(): { readonly token: number; readonly answer: Promise<Answer> } {
    const token = this.nextToken++ >>> 0;
    const answer = new Promise<Answer>((resolve, reject) => void this.answers.set(token, { resolve, reject }));
    return { token, answer };
  }

  answer(token: number, answer: Answer): void {
    const waiter = this.answers.get(token);
    this.answers.delete(token);
    waiter?.resolve(answer);
  }

  /** An update of a display. */
  openUpdate(display: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters = this.updates.get(display) ?? [];
      waiters.push({ resolve, reject });
      this.updates.set(display, waiters);
    });
  }

  /** One done answers every update of the display that was asked for until then (device.md 5). */
  updateDone(display: number): void {
    const waiters = this.updates.get(display) ?? [];
    this.updates.delete(display);
    for (const waiter of waiters) waiter.resolve();
  }

  rejectAll(error: Error): void {
    const waiters = [...this.answers.values(), ...[...this.updates.values()].flat()];
    this.answers.clear();
    this.updates.clear();
    for (const waiter of waiters) waiter.reject(error);
  }
}
