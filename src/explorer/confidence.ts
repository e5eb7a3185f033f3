/**
 * What executions without a fault are worth: the sentences of a coverage that is sampled.
 *
 * Invariant: each sentence is true whatever the world is; figures are rounded to the side on which they stay true. It says nothing of
 * executions that were not made independently of each other.
 */

const CONFIDENCE = 0.99;

/** 12 345 as people write it. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** The smallest probability, for each execution, of a fault that so many executions find with 99 % confidence; two digits, rounded up. */
export function findable(executions: number): number {
  if (executions <= 0) return 1;
  const exact = -Math.expm1(Math.log1p(-CONFIDENCE) / executions);
  const unit = 10 ** (Math.floor(Math.log10(exact)) - 1);
  const rounded = Number((Math.ceil(exact / unit) * unit).toPrecision(2));
  return Math.min(rounded, 1);
}

/** `by`: how the executions were chosen. */
export function sampledConfidence(executions: number, by: string): string {
  if (executions === 0) return `no execution by ${by}`;
  const head = `${grouped(executions)} ${executions === 1 ? 'execution' : 'executions'} by ${by}`;
  return `${head}: a fault that each has with probability ≥ ${decimal(findable(executions))} would have been found with 99 % confidence`;
}

/** A small number without an exponent. */
export function decimal(value: number): string {
  if (value >= 1e-6 || value === 0) return String(value);
  return value.toFixed(Math.min(20, 1 - Math.floor(Math.log10(value)))).replace(/0+$/, '');
}

/** How likely one of so many executions is to find what each finds with that probability: a percentage, rounded down. */
export function atLeast(probability: number, executions: number): string {
  const all = -Math.expm1(executions * Math.log1p(-probability));
  return `${Math.min(99.99, Math.floor(all * 10_000) / 100)} %`;
}
