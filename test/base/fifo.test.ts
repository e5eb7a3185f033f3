/**
 * Queues that mostly hold one: as an array is, and the same however they came to hold what they hold.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from '../../src/base/fifo.js';

interface Item {
  readonly number: number;
}

type Step =
  | { readonly do: 'push'; readonly item: Item }
  | { readonly do: 'shift' }
  | { readonly do: 'fill'; readonly items: readonly Item[] };

const item = fc.record({ number: fc.nat(9) });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), item }),
  fc.record({ do: fc.constant('shift' as const) }),
  fc.record({ do: fc.constant('fill' as const), items: fc.array(item, { maxLength: 3 }) }),
);

it('gives what was put in, in its order, and has no trace of what passed before', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new Fifo<Item>();
      let model: Item[] = [];
      for (const each of steps) {
        if (each.do === 'push') {
          queue.push(each.item);
          model.push(each.item);
        } else if (each.do === 'shift') {
          expect(queue.shift()).toBe(model.shift() ?? null);
        } else {
          queue.fill(each.items);
          model = [...each.items];
        }
        expect([queue.length, queue.items]).toEqual([model.length, model]);
        const fresh = new Fifo<Item>();
        for (const one of model) fresh.push(one);
        expect(queue).toEqual(fresh);
      }
    }),
  );
});
