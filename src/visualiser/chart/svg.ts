/**
 * Charts as SVG files that stand alone: no scripts, no fonts, nothing fetched.
 *
 * Invariant: whatever names a machine has, the file is well-formed; characters that XML can't have are left out.
 */
import { draw, type Drawn, drawn, inWords } from './drawing.js';
import type { ChartLayout } from './layout.js';
import { type ChartModel, ChartError } from './model.js';
import { type ChartTheme, chartStyle } from './theme.js';
import { escapeXml } from './xml.js';

const MARGIN = 12;

export function serialize({ tag, attributes, children }: Drawn): string {
  const named = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`);
  if (children.length === 0) return `<${tag}${named.join('')}/>`;
  const inner = children.map((child) => (typeof child === 'string' ? escapeXml(child) : serialize(child)));
  return `<${tag}${named.join('')}>${inner.join('')}</${tag}>`;
}

function layoutOf({ name, layout }: ChartModel): ChartLayout {
  if (layout === undefined) throw new ChartError(`${name} has no layout`);
  return layout;
}

/** One picture of some charts that are laid out, one below the other. */
export function toSvg(charts: readonly ChartModel[], theme: ChartTheme): string {
  let y = MARGIN;
  const placed = charts.map((chart) => {
    const layout = layoutOf(chart);
    const at = y;
    y += layout.height + MARGIN;
    return drawn('g', { transform: `translate(${MARGIN} ${at})` }, draw(chart, layout));
  });
  const width = Math.ceil(Math.max(0, ...charts.map((chart) => layoutOf(chart).width)) + 2 * MARGIN);
  const height = Math.ceil(y);
  const root = drawn(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' },
    drawn('title', {}, charts.map(({ name }) => name).join(', ')),
    drawn('desc', {}, charts.map(inWords).join('. ')),
    drawn('style', {}, chartStyle(theme)),
    drawn('rect', { class: 'page', width, height }),
    ...placed,
  );
  // A line for each element of the picture, so that a change to a chart is a small change to the file.
  return `${serialize(root).replace(/(<g |<\/svg>)/g, '\n$1')}\n`;
}
