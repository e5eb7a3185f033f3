/**
 * Orders to a guest on another thread: run, stop, rest, rest until it is to begin anew.
 *
 * Shared: cell 0 is the order (written by who owns the guest), cell 1 the order in which the guest rests, 0 while it runs (written by the guest).
 * Invariant: a guest rests between two frames only, so nothing of its is in the device then; whatever the order is, stop ends it.
 */
const ORDER = 0;
const RESTING = 1;

/** Run is 0, so that new memory says it. */
export const GuestOrder = { run: 0, stop: 1, rest: 2, restart: 3 } as const;
export type GuestOrderName = keyof typeof GuestOrder;

export class GuestOrders {
  private readonly cells: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.cells = new Int32Array(memory);
  }

  /** The owner's: gives an order. None follows stop. */
  give(name: GuestOrderName): void {
    const { cells } = this;
    // Only one thread gives orders, so nothing comes between the look and the store.
    if (Atomics.load(cells, ORDER) === GuestOrder.stop) return;
    Atomics.store(cells, ORDER, GuestOrder[name]);
    Atomics.notify(cells, ORDER);
  }

  /** The owner's: whether the guest rests as it was ordered. */
  get isResting(): boolean {
    return Atomics.load(this.cells, RESTING) === Atomics.load(this.cells, ORDER);
  }

  /** The guest's, before each frame: rests as long as that is the order; then whether the guest is to end. */
  shouldEnd(): boolean {
    this.restWhile(GuestOrder.rest);
    return Atomics.load(this.cells, ORDER) !== GuestOrder.run;
  }

  /** The guest's, when it has ended: whether it is to begin anew, once what is to be done before that is done. */
  shouldRestart(): boolean {
    if (Atomics.load(this.cells, ORDER) !== GuestOrder.restart) return false;
    this.restWhile(GuestOrder.restart);
    return Atomics.load(this.cells, ORDER) !== GuestOrder.stop;
  }

  private restWhile(order: number): void {
    const { cells } = this;
    while (Atomics.load(cells, ORDER) === order) {
      Atomics.store(cells, RESTING, order);
      Atomics.wait(cells, ORDER, order);
    }
    Atomics.store(cells, RESTING, 0);
  }
}
