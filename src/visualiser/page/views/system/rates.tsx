/**
 * Rates as numbers with the last half minute as a line, and the states of the machines that live as long as the device.
 *
 * Invariant: a line's scale is a round number that the whole of it fits below, so it changes rarely, and says so beside it.
 */
import { countText } from '../../../model/system-text.js';
import { type RateView, SPARK_POINTS, type SystemView } from '../../../model/system-types.js';
import { Line } from './line.js';

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((factor) => factor * power >= value) ?? 10);
}

function Rate({ rate: { name, perSecond, series } }: { readonly rate: RateView }) {
  const known = series.flatMap((value, index) => (Number.isNaN(value) ? [] : [[index, value] as const]));
  const top = roundUp(Math.max(1, ...known.map(([, value]) => value)));
  return (
    <div class="sys-box" data-rate={name}>
      <Line kind="sys-head" text={name} end={`${countText(perSecond)}/s`} />
      <svg class="sys-spark" viewBox={`0 0 ${SPARK_POINTS - 1} 1`} preserveAspectRatio="none" aria-hidden="true">
        <polyline vector-effect="non-scaling-stroke" points={known.map(([index, value]) => `${index},${1 - value / top}`).join(' ')} />
      </svg>
      <small>{known.length === 0 ? 'no samples' : `30 s, up to ${countText(top)}/s`}</small>
    </div>
  );
}

export function Rates({ view }: { readonly view: SystemView }) {
  return (
    <section class="sys-rates" aria-label="Rates">
      {view.rates.map((rate) => (
        <Rate key={rate.name} rate={rate} />
      ))}
      <div class="sys-box">
        {view.machines
          .filter(({ machine }) => machine !== 'lock')
          .map(({ machine, instance, state }) => (
            <Line key={`${machine} ${instance}`} text={machine} end={state} />
          ))}
      </div>
    </section>
  );
}
