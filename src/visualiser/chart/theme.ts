/**
 * How charts look: the rules of a stand-alone SVG, for light and dark pages.
 *
 * Invariant: every colour is a variable, so that a page with variables of its own needs no other drawing. No font is loaded: texts are in
 * whatever the system has, and label.ts leaves room for the wide ones.
 */

/** Which colours a chart has: those of light or dark pages, or what whoever looks at it prefers. */
export type ChartTheme = 'light' | 'dark' | 'auto';

/** The themes' names. */
export const CHART_THEMES: readonly ChartTheme[] = ['auto', 'light', 'dark'];

const LIGHT =
  '--chart-page:#ffffff;--chart-machine:#f6f8fa;--chart-inside:#ffffff;--chart-box:#ffffff;--chart-line:#8c959f;--chart-arrow:#57606a;--chart-text:#1f2328;--chart-event:#0a53a8;--chart-guard:#7d4e00;--chart-action:#57606a';
const DARK =
  '--chart-page:#0d1117;--chart-machine:#151b23;--chart-inside:#1a212b;--chart-box:#212a36;--chart-line:#6e7681;--chart-arrow:#9ba5b0;--chart-text:#e6edf3;--chart-event:#79b8ff;--chart-guard:#e3b341;--chart-action:#a5b0bb';

const RULES = `
.page{fill:var(--chart-page)}
.state .box{fill:var(--chart-box);stroke:var(--chart-line);stroke-width:1.3}
.compound>.box,.parallel>.box{fill:var(--chart-inside)}
.machine>.box{fill:var(--chart-machine);stroke:var(--chart-line);stroke-width:1}
.region>.box{stroke-dasharray:5 4}
.final>.inner{fill:none;stroke:var(--chart-line);stroke-width:1.3}
.rule{fill:none;stroke:var(--chart-line);stroke-width:.8;opacity:.6}
.name{fill:var(--chart-text);font:600 13px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.machine>.name{font-weight:700}
.line{fill:none;stroke:var(--chart-arrow);stroke-width:1.3}
.head,.dot{fill:var(--chart-arrow);stroke:none}
.label{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:var(--chart-text)}
.event{fill:var(--chart-event)}
.guard{fill:var(--chart-guard)}
.action{fill:var(--chart-action)}
`.trim();

/** The style of a stand-alone chart. */
export function chartStyle(theme: ChartTheme): string {
  const variables = theme === 'dark' ? `:root{${DARK};color-scheme:dark}` : `:root{${LIGHT}}`;
  const preferred = theme === 'auto' ? `\n@media (prefers-color-scheme:dark){:root{${DARK}}}` : '';
  return `${variables}${preferred}\n${RULES}`;
}
