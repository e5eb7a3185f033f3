/**
 * A chart in the page: drawn once, and then marked.
 *
 * Invariant: whatever a recording or another program says becomes text or a number here, never markup. Marks are attributes that change colours
 * (machines.css), so that a browser lays nothing out when they change.
 */
import { h, type RefObject, type VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { draw, type Drawn } from '../../../chart/drawing.js';
import type { ChartLayout } from '../../../chart/layout.js';
import type { ChartModel } from '../../../chart/model.js';

/** The scale at which a chart's small print is still read. */
const READABLE = 0.75;

/** An element, and in a state's the place of its count. */
function nodeOf({ tag, attributes, children }: Drawn, layout: ChartLayout): VNode {
  const box = layout.states[Number(attributes['data-state'] ?? -1)];
  const isWithin = /compound|parallel/.test(String(attributes.class));
  return h(
    tag,
    attributes,
    children.map((child) => (typeof child === 'string' ? child : nodeOf(child, layout))),
    box && <text class="badge" x={box.x + box.width - 12} y={box.y + (isWithin ? 19 : -4)} />,
  );
}

interface ChartProps {
  readonly chart: ChartModel;
  readonly label: string;
  readonly picture: RefObject<SVGSVGElement | null>;
}

/** A chart, if it is laid out. What is in `picture` may be marked by others, since it is never made anew. */
export function Chart({ chart, label, picture }: ChartProps) {
  const { layout } = chart;
  const nodes = useMemo(() => layout && nodeOf(draw(chart, layout), layout), [chart]);
  if (layout === undefined) return <p class="waiting">The recording has no chart of it.</p>;
  const [width, height] = [layout.width + 12, layout.height + 16];
  return (
    <div class="machines-chart">
      <svg
        ref={picture}
        viewBox={`-6 -10 ${width} ${height}`}
        role="img"
        aria-label={label}
        // Smaller than that nobody could read it; a stage scrolls instead.
        style={{ '--least-width': `${READABLE * width}px`, '--least-height': `${READABLE * height}px` }}
      >
        {nodes}
      </svg>
    </div>
  );
}

/** The states of a chart that is drawn, by their numbers. */
export const statesIn = (picture: Element | null): readonly SVGElement[] => [...(picture?.querySelectorAll<SVGElement>('.state') ?? [])];
