/**
 * Where a chart's states, arrows and texts are: numbers only, in the units of an SVG.
 *
 * Invariant: boxes lie within the box of the state around them. What is not here: how they get there (elk-layout.ts), and how they look
 * (drawing.ts).
 */

/** A box: its upper left corner, width and height. */
export interface ChartBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An arrow from state to state. Transitions with the same ends share one, and its label has a line or more for each. */
export interface ChartArrow {
  /** Numbers of transitions; none for the arrow from the dot to an initial state. */
  readonly transitions: readonly number[];
  /** For the arrow from a dot: the state whose initial state it leads to. */
  readonly initialOf: number;
  /** Corners, x and y in turn. */
  readonly points: readonly number[];
  /** Null if it has nothing to say. */
  readonly label: ChartBox | null;
}

/** A chart's layout. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  /** By the number of the state. */
  readonly states: readonly ChartBox[];
  readonly arrows: readonly ChartArrow[];
}
