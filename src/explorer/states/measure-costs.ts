/**
 * The largest of each cost over the ends of executions that a search of states comes to: one way to each end, so not always the dearest.
 */
import type { Execution } from '../execution.js';

export function measureCosts({ builder }: Execution, costs: Map<string, number>): void {
  for (const { name, measure } of builder.costs) costs.set(name, Math.max(costs.get(name) ?? Number.NEGATIVE_INFINITY, measure()));
}
