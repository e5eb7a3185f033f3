/**
 * A field for a number, with its label, in a view that is drawn anew while somebody types.
 *
 * Invariant: what is typed stays until it is done with; another value from elsewhere takes its place.
 */
import { useEffect, useRef } from 'preact/hooks';

interface NumberFieldProps {
  readonly class: string;
  readonly label: string;
  readonly unit?: string;
  /** As it is shown. */
  readonly shown: string;
  readonly range: { readonly min: number; readonly max?: number; readonly step?: number };
  onDone(text: string): void;
}

export function NumberField({ label, unit, shown, range, onDone, ...more }: NumberFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current !== null) input.current.value = shown;
  }, [shown]);
  return (
    <label {...more}>
      {label}
      <input ref={input} type="number" {...range} onChange={({ currentTarget }) => onDone(currentTarget.value)} />
      {unit}
    </label>
  );
}
