/**
 * Rates as numbers with the last half minute as a line, and the states of the machines that live as long as the device.
 *
 * Invariant: a line's scale is a round number that the whole of it fits below, so it changes rarely, and says so beside it.
 */
import { countText } from '../../../model/system-text.js';
import { type RateView, SPARK_POINTS, type SystemView } from '../../../model/system-types.js';

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

/** The points of a line of 100 by 30, as an SVG path; gaps where nothing is known. */
export function sparkPath(series: readonly number[], top: number): string {
  let path = '';
  let isOpen = false;
  series.forEach((value, index) => {
    if (Number.isNaN(value)) {
      isOpen = false;
      return;
    }
    const x = (100 * index) / (SPARK_POINTS - 1);
    const y = 29 - 28 * Math.min(1, value / top);
    path += `${isOpen ? 'L' : 'M'}${x.toFixed(2)} ${y.toFixed(2)}`;
    isOpen = true;
  });
  return path;
}

function Rate({ rate: { name, text, perSecond, series } }: { readonly rate: RateView }) {
  const top = roundUp(Math.max(0, ...series.filter((value) => !Number.isNaN(value))));
  return (
    <div class="sys-rate" data-rate={name}>
      <div class="sys-rate-text">
        <span>{text}</span>
        <strong class="sys-rate-number">{countText(perSecond)}/s</strong>
      </div>
      <svg
        class="sys-spark"
        viewBox="0 0 100 30"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${text}: ${countText(perSecond)} a second`}
      >
        <path d="M0 29.5H100" class="sys-floor" vector-effect="non-scaling-stroke" />
        <path d={sparkPath(series, top)} class="sys-line" vector-effect="non-scaling-stroke" />
      </svg>
      <div class="sys-rate-scale">{series.length === 0 ? 'no samples' : `30 s, up to ${countText(top)}/s`}</div>
    </div>
  );
}

export function Rates({ view }: { readonly view: SystemView }) {
  return (
    <section class="sys-rates" aria-label="Rates">
      {view.rates.map((rate) => (
        <Rate key={rate.name} rate={rate} />
      ))}
      <div class="sys-machines">
        {view.machines
          .filter(({ machine }) => machine !== 'lock')
          .slice(0, 5)
          .map(({ machine, instance, state }) => (
            <div key={`${machine} ${instance}`} title={state}>
              <span>{machine}</span>
              <strong>{state}</strong>
            </div>
          ))}
        {view.machines.length === 0 && (
          <div>
            <span>life cycle</span>
            <strong>{view.lifeCycle === '' ? '–' : view.lifeCycle}</strong>
          </div>
        )}
      </div>
    </section>
  );
}
