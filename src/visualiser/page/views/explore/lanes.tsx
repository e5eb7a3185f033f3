/**
 * The lanes of an execution: a line for each process, a dot for each step on the line of who made it, and a line from step to step.
 *
 * Drawn in units of which a row is 22 and a lane 14; the style sheet scales them with the text. Invariant: a dot is in the middle of its row.
 */
import type { RunView } from '../../../model/explore-protocol.js';

const ROW = 22;
const LANE = 14;
/** Units of an em: what the page's text is at its usual size. */
const EM = 13;

/** A step as it is drawn. */
export interface Mark {
  readonly process: number;
  /** It was not made. */
  readonly isPending: boolean;
  readonly isRacing: boolean;
  readonly preempts: boolean;
}

interface LanesProps {
  /** By row; null: there is none of this execution. */
  readonly marks: readonly (Mark | null)[];
  readonly processes: number;
  readonly rows: number;
  readonly isSecond?: boolean;
}

export function Lanes({ marks, processes, rows, isSecond = false }: LanesProps) {
  const x = (process: number): number => LANE * (process + 0.5);
  // The first row is the beginning.
  const y = (row: number): number => ROW * (row + 1.5);
  const [width, height] = [LANE * processes, ROW * (rows + 1)];
  const made = marks.flatMap((mark, row) => (mark === null || mark.isPending ? [] : [[x(mark.process), y(row)]]));
  const racing = marks.flatMap((mark, row) => (mark?.isRacing ? [{ x: x(mark.process), y: y(row) }] : []));
  return (
    <svg
      class={`explore-lanes${isSecond ? ' explore-second' : ''}`}
      viewBox={`0 0 ${width} ${height}`}
      style={{ width: `${width / EM}em`, height: `${height / EM}em` }}
      aria-hidden="true"
    >
      {Array.from({ length: processes }, (_, process) => (
        <line key={process} class="explore-lane" x1={x(process)} x2={x(process)} y1={ROW / 2} y2={height} />
      ))}
      <polyline class="explore-path" points={made.map((point) => point.join(',')).join(' ')} />
      {racing.length === 2 && <path class="explore-race" d={curve(racing[0], racing[1])} />}
      {marks.map((mark, row) => {
        if (mark === null) return null;
        const { process, isPending, isRacing, preempts } = mark;
        const color = `var(--c${process % 8})`;
        return (
          <g key={row}>
            {isRacing && <circle class="explore-ring" cx={x(process)} cy={y(row)} r={7} />}
            {preempts && <rect class="explore-preempts" x={x(process) - 6} y={y(row) - 6} width={12} height={12} rx={2} />}
            <circle
              cx={x(process)}
              cy={y(row)}
              r={isPending ? 3.5 : 4}
              style={{ fill: isPending ? 'var(--panel)' : color, stroke: color }}
            />
          </g>
        );
      })}
    </svg>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A bow between two steps, beside the lanes of both. */
function curve(from: Point | undefined, to: Point | undefined): string {
  if (from === undefined || to === undefined) return '';
  const bow = LANE + Math.min(3 * LANE, Math.abs(to.y - from.y) / 3);
  const side = from.x === to.x ? bow : 0;
  const middle = (from.y + to.y) / 2;
  return `M${from.x},${from.y} C${from.x + side},${middle} ${to.x + side},${middle} ${to.x},${to.y}`;
}

interface HeadProps {
  readonly run: RunView;
  readonly title: string;
  readonly tone: 'ok' | 'bad';
}

/** Whose lane is whose. */
export function LanesHead({ run: { processes, steps, preemptions }, title, tone }: HeadProps) {
  const height = 5 * ROW;
  const width = LANE * processes.length;
  return (
    <div class="explore-lanes-head">
      <svg
        viewBox={`0 0 ${width + height} ${height}`}
        style={{ width: `${(width + height) / EM}em`, height: `${height / EM}em`, marginRight: `${-height / EM}em` }}
        aria-hidden="true"
      >
        {processes.map((name, process) => (
          <text
            key={name}
            transform={`translate(${LANE * (process + 0.75)},${height - 3}) rotate(-50)`}
            style={{ fill: `var(--c${process % 8})` }}
          >
            {name.length > 15 ? `${name.slice(0, 14)}…` : name}
          </text>
        ))}
      </svg>
      <p class={`explore-title explore-${tone}`}>
        <strong>{title}</strong>
        <span>
          {steps.length} {steps.length === 1 ? 'step' : 'steps'}, {preemptions} {preemptions === 1 ? 'preemption' : 'preemptions'}
        </span>
      </p>
    </div>
  );
}
